public import Cluster
import Manager

// MARK: Which machines are meant

extension World {
  /// The places of the machines that are meant; empty if there is none at the moment.
  func machines(_ target: Target) -> [Int] {
    switch target {
    case .all: Array(machines.indices)
    case .zone(let zone): machines.indices.filter { machines[$0].zone == zone }
    case .named(let name):
      machines.firstIndex { $0.name == name }.map { [$0] } ?? machines(.zone(name))
    case .leader: leader.map { [$0] } ?? []
    case .follower:
      machines.indices.first { machines[$0].manager?.isLeader == false }.map { [$0] } ?? []
    case .primary: databaseMembers.first.map { [$0] } ?? []
    case .secondary: databaseMembers.dropFirst().first.map { [$0] } ?? []
    case .lastKilled: lastKilled
    case .decider: machines.indices.filter { !machines[$0].node.runsContainers }
    }
  }

  /// The newest state that any running manager has.
  public var newestState: State? {
    machines.compactMap { $0.manager?.state }.max { $0.appliedIndex < $1.appliedIndex }
  }

  private var databaseMembers: [Int] {
    guard let members = newestState?.databases.values.first?.members else { return [] }
    return members.compactMap { name in machines.firstIndex { $0.name == name } }
  }
}
