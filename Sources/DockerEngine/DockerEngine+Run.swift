public import Cluster
internal import Raft

extension DockerEngine {
  /// Makes and starts a task's container, with its image, networks and volumes, whatever of it exists already. A
  /// container of the task that has run and ended is left as it is: a task runs once.
  ///
  /// - Returns: a failure in words without the task's environment. What was made until then stays, and the next
  ///   attempt goes on from there.
  public func perform(runTask launch: TaskLaunch) async -> ActionResult {
    do {
      try await run(launch)
      return .done
    } catch {
      return .failed(Redaction(launch.template.environment).apply(to: "\(error)"))
    }
  }

  private func run(_ launch: TaskLaunch) async throws {
    let name = launch.task.containerName
    if let container = try await details(of: name) { return try await start(container, launch) }
    try await ensureImage(launch.template.image)
    try await keepingNetworks(of: launch.task.service.stack) {
      for network in launch.networks { try await ensureNetwork(network, launch) }
      try await create(launch)
      guard let container = try await details(of: name) else {
        throw DockerError.refused(
          what: "start the container \(name)", status: 404, reason: "it was removed meanwhile")
      }
      try await start(container, launch)
    }
  }

  /// Goes on with a container that exists, wherever an earlier attempt ended.
  private func start(_ container: ContainerDetails, _ launch: TaskLaunch) async throws {
    let name = launch.task.containerName
    guard container.label(Labels.cluster) == launch.cluster,
      Labels.taskID(container.label(Labels.task)) == launch.task.id
    else { throw DockerError.nameTaken(container: name) }
    guard container.state.status == "created" else { return }
    let connected = container.networkSettings.networks ?? [:]
    for network in launch.networks where connected[network] == nil {
      try await ensureNetwork(network, launch)
      try await connect(container, to: network, launch)
    }
    let request = EngineRequest(
      .post, "/containers/\(container.id)/start", what: "start the container \(name)")
    try await client.send(request).accept(304)
  }

  private func create(_ launch: TaskLaunch) async throws {
    let name = launch.task.containerName
    let request = try EngineRequest(
      .post, "/containers/create", query: ["name": name], what: "make the container \(name)"
    ).body(ContainerBody(launch))
    // 409: another attempt was faster; what it made is looked at next.
    try await client.send(request).accept(409)
  }

  // MARK: Networks

  private func ensureNetwork(_ network: String, _ launch: TaskLaunch) async throws {
    try await flights.run("network \(network)") { [client] in
      let look = EngineRequest(
        .get, "/networks/\(percentEncoded(network))", what: "look at the network \(network)")
      if try await client.send(look).accept(404).isSuccess { return }
      let make = try EngineRequest(.post, "/networks/create", what: "make the network \(network)")
        .body(NetworkBody(name: network, labels: Labels.shared(launch)))
      try await client.send(make).accept(409)
    }
  }

  private func connect(_ container: ContainerDetails, to network: String, _ launch: TaskLaunch) async throws {
    let request = try EngineRequest(
      .post, "/networks/\(percentEncoded(network))/connect",
      what: "connect the container \(launch.task.containerName) to the network \(network)"
    ).body(ConnectBody(container: container.id, endpoint: EndpointBody(aliases: launch.aliases)))
    let answer = try await client.send(request)
    // Another attempt was faster: the engine answers 403 and says so.
    if !answer.reason.contains("already exists in network") { try answer.accept() }
  }
}
