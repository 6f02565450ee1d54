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
    guard !planted(.leftoversDropped), let containers, let description = state.nodes[node]?.description else {
      return needed
    }
    let leftovers = containers.filter { $0.isWell && state.tasks[$0.task]?.node != node }
    guard !leftovers.isEmpty else { return needed }
    let reports = taskReports(state) + others.flatMap(\.tasks)
    for (name, service) in state.services {
      // A cache that the log does not know gets no purges.
      guard service.specification.cachePort == nil else { continue }
      let required = state.wantedTasks(of: service) - service.replacement.replaceable
      let missing = required - reports.count { $0.doesItsWork && state.tasks[$0.task]?.service == name }
      guard missing > 0 else { continue }
      let isBalanced = description.runsBalancer && service.publishesBalanced
      let serving = leftovers.filter { $0.isOf(name) && (!isBalanced || hasTraffic($0.task)) }
      if !serving.isEmpty { needed[name] = serving.suffix(missing) }
    }
    return needed
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

  /// Whether it was made for a task of the service.
  func isOf(_ service: ServiceName) -> Bool { name.hasPrefix("\(service.stack)_\(service.service).") }
}

extension ServiceState {
  fileprivate var publishesBalanced: Bool {
    specification.template.ports.contains { $0.mode == .balanced }
  }
}
