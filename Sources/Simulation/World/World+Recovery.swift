import Cluster
import Manager
import Raft

// MARK: After a majority was lost

extension World {
  /// An operator lets the cluster go on with one manager alone, whose log is rewritten while it is stopped. Returns
  /// false if there is no log to go on with.
  mutating func recover(_ index: Int) -> Bool {
    guard machines[index].manager == nil, let restored = machines[index].disk.open() else { return false }
    let lost = LostMajority(node: machines[index].id, restored: restored)
    guard
      let recovered = try? lost.recovered(
        by: "operator/simulated", because: "the others are lost", wallClockMilliseconds: 0)
    else { return false }
    machines[index].disk.rewrite(recovered)
    invariants.recovered(machines[index].id, log: recovered)
    for other in machines.indices where lost.others.contains(machines[other].id) {
      machines[other].disk.giveUp()
    }
    return true
  }
}
