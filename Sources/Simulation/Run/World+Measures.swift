import Cluster
import Manager
import Raft

// MARK: Conditions and measures

extension World {
  func meets(_ condition: Scenario.Condition, since start: Counters) -> Bool {
    switch condition {
    case .bound(let bound): bound.holds(for: value(of: bound.measure, since: start))
    case .mode(let database, let mode):
      newestState?.databases[database].map { Scenario.ModeName($0.mode) == mode } ?? false
    case .leader(nil): leader == nil
    case .leader(let target?): leader.map { machines(target).contains($0) } ?? false
    case .goal(let goal): meets(goal)
    }
  }

  func value(of measure: Scenario.Measure, since start: Counters) -> UInt64 {
    switch measure {
    case .applied(let target):
      machines(target).first.flatMap { machines[$0].manager?.state.appliedIndex } ?? 0
    case .unsynced(let target): UInt64(machines(target).map { machines[$0].disk.waiting.count }.max() ?? 0)
    case .unsyncedVotes(let target):
      UInt64(machines(target).map { machines[$0].disk.waitingVotes }.max() ?? 0)
    case .tasks(let target): UInt64(machines(target).reduce(0) { $0 + machines[$1].containers.running.count })
    case .counter(.terms): machines.compactMap { $0.manager?.raft.term }.max() ?? 0
    case .counter(.lostMessages): UInt64(network.lost)
    case .counter(let counter): (counters - start)[counter]
    }
  }

  /// What a link is like in this scenario when nothing befalls it.
  mutating func setUsual(_ rule: Scenario.LinkRule) {
    for from in machines(rule.from) {
      for to in machines(rule.to) where from != to {
        setUsual(rule.quality, from: from, to: to)
        if rule.direction == .bothWays { setUsual(rule.quality, from: to, to: from) }
      }
    }
  }

  private mutating func setUsual(_ quality: LinkQuality, from: Int, to: Int) {
    usualQualities[from * machines.count + to] = quality
    network.setQuality(quality, from: from, to: to)
  }
}
