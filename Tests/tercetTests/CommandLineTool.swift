import ClusterAuthority
import FakeManager
import Foundation
import ManagerAPI
import Subprocess
import SystemPackage

/// The built `tercet`, run as operators run it.
struct CommandLineTool: Sendable {
  let code: Int32
  let output: String
  let errors: String

  /// Programs lie beside the tests' own executable.
  static func path(_ program: String = "tercet") throws -> String {
    let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent(program).path
  }

  static func run(
    _ arguments: [String], environment: [String: String] = [:], program: String = "tercet",
    executable: String? = nil
  ) async throws -> CommandLineTool {
    var variables: [Environment.Key: String] = ["PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "TZ": "UTC"]
    for (name, value) in environment {
      if let key = Environment.Key(rawValue: name) { variables[key] = value }
    }
    let result = try await Subprocess.run(
      .path(FilePath(try executable ?? path(program))), arguments: Arguments(arguments),
      environment: .custom(variables),
      output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
    guard case .exited(let code) = result.terminationStatus else { throw Killed() }
    return CommandLineTool(
      code: code, output: result.standardOutput, errors: result.standardError)
  }

  struct Killed: Error {}
}

/// A folder that is gone when the test has ended.
func withFolder<Value>(_ body: (String) async throws -> Value) async throws -> Value {
  let path = FileManager.default.temporaryDirectory.appendingPathComponent("tercet-\(UUID().uuidString)").path
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  do {
    let value = try await body(path)
    try FileManager.default.removeItem(atPath: path)
    return value
  } catch {
    try? FileManager.default.removeItem(atPath: path)
    throw error
  }
}

/// An operator at work: a manager that listens, and a home folder that names it.
struct Operator: Sendable {
  let home: String

  static func withManager(
    _ manager: FakeManager,
    configure: @escaping @Sendable (inout OperatorServer.Configuration) -> Void = { _ in },
    _ body: @escaping @Sendable (Operator) async throws -> Void
  ) async throws {
    let cluster = try TestCluster()
    try await withFolder { folder in
      try await RunningServer.run { onListening in
        try cluster.server(manager, name: "a", configure, onListening: onListening)
      } _: { port, _ async throws in
        try write(try cluster.authority.issueOperator(name: "ana"), port: port, to: folder)
        try await body(Operator(home: folder))
      }
    }
  }

  private static func write(_ credentials: Credentials, port: Int, to folder: String) throws {
    let files = [
      "authority.pem": credentials.authorityPEM, "operator.pem": credentials.certificatePEM,
      "operator.key": credentials.keyPEM,
      "operator.yaml": """
      cluster: lab-1f2e3d4c
      certificates: {authority: authority.pem, certificate: operator.pem, key: operator.key}
      managers: [{name: a, zone: zone-a, address: 127.0.0.1, operators: \(port)}]
      """,
    ]
    for (name, text) in files {
      try text.write(toFile: "\(folder)/\(name)", atomically: false, encoding: .utf8)
    }
  }

  func tercet(_ arguments: String...) async throws -> CommandLineTool {
    try await CommandLineTool.run(arguments, environment: ["TERCET_HOME": home])
  }

  /// A stack file of one service, `web`.
  func stackFile(image: String = "web:1", replicas: Int = 2) throws -> String {
    let path = "\(home)/stack.yml"
    let text = """
      name: shop
      services:
        web:
          image: \(image)
          ports: ["8080:80"]
          environment: {DB_PASSWORD: hunter2, COLOUR: blue}
          deploy: {replicas: \(replicas)}
      """
    try text.write(toFile: path, atomically: false, encoding: .utf8)
    return path
  }
}
