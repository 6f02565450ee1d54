import Cluster
import Manager
import Raft

// MARK: The rule of rollouts

extension World {
  /// How long after something befell containers or machines fewer may run than wanted.
  private static let recovery = Duration.seconds(20)

  /// A container that serves is removed: enough others must serve and stay. One that the log no longer wants counts
  /// for as long as its load balancer has it, however long its end takes. While something that befell the containers has
  /// not been made good, there may be fewer than wanted whatever anyone does.
  mutating func checkRemoval(of task: TaskID, on index: Int) {
    guard now - disturbedAt > Self.recovery, let state = newestState,
      let container = machines[index].containers.running.first(where: { $0.task == task }), container.isWell
    else { return }
    let others = machines.reduce(0) { $0 + $1.servingOn(by: state) }
    // A removal may have been decided when fewer were required.
    let required = invariants.fewestRequired(since: now + Duration(nanoseconds: -Self.recovery.nanoseconds))
    if others < required {
      violate(
        .rolloutKeepsMinimum,
        "\(machines[index].name) removes a container that serves, and only \(others) are left of the \(required) required"
      )
    }
  }
}

extension Machine {
  fileprivate func servingOn(by state: State) -> Int {
    containers.running.count { container in
      container.isWell
        && (state.tasks[container.task] != nil
          || balancing.frontends.contains { frontend in
            frontend.servers.contains { $0.name.hasPrefix("\(container.task)_") }
          })
    }
  }
}
