import Cluster
import Manager
import Raft

// MARK: The rule of rollouts

extension World {
  /// How long after something befell containers or machines fewer may run than wanted.
  private static let recovery = Duration.seconds(20)

  /// What serves is taken away: enough others must serve and stay. A container is taken away when its load balancer
  /// leaves it out, or when it is removed and the load balancer has it still. One that the log no longer wants
  /// counts for as long as its load balancer has it. While something that befell the containers has not been made good,
  /// there may be fewer than wanted whatever anyone does.
  mutating func checkMinimum(_ action: Action, on index: Int) {
    guard now - disturbedAt > Self.recovery, let state = newestState else { return }
    let machine = machines[index]
    let taken = machine.containers.running.filter { container in
      guard container.isWell, machine.balancing.has(container.task) else { return false }
      return switch action {
      case .balance(let balancing): !balancing.has(container.task)
      case .removeTask(let task, _, _): task == container.task
      case .runTask, .database, .cache: false
      }
    }
    guard !taken.isEmpty else { return }
    var left = 0
    // The newest that is wanted, by slot.
    var successors: [Substring: TaskID] = [:]
    for machine in machines {
      for container in machine.containers.running where container.isWell && !taken.contains(container) {
        let hasTraffic = machine.balancing.has(container.task)
        let isWanted = state.tasks[container.task] != nil
        if hasTraffic || isWanted { left += 1 }
        if hasTraffic, isWanted {
          let known = successors[container.slotName]
          successors[container.slotName] = max(container.task, known ?? container.task)
        }
      }
    }
    // Whose slot another has taken over is missed by nobody, however few there are of the others.
    guard !taken.allSatisfy({ $0.task < successors[$0.slotName] ?? $0.task }) else { return }
    // A removal may have been decided when fewer were required.
    let required = invariants.fewestRequired(since: now + Duration(nanoseconds: -Self.recovery.nanoseconds))
    if left < required {
      violate(
        .rolloutKeepsMinimum,
        "\(machine.name) takes \(taken.count) away that serve, and only \(left) are left of the \(required) required"
      )
    }
  }
}

extension ContainerObservation {
  /// Its name without the task's identity: service and slot.
  fileprivate var slotName: Substring { name.prefix(upTo: name.lastIndex(of: ".") ?? name.endIndex) }
}

extension Balancing {
  fileprivate func has(_ task: TaskID) -> Bool {
    frontends.contains { $0.servers.contains { $0.name.hasPrefix("\(task)_") } }
  }
}
