/// DockerEngine: carries out a node's container actions on its Docker engine, and reports what it sees there. No
/// policy: which container should run where is decided elsewhere.

internal import Cluster
public import Logging
internal import Raft

/// One Docker engine, through its unix socket. Containers of other owners are never touched: what is this cluster's
/// is known by its labels.
public final class DockerEngine: Sendable {
  package let client: EngineClient
  let cluster: String
  let node: String
  let logger: Logger
  let flights = SingleFlight()
  let networkGate = NetworkGate()
  let credentials: RegistryCredentials

  /// - Parameters:
  ///   - socket: the path of the engine's socket, such as `/run/docker.sock`.
  ///   - cluster: the cluster's identity; only containers with it in the label `tercet.cluster` are seen.
  ///   - node: this node's name.
  ///   - credentialsFile: Docker's own `config.json`, read anew for each pull; it need not exist.
  public init(
    socket: String, cluster: String, node: String, logger: Logger,
    credentialsFile: String = "/root/.docker/config.json"
  ) {
    client = EngineClient(socket: socket)
    self.cluster = cluster
    self.node = node
    self.logger = logger
    credentials = RegistryCredentials(file: credentialsFile)
  }

  /// Closes all connections. Must be called once, after everything else has ended.
  public func shutdown() async throws { try await client.shutdown() }

  // MARK: Questions to the engine

  /// Nil when there is no such container.
  package func details(of container: String) async throws -> ContainerDetails? {
    let request = EngineRequest(
      .get, "/containers/\(percentEncoded(container))/json", what: "look at the container \(container)")
    let answer = try await client.send(request)
    return answer.status == 404 ? nil : try answer.decode(ContainerDetails.self)
  }

  /// All containers of the cluster with the given labels, running or not.
  package func containers(labels: [String: String] = [:]) async throws -> [ContainerSummary] {
    let wanted = labels.merging([Labels.cluster: cluster]) { own, _ in own }
    let filter = filters(["label": wanted.map { "\($0.key)=\($0.value)" }.sorted()])
    let request = EngineRequest(
      .get, "/containers/json", query: ["all": "true", "filters": filter], what: "list containers")
    return try await client.send(request).decode([ContainerSummary].self)
  }
}
