import Cluster
import PlantedBugs
import Raft
import WireFormat

// MARK: After a majority was lost

/// The cluster went on with one survivor (`LostMajority`). The managers that it went on without may hold what it does
/// not, and two of them could still elect a leader: they are not heard, and told to stand aside.
extension Manager {
  func isGivenUp(_ id: NodeID) -> Bool {
    guard !planted(.givenUpHeard) else { return false }
    return state.managers.givenUp.contains(id) || raft.admission?.givenUp.contains(id) ?? false
  }

  /// As one that was given up: stands aside, now and after every start.
  mutating func withdraw(because peer: Peer, at now: Instant, into effects: inout [Effect]) {
    if var admission = raft.admission {
      admission.isWithdrawn = true
      stepRaft(.admit(admission), at: now, into: &effects)
    }
    standAside(
      because: "manager \(peer.name) says: \(Self.farewell(to: configuration.node.name))", into: &effects)
  }

  /// At a start of one that was given up before.
  mutating func standAsideIfWithdrawn(into effects: inout [Effect]) {
    guard raft.admission?.isWithdrawn ?? false else { return }
    standAside(because: Self.farewell(to: configuration.node.name), into: &effects)
  }

  static func farewell(to manager: String) -> String {
    "after a majority was lost the cluster went on without \(manager), and may hold other entries. It takes no part; "
      + "replace the manager: `tercet manager replace \(manager)`"
  }
}
