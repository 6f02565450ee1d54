import AsyncHTTPClient
import Glibc
public import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// Asks the cluster's managers on behalf of an operator.
///
/// Any manager will do: it tries one after the other, with little patience first, so that a zone that is away
/// costs a fraction of a second. An intent carries the same request identity to each of them, so that it is
/// applied once, whichever takes it.
public final class OperatorClient: Sendable {
  public struct Configuration: Sendable {
    /// The cluster's identity; managers prove that they belong to it.
    public var cluster: String
    /// In the order in which they are tried.
    public var managers: [Manager]
    /// Certificates and key in PEM.
    public var authorityPEM: String
    public var certificatePEM: String
    public var keyPEM: String
    /// How long to wait for a manager's connection: in the first round through all of them, and in further
    /// rounds through those that did not answer. A zone that is cut must not cost seconds, and a slow machine
    /// must not fail.
    public var connectTimeouts: [TimeAmount] = [.milliseconds(300), .seconds(3)]

    public init(
      cluster: String, managers: [Manager], authorityPEM: String, certificatePEM: String, keyPEM: String
    ) {
      self.cluster = cluster
      self.managers = managers
      self.authorityPEM = authorityPEM
      self.certificatePEM = certificatePEM
      self.keyPEM = keyPEM
    }
  }

  /// Where a manager is reached.
  public struct Manager: Hashable, Sendable {
    public var name: String
    public var zone: String
    /// An IP address.
    public var address: String
    public var port: Int

    public init(name: String, zone: String, address: String, port: Int) {
      self.name = name
      self.zone = zone
      self.address = address
      self.port = port
    }

    var endpoint: String { address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)" }
  }

  public let managers: [Manager]
  private let cluster: String
  /// One for each of the configuration's time-outs.
  private let clients: [HTTPClient]
  /// Guards the manager that answered last, tried first next time.
  private let favourite: Mutex<String?>

  /// A manager without a quorum gives a proposal up sooner than this.
  private static let patience = TimeAmount.seconds(8)
  /// Streams carry something every few seconds.
  private static let silence = TimeAmount.seconds(10)
  private static let maximumAnswerBytes = 64 << 20

  /// - Parameter manager: the name of the manager to begin with; nil for the first.
  /// - Throws: `ClientError.badCredentials`.
  public init(_ configuration: Configuration, beginningWith manager: String? = nil) throws(ClientError) {
    cluster = configuration.cluster
    managers = configuration.managers
    favourite = Mutex(manager)
    do {
      let tls = try Self.tls(configuration)
      clients = configuration.connectTimeouts.map {
        HTTPClient(configuration: Self.http(configuration, tls, connect: $0))
      }
    } catch {
      throw .badCredentials(reason: "\(error)")
    }
  }

  /// Ends all connections, and returns when they have ended; a peer that does not take leave costs seconds.
  public func shutdown() async {
    for client in clients { try? await client.shutdown() }
  }

  deinit {
    // Whoever lets go of the client has no time to wait, and an error says at most that it was shut down.
    for client in clients { client.shutdown { _ in } }
  }

  private static func tls(_ configuration: Configuration) throws -> TLSConfiguration {
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.minimumTLSVersion = .tlsv13
    tls.trustRoots = .certificates(
      try NIOSSLCertificate.fromPEMBytes(Array(configuration.authorityPEM.utf8)))
    tls.certificateChain = try NIOSSLCertificate.fromPEMBytes(Array(configuration.certificatePEM.utf8))
      .map { .certificate($0) }
    tls.privateKey = .privateKey(
      try NIOSSLPrivateKey(bytes: Array(configuration.keyPEM.utf8), format: .pem))
    return tls
  }

  private static func http(
    _ configuration: Configuration, _ tls: TLSConfiguration, connect: TimeAmount
  ) -> HTTPClient.Configuration {
    var http = HTTPClient.Configuration(
      tlsConfiguration: tls, redirectConfiguration: .disallow,
      timeout: .init(connect: connect, read: silence))
    http.httpVersion = .http1Only
    http.connectionPool.retryConnectionEstablishment = false
    // A manager proves who it is by the name, or the address, in its certificate: one cannot pass for another.
    for manager in configuration.managers {
      http.dnsOverride[name(of: manager, in: configuration.cluster)] = manager.address
    }
    return http
  }

  private static func name(of manager: Manager, in cluster: String) -> String {
    "\(manager.name).\(cluster).tercet"
  }
}

// MARK: Asking one manager after the other

extension OperatorClient {
  /// A question in HTTP.
  struct Question: Sendable {
    var path: String
    var body: ByteBuffer?

    init(_ path: String, body: ByteBuffer? = nil) {
      self.path = path
      self.body = body
    }
  }

  /// The managers, the one that answered last first.
  private var inOrder: [Manager] {
    let favourite = favourite.withLock { $0 }
    guard let place = managers.firstIndex(where: { $0.name == favourite }) else { return managers }
    return [managers[place]] + managers[..<place] + managers[(place + 1)...]
  }

  /// The first answer that settles the question: any but one that another manager might better.
  func ask(_ question: Question) async throws(ClientError) -> ByteBuffer {
    var attempts: [ClientError.Attempt] = []
    var left = inOrder
    for client in clients {
      attempts.removeAll { attempt in left.contains { $0.name == attempt.manager } }
      var unreached: [Manager] = []
      for manager in left {
        switch await answer(of: manager, to: question, by: client) {
        case .settled(let bytes):
          favourite.withLock { $0 = manager.name }
          return bytes
        case .rejected(let error): throw error
        case .unable(let reason, let code): attempts.append(.init(manager, reason, code))
        case .unreached(let reason):
          attempts.append(.init(manager, reason))
          unreached.append(manager)
        }
      }
      left = unreached
    }
    throw .fruitless(attempts)
  }

  private enum Answer {
    case settled(ByteBuffer)
    /// No other manager would say otherwise.
    case rejected(ClientError)
    /// It was reached and cannot do it now.
    case unable(String, FailureCode?)
    case unreached(String)
  }

  private func answer(of manager: Manager, to question: Question, by client: HTTPClient) async -> Answer {
    do {
      let response = try await client.execute(request(question, to: manager), timeout: Self.patience)
      let body = try await response.body.collect(upTo: Self.maximumAnswerBytes)
      return Self.answer(response.status, body)
    } catch {
      let reason = Self.reason(error, at: manager)
      return Self.neverConnected(error) ? .unreached(reason) : .unable(reason, nil)
    }
  }

  /// Only then is more patience worth a second try.
  private static func neverConnected(_ error: any Error) -> Bool {
    let timeouts: [HTTPClientError] = [.connectTimeout, .tlsHandshakeTimeout, .getConnectionFromPoolTimeout]
    return error is NIOConnectionError || (error as? HTTPClientError).map(timeouts.contains) == true
  }

  private static func answer(_ status: HTTPResponseStatus, _ body: ByteBuffer) -> Answer {
    switch status.code {
    case 200..<300, 409: return .settled(body)
    case 400..<500:
      let failure = failure(in: body)
      return .rejected(
        .rejected(failure?.code ?? .badRequest, message: failure?.message ?? "it answers \(status.code)"))
    default:
      let failure = failure(in: body)
      return .unable(failure?.message ?? "it answers \(status.code)", failure?.code)
    }
  }

  private static func failure(in body: ByteBuffer) -> FailureDocument.Failure? {
    (try? JSON.decode(FailureDocument.self, from: body))?.error
  }

  private func request(_ question: Question, to manager: Manager) -> HTTPClientRequest {
    let name = Self.name(of: manager, in: cluster)
    var request = HTTPClientRequest(url: "https://\(name):\(manager.port)\(question.path)")
    if let body = question.body {
      request.method = .POST
      request.headers.add(name: "content-type", value: "application/json")
      request.body = .bytes(body)
    }
    return request
  }

  /// In words: the library's own are for programmers.
  private static func reason(_ error: any Error, at manager: Manager) -> String {
    switch error {
    case let error as HTTPClientError: reason(error)
    case let error as NIOConnectionError:
      error.connectionErrors.first.map { reason($0.error, at: manager) }
        ?? "it cannot be reached at \(manager.endpoint)"
    case let error as IOError where error.errnoCode == ECONNREFUSED:
      "it refused the connection at \(manager.endpoint); does tercetd run there?"
    case is IOError: "it cannot be reached at \(manager.endpoint): \(ConnectionTrouble.words(for: error))"
    default: ConnectionTrouble.words(for: error)
    }
  }

  private static func reason(_ error: HTTPClientError) -> String {
    switch error {
    case .connectTimeout, .tlsHandshakeTimeout, .getConnectionFromPoolTimeout: "it does not answer"
    case .readTimeout, .deadlineExceeded: "it did not answer in time"
    case .remoteConnectionClosed: "it closed the connection"
    default: error.description
    }
  }

  /// A stream from one manager: its bytes as they come.
  func open(_ question: Question, at manager: Manager) async throws(ClientError) -> HTTPClientResponse.Body {
    var reason = ""
    for client in clients {
      do {
        let response = try await client.execute(request(question, to: manager), deadline: .distantFuture)
        if response.status == .ok {
          favourite.withLock { $0 = manager.name }
          return response.body
        }
        let body = try await response.body.collect(upTo: Self.maximumAnswerBytes)
        switch Self.answer(response.status, body) {
        case .rejected(let error): throw error
        case .unable(let reason, let code): throw ClientError.fruitless([.init(manager, reason, code)])
        case .settled, .unreached: throw ClientError.noQuorum([.init(manager, "\(response.status)", nil)])
        }
      } catch let error as ClientError {
        throw error
      } catch {
        reason = Self.reason(error, at: manager)
      }
    }
    throw .noQuorum([.init(manager, reason)])
  }

  /// The same from the first manager that can be reached.
  func open(_ question: Question) async throws(ClientError) -> HTTPClientResponse.Body {
    var attempts: [ClientError.Attempt] = []
    for manager in inOrder {
      do throws(ClientError) {
        return try await open(question, at: manager)
      } catch {
        guard let more = error.attempts else { throw error }
        attempts += more
      }
    }
    throw .fruitless(attempts)
  }
}

extension ClientError.Attempt {
  init(_ manager: OperatorClient.Manager, _ reason: String, _ code: FailureCode? = nil) {
    self.init(manager: manager.name, zone: manager.zone, reason: reason, code: code)
  }
}
