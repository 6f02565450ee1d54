import Cluster
import Manager
import Raft

// MARK: The rule of rollouts

extension World {
  /// How long after something befell containers or machines fewer may run than wanted.
  private static let recovery = Duration.seconds(20)

  /// A container that serves is removed: enough others must serve and stay. One is gone from the moment when the log
  /// no longer wants its task, however long its end takes. While something that befell the containers has not been made
  /// good, there may be fewer than wanted whatever anyone does.
  mutating func checkRemoval(of task: TaskID, on index: Int) {
    guard now - disturbedAt > Self.recovery, let state = newestState,
      let container = machines[index].containers.running.first(where: { $0.task == task }), container.isWell
    else { return }
    let others = machines.reduce(0) { $0 + $1.containers.wellAndWanted(by: state) }
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
