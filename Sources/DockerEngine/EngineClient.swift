internal import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import NIOFoundationCompat
internal import NIOHTTP1
internal import Raft
internal import Synchronization

/// HTTP over the engine's unix socket: requests with a deadline, answers in JSON, streams.
package final class EngineClient: Sendable {
  /// The version whose answers this driver knows: that of Docker 20.10. A newer engine that no longer speaks it is
  /// asked in the oldest version it does speak; what is read here has not changed since.
  private static let preferredVersion = EngineVersion(major: 1, minor: 41)
  private static let oldestVersion = EngineVersion(major: 1, minor: 40)
  private static let maximumAnswerBytes = 64 << 20

  let socket: String
  private let http: HTTPClient
  /// Agreed with the engine that answered last.
  private let version = Mutex<EngineVersion?>(nil)

  init(socket: String) {
    self.socket = socket
    var configuration = HTTPClient.Configuration()
    configuration.timeout.connect = .seconds(1)
    configuration.decompression = .disabled
    // A request fails at once when the engine is away; who asks decides when to try again.
    configuration.connectionPool.retryConnectionEstablishment = false
    // Streams of events and logs and waits for stopping containers hold a connection each.
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 512
    http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }

  func shutdown() async throws { try await http.shutdown() }

  /// After the engine was away it may come back as another version.
  func forgetVersion() { version.withLock { $0 = nil } }

  /// Sends a request and waits for the whole answer, whatever its status.
  package func send(_ request: EngineRequest) async throws -> EngineAnswer {
    try await withDeadline(request.timeout, what: request.what) {
      let response = try await self.execute(request)
      let body = try await self.translated { try await response.body.collect(upTo: Self.maximumAnswerBytes) }
      return EngineAnswer(request: request, status: Int(response.status.code), body: body)
    }
  }

  /// Sends a request and answers as soon as the body begins; only the beginning has the request's deadline.
  /// - Throws: an error for every status but success.
  func stream(_ request: EngineRequest) async throws -> HTTPClientResponse.Body {
    let response = try await withDeadline(request.timeout, what: request.what) {
      try await self.execute(request)
    }
    if (200..<300).contains(response.status.code) { return response.body }
    let body = try await translated { try await response.body.collect(upTo: 1 << 20) }
    throw EngineAnswer(request: request, status: Int(response.status.code), body: body).refusal
  }

  /// Turns what the HTTP client throws into words about the engine.
  func translated<Value>(_ operation: () async throws -> Value) async throws -> Value {
    do { return try await operation() } catch { throw explain(error) }
  }

  private func execute(_ request: EngineRequest) async throws -> HTTPClientResponse {
    let version = try await agreedVersion()
    return try await translated { try await self.execute(request, prefix: "/v\(version)") }
  }

  private func execute(_ request: EngineRequest, prefix: String) async throws -> HTTPClientResponse {
    var http = HTTPClientRequest(url: "http+unix://\(percentEncoded(socket))\(prefix)\(request.target)")
    http.method = HTTPMethod(rawValue: request.method.rawValue)
    http.headers.add(name: "Host", value: "docker")
    if let body = request.body {
      http.headers.add(name: "Content-Type", value: request.contentType)
      http.body = .bytes(ByteBuffer(bytes: body))
    }
    for header in request.headers { http.headers.add(name: header.name, value: header.value) }
    return try await self.http.execute(http, deadline: .distantFuture)
  }

  private func agreedVersion() async throws -> EngineVersion {
    if let version = version.withLock({ $0 }) { return version }
    let request = EngineRequest(.get, "/version", what: "ask for its version")
    let response = try await translated { try await self.execute(request, prefix: "") }
    let body = try await translated { try await response.body.collect(upTo: 1 << 20) }
    let answer = EngineAnswer(request: request, status: Int(response.status.code), body: body)
    let offered = try answer.decode(VersionAnswer.self)
    guard let newest = EngineVersion(offered.newest), newest >= Self.oldestVersion else {
      throw DockerError.unsupportedVersion(offered.newest)
    }
    let oldest = offered.oldest.flatMap { EngineVersion($0) } ?? Self.oldestVersion
    let agreed = max(oldest, min(newest, Self.preferredVersion))
    version.withLock { $0 = agreed }
    return agreed
  }

  private func explain(_ error: any Error) -> any Error {
    switch error {
    case is DockerError, is CancellationError: return error
    case let error as IOError where error.errnoCode == ENOENT: return DockerError.socketMissing(path: socket)
    case let error as IOError where error.errnoCode == EACCES || error.errnoCode == EPERM:
      return DockerError.permissionDenied(path: socket)
    case let error as IOError where error.errnoCode == ECONNREFUSED:
      return DockerError.unavailable(path: socket, reason: "connection refused")
    case let error as HTTPClientError where error == .cancelled: return CancellationError()
    case let error as HTTPClientError:
      return DockerError.unavailable(path: socket, reason: error.shortDescription)
    default: return DockerError.unavailable(path: socket, reason: "\(error)")
    }
  }
}

/// A version of the engine's interface, such as 1.41.
struct EngineVersion: Comparable, CustomStringConvertible, Sendable {
  var major: Int
  var minor: Int

  var description: String { "\(major).\(minor)" }

  static func < (left: EngineVersion, right: EngineVersion) -> Bool {
    (left.major, left.minor) < (right.major, right.minor)
  }
}

extension EngineVersion {
  init?(_ text: String) {
    let parts = text.split(separator: ".").map { Int($0) }
    guard parts.count == 2, let major = parts[0], let minor = parts[1] else { return nil }
    self.init(major: major, minor: minor)
  }
}
