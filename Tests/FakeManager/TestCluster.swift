public import ClusterAuthority
public import ManagerAPI
public import NIOCore

/// Certificates of a cluster, and operators' servers that use them.
public struct TestCluster: Sendable {
  public let identity: String
  public let authority: Authority

  public init(_ identity: String = "lab-1f2e3d4c") throws {
    self.identity = identity
    authority = try Authority.create(cluster: identity)
  }

  public func server(
    _ manager: FakeManager, name: String, id: UInt64 = 1,
    _ change: (inout OperatorServer.Configuration) -> Void = { _ in },
    onListening: @escaping @Sendable (SocketAddress) -> Void
  ) throws -> OperatorServer {
    let credentials = try authority.issueManager(name: name, id: id, addresses: ["127.0.0.1"])
    var configuration = OperatorServer.Configuration(
      host: "127.0.0.1", port: 0, cluster: identity, authorityPEM: credentials.authorityPEM,
      certificatePEM: credentials.certificatePEM, keyPEM: credentials.keyPEM)
    configuration.keepAlive = .milliseconds(100)
    change(&configuration)
    return OperatorServer(
      configuration: configuration, gateway: manager, registry: MetricsRegistry(),
      logger: RunningServer.quiet,
      onListening: onListening)
  }

  /// What an operator needs to reach managers on these ports.
  public func client(
    _ managers: [(name: String, port: Int)], operatorName: String = "ana", beginningWith first: String? = nil
  ) throws -> OperatorClient {
    let credentials = try authority.issueOperator(name: operatorName)
    var configuration = OperatorClient.Configuration(
      cluster: identity, managers: managers.map(Self.manager), authorityPEM: credentials.authorityPEM,
      certificatePEM: credentials.certificatePEM, keyPEM: credentials.keyPEM)
    // The machine that runs the tests may be busy: who is asked first must not depend on it.
    configuration.connectTimeouts = [.seconds(5)]
    return try OperatorClient(configuration, beginningWith: first)
  }

  private static func manager(name: String, port: Int) -> OperatorClient.Manager {
    OperatorClient.Manager(name: name, zone: "zone-\(name)", address: "127.0.0.1", port: port)
  }

  /// Runs a server for a manager, and a client of it.
  public func run<Value: Sendable>(
    _ manager: FakeManager, name: String = "a",
    _ change: (inout OperatorServer.Configuration) -> Void = { _ in },
    _ body: @escaping @Sendable (OperatorClient, Int) async throws -> Value
  ) async throws -> Value {
    try await RunningServer.run { onListening in
      try server(manager, name: name, change, onListening: onListening)
    } _: { port, _ in
      let client = try self.client([(name, port)])
      do {
        let value = try await body(client, port)
        await client.shutdown()
        return value
      } catch {
        await client.shutdown()
        throw error
      }
    }
  }
}
