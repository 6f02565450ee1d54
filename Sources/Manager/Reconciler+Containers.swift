import Cluster
import Raft

// MARK: Containers

extension Reconciler {
  /// How long the load balancer may take to leave a container out, its last requests included.
  private static let balancerPatience = Duration.seconds(30)

  mutating func runContainers(
    _ state: State, besides needed: Leftovers, at now: Instant, _ wanted: inout [Action]
  ) {
    guard let containers, let description = state.nodes[node]?.description else { return }
    let tasks = state.tasks(on: node)
    for task in tasks {
      guard let service = state.services[task.service], let template = service.template(of: task.revision)
      else {
        continue
      }
      gracePeriods[task.id] = template.stopGracePeriod
      let container = containers.first { $0.task == task.id }
      if container != nil { knownImages.insert(template.image) }
      // A container that ended stays until the leader has decided what takes its place.
      guard container == nil || container?.condition == .created, launchFailures[task.id] == nil else {
        continue
      }
      // The port is free when the container that had it is gone.
      if template.ports.contains(where: { $0.mode == .host }), hasLeftover(of: task.service, tasks) {
        continue
      }
      let launch = TaskLaunch(
        task: task, template: template.filled(for: task, on: description),
        networks: Self.networks(of: task.service, template), cluster: cluster)
      wanted.append(.runTask(launch))
    }
    for container in containers where !tasks.contains(where: { $0.id == container.task }) {
      if needed.values.contains(where: { $0.contains(container) }) {
        leavingSince[container.task] = nil
        continue
      }
      if description.runsBalancer, mayHaveTraffic(container.task, at: now) { continue }
      let grace = gracePeriods[container.task] ?? .seconds(10)
      wanted.append(
        .removeTask(container.task, containerName: container.name, stopGracePeriod: grace))
    }
    let known = Set(tasks.map(\.id) + containers.map(\.task))
    forgetTasks(
      where: { !known.contains($0) },
      containers: tasks.map(\.containerName) + containers.map(\.name))
  }

  /// Whether a container that is to be stopped has to wait for the load balancer. What that does is known once it was
  /// told; one that cannot be told does not keep what nobody wants any more for ever.
  private mutating func mayHaveTraffic(_ task: TaskID, at now: Instant) -> Bool {
    guard balancing.map({ $0.contains(task) }) ?? true else { return false }
    let since = leavingSince[task] ?? now
    leavingSince[task] = since
    return now - since < Self.balancerPatience
  }

  /// Whether a container of the service is still there that is no longer wanted.
  private func hasLeftover(of service: ServiceName, _ tasks: [Task]) -> Bool {
    (containers ?? []).contains { container in
      service.named(container.name) && !tasks.contains { $0.id == container.task }
    }
  }

  private static func networks(of service: ServiceName, _ template: TaskTemplate) -> [String] {
    template.networks.isEmpty ? ["\(service.stack)_default"] : template.networks
  }

  /// Until the engine's own word comes, a container that was just started counts as made.
  mutating func noteLaunched(_ task: Task) {
    guard containers?.contains(where: { $0.task == task.id && $0.condition != .created }) == false else {
      return
    }
    containers?.removeAll { $0.task == task.id }
    containers?.append(
      ContainerObservation(
        task: task.id, name: task.containerName, container: "", condition: .running, health: .starting))
  }

  /// How each container of the node is, wanted or not. While the engine cannot be asked what is wanted counts as it was
  /// seen last: that the engine is away says nothing of it.
  func taskReports(_ state: State) -> [TaskReport] {
    var reports: [TaskReport] = []
    for task in state.tasks(on: node) {
      let container = (containers ?? lastContainers)?.first { $0.task == task.id }
      reports.append(
        TaskReport(task: task.id, name: task.containerName, phase: phase(of: task, container, state)))
    }
    for container in containers ?? [] where state.tasks[container.task] == nil {
      let phase = servesOn(container, state) ? TaskReport.Phase.serving : .starting
      reports.append(TaskReport(task: container.task, name: container.name, phase: phase))
    }
    return reports.sorted { $0.task < $1.task }
  }

  private func phase(of task: Task, _ container: ContainerObservation?, _ state: State) -> TaskReport.Phase {
    if let message = launchFailures[task.id] { return .ended(succeeded: false, message: message) }
    guard let container else { return .preparing }
    switch container.condition {
    case .created: return .preparing
    case .exited(let code, let outOfMemory, let message):
      let why = outOfMemory ? "out of memory" : message.isEmpty ? "ended with code \(code)" : message
      return .ended(succeeded: code == 0 && !outOfMemory, message: why)
    case .running:
      switch container.health {
      case .starting: return .starting
      case .unhealthy: return .unhealthy
      case .healthy, .unchecked: return isServing(task, state) ? .serving : .well
      }
    }
  }

  /// Whether traffic reaches the task: every server that stands for it in the load balancer is up.
  private func isServing(_ task: Task, _ state: State) -> Bool {
    guard state.nodes[node]?.description.runsBalancer == true, let service = state.services[task.service]
    else { return true }
    return service.balancedPorts(of: task.revision).allSatisfy { port in
      balancer?.serving.contains(Balancing.serverName(task.id, port)) == true
    }
  }
}

// MARK: Load balancer

extension Reconciler {
  mutating func balance(_ state: State, with needed: Leftovers, _ wanted: inout [Action]) {
    guard state.nodes[node]?.description.runsBalancer == true, containers != nil else { return }
    let desired = Balancing(frontends: frontends(state, needed))
    let action = Action.balance(desired)
    if desired != balancing || attempts.failureCount(of: action) > 0 { wanted.append(action) }
  }

  private func frontends(_ state: State, _ needed: Leftovers) -> [Balancing.Frontend] {
    var frontends: [Balancing.Frontend] = []
    for (name, service) in state.services {
      for port in service.specification.template.ports where port.mode == .balanced {
        frontends.append(
          Balancing.Frontend(
            name: "\(name.stack)_\(name.service)_\(port.published)", port: port.published,
            servers: servers(of: name, at: port, besides: needed[name] ?? [], state),
            elsewhere: balancersElsewhere(state, port: port.published)))
      }
    }
    return frontends.sorted { $0.port < $1.port }
  }

  private func balancersElsewhere(_ state: State, port: Int) -> [Balancing.Server] {
    state.nodes.values.filter { $0.description.runsBalancer && $0.description.name != node }
      .map { Balancing.Server(name: $0.description.name, address: $0.description.address, port: port) }
  }

  /// The node's own containers of a service that are well, by age; of old revisions too, by the port they have.
  private func servers(
    of name: ServiceName, at published: Port, besides leftovers: [ContainerObservation], _ state: State
  ) -> [Balancing.Server] {
    (containers ?? []).filter(\.isWell).compactMap { container in
      guard let task = state.tasks[container.task] else {
        let isKept = leftovers.contains(container) && hasTraffic(container.task, published)
        return isKept ? container.server(for: published) : nil
      }
      guard task.node == node, task.service == name,
        let template = state.services[name]?.template(of: task.revision),
        let port = template.ports.first(where: { $0.published == published.published })
      else { return nil }
      return container.server(for: port)
    }
  }
}

extension ContainerObservation {
  fileprivate func server(for port: Port) -> Balancing.Server? {
    address.map {
      Balancing.Server(name: Balancing.serverName(task, port), address: $0, port: port.target)
    }
  }
}

extension Balancing {
  static func serverName(_ task: TaskID, _ port: Port) -> String { "\(task)_\(port.target)" }

  func contains(_ task: TaskID) -> Bool {
    frontends.contains { $0.servers.contains { $0.name.hasPrefix("\(task)_") } }
  }
}
