import ClusterAuthority
import Foundation
import Subprocess
import SystemPackage

/// The built `tercetd`, run as systemd and operators run it.
struct DaemonProgram: Sendable {
  let code: Int32
  let output: String
  let errors: String

  var errorLines: [String] { errors.split(separator: "\n").map(String.init) }

  /// It lies beside the tests' own executable.
  private static var path: String {
    get throws {
      let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
      return URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent("tercetd").path
    }
  }

  static func run(_ arguments: String...) async throws -> DaemonProgram {
    let result = try await Subprocess.run(
      .path(FilePath(try path)), arguments: Arguments(arguments),
      environment: .custom(["PATH": "/usr/bin:/bin"]),
      output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
    guard case .exited(let code) = result.terminationStatus else { throw Killed() }
    return DaemonProgram(code: code, output: result.standardOutput, errors: result.standardError)
  }

  /// Runs bash; `$1` is the program.
  static func bash(_ script: String) async throws -> DaemonProgram {
    let result = try await Subprocess.run(
      .path("/bin/bash"), arguments: ["-c", script, "bash", try path],
      environment: .custom(["PATH": "/usr/bin:/bin"]),
      output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
    guard case .exited(let code) = result.terminationStatus else { throw Killed() }
    return DaemonProgram(code: code, output: result.standardOutput, errors: result.standardError)
  }

  struct Killed: Error {}
}

/// A manager's folder as `tercet bootstrap` makes it, gone when the test has ended.
struct ManagerFolder: Sendable {
  let path: String

  var configuration: String { "\(path)/tercetd.yaml" }

  /// Line by line, so that the tests can name the line of each mistake.
  static let sound = """
    cluster: portal
    node: a
    id: 1
    zone: zone-a
    address: 127.0.0.1
    dataFolder: log
    listen: {operators: "127.0.0.1:17443", peers: "127.0.0.1:17444", door: "127.0.0.1:17480"}
    certificates: {authority: authority.pem, certificate: manager.pem, key: manager.key}
    managers:
      - {name: a, id: 1, zone: zone-a, address: 127.0.0.1, peers: 17444}
      - {name: b, id: 2, zone: zone-b, address: 127.0.0.2}
      - {name: c, id: 3, zone: zone-c, address: 127.0.0.3}
    door: {allow: ["127.0.0.0/8", "::1"]}
    timings: {heartbeatMilliseconds: 100, electionMinimumMilliseconds: 500, nodeLostMilliseconds: 2000}
    docker: {socket: /var/run/docker.sock}
    varnish: {name: cache-a, cli: "127.0.0.1:6082", secret: /etc/varnish/secret, http: "[::1]:6083", work: /w}
    log: {level: info}
    caches: {"secret": cache-secret}
    purge: {sites: [www.example.org], hosts: [plone=www.example.org], maximumStalenessSeconds: 5}

    """

  static let manager = PeerIdentity.manager(cluster: "portal", id: 1, name: "a")

  /// Runs `body` with a folder that holds this configuration and a certificate for `identity`.
  static func with<Value>(
    _ text: String = sound, identity: PeerIdentity = manager, _ body: (ManagerFolder) async throws -> Value
  ) async throws -> Value {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("tercetd-\(UUID().uuidString)")
      .path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let folder = ManagerFolder(path: path)
    let credentials = try issue(identity)
    try folder.write(text, to: "tercetd.yaml")
    try folder.write(credentials.authorityPEM, to: "authority.pem")
    try folder.write(credentials.certificatePEM, to: "manager.pem")
    try folder.write(credentials.keyPEM, to: "manager.key")
    return try await body(folder)
  }

  private static func issue(_ identity: PeerIdentity) throws -> Credentials {
    let authority = try Authority.create(cluster: identity.cluster)
    return switch identity {
    case .manager(_, let id, let name):
      try authority.issueManager(name: name, id: id, addresses: ["127.0.0.1"])
    case .operator(_, let name): try authority.issueOperator(name: name)
    }
  }

  func write(_ text: String, to file: String) throws {
    try text.write(toFile: "\(path)/\(file)", atomically: false, encoding: .utf8)
  }

  func check() async throws -> DaemonProgram {
    try await DaemonProgram.run("--configuration", configuration, "--check")
  }
}
