import Cluster
import Manager
import Raft

// MARK: Managers in the place of others

extension World {
  /// A new manager is set up on a machine, with a disk of its own, and asked to be taken in the old one's place.
  mutating func replaceManager(of index: Int) -> UInt64? {
    guard let other = others(than: index).first else { return nil }
    let old = machines[index].id
    kill(index)
    invariants.wiped(old)
    lastIdentity += 1
    machines[index].setUp(newManager: NodeID(lastIdentity))
    start(index)
    return askForReplacement(of: index, via: other)
  }

  private mutating func askForReplacement(of index: Int, via other: Int) -> UInt64 {
    let new = machines[index]
    let member = ManagerMember(
      id: new.id.rawValue, name: new.name, zone: new.zone, address: new.node.address)
    return submit(.managers(ManagerChange(adding: member, removing: new.predecessor)), to: other)
  }

  private func others(than index: Int) -> [Int] {
    taken.filter { $0 != index && machines[$0].manager != nil }
  }

  /// What an operator does in the end with managers that lost their disks, and goes on asking until it is so.
  mutating func replaceStrangers() {
    for index in machines.indices where machines[index].disk.isStranger { _ = replaceManager(of: index) }
    for index in machines.indices where machines[index].predecessor != nil {
      for attempt in 0..<10 where !run(within: .seconds(6), until: { $0.hasJoined(index) }) {
        let others = others(than: index)
        guard !others.isEmpty else { continue }
        _ = askForReplacement(of: index, via: others[attempt % others.count])
      }
    }
  }

  /// Whether a node is drained, by what the newest log says.
  var hasDrained: Bool { newestState?.nodes.values.contains { $0.availability == .drained } == true }

  private func hasJoined(_ index: Int) -> Bool {
    guard let managers = newestState?.managers else { return false }
    return managers.joined[machines[index].id] != nil && managers.change == nil
  }
}
