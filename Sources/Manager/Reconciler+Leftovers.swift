import Cluster
import PlantedBugs
import Raft

// MARK: Leftovers: containers that the log no longer wants

/// A manager that was away for a while finds that the log has gone on without its containers. The leader took them for
/// lost when it decided so, and what it wanted in their place may be gone by now: what still serves goes on until enough
/// of what is wanted does, here or elsewhere. An update keeps the same number (`UpdatePolicy.replaceable`).
extension Reconciler {
  /// By service.
  typealias Leftovers = SortedMap<ServiceName, [ContainerObservation]>

  /// The unwanted containers that have to serve on, by what the other nodes say that were heard lately.
  func leftoversNeeded(_ state: State, others: [Report]) -> Leftovers {
    var needed = Leftovers()
    guard !dropsLeftovers, let containers,
      containers.contains(where: { $0.isWell && state.tasks[$0.task] == nil })
    else { return needed }
    let reports = taskReports(state) + others.flatMap(\.tasks)
    for (name, service) in state.services {
      let required = state.wantedTasks(of: service) - service.replacement.replaceable
      let missing = required - reports.count { $0.doesItsWork && state.tasks[$0.task]?.service == name }
      guard missing > 0 else { continue }
      // The newest of the whole cluster's: each node keeps its own of them. All of them could leave no slot free for a
      // service that stops first, and so keep each other for ever.
      let leftovers = reports.filter {
        $0.phase == .serving && state.tasks[$0.task] == nil && name.named($0.name)
      }
      let kept = Set(leftovers.map(\.task).sorted().suffix(missing))
      needed[name] = containers.filter { kept.contains($0.task) }
    }
    return needed
  }

  /// What a leader gives up too early its node keeps: both have to be wrong.
  private var dropsLeftovers: Bool {
    planted(.leftoversDropped) || planted(.stoppedBeforeServing) || planted(.rolloutAllAtOnce)
  }

  /// Whether a container does its work still that the log no longer wants.
  func servesOn(_ container: ContainerObservation, _ state: State) -> Bool {
    guard container.isWell, let description = state.nodes[node]?.description,
      let (_, service) = state.services.first(where: { name, _ in name.named(container.name) }),
      // A cache that the log does not know gets no purges.
      service.specification.cachePort == nil
    else { return false }
    let isBalanced = service.specification.template.ports.contains { $0.mode == .balanced }
    return !(description.runsBalancer && isBalanced) || hasTraffic(container.task)
  }

  /// Whether the load balancer has a container, for all that is known: one that it has left out may be ending.
  private func hasTraffic(_ task: TaskID) -> Bool {
    if let balancing { return balancing.contains(task) }
    return balancer.map { $0.serving.contains { $0.hasPrefix("\(task)_") } } ?? true
  }
}

extension TaskReport {
  fileprivate var doesItsWork: Bool {
    switch phase {
    case .serving, .ended(succeeded: true, _): true
    case .preparing, .starting, .well, .unhealthy, .ended(succeeded: false, _): false
    }
  }
}

extension ContainerObservation {
  var isWell: Bool { condition == .running && (health == .healthy || health == .unchecked) }
}

extension ServiceName {
  /// Whether a container is named after the service: it was made for one of its tasks.
  func named(_ container: String) -> Bool { container.hasPrefix("\(stack)_\(service).") }
}
