import ManagerAPI

/// A node that can be switched off: no task and no primary is there, everything runs elsewhere, and it does not lead.
struct DrainGoal: Goal {
  let index: UInt64
  let node: String
  /// Whether there is another manager that could lead.
  var handsLeadershipOn = true

  func progress(in report: ProgressReport) -> Progress {
    guard report.drainedNodes.contains(node) else { return .failed("\(node) was activated meanwhile") }
    let isEmpty = tasks(in: report).isEmpty
    let isWhole = report.services.allSatisfy { $0.serving >= $0.wanted }
    let isMoving = report.databases.contains { $0.isUnderWay || $0.primary == node && $0.mayMove }
    guard isEmpty, isWhole, !isMoving, !leads(report) else { return .moving }
    let staying = report.databases.filter { $0.primary == node }.map(\.name)
    guard staying.isEmpty else {
      return .stuck(
        "no other zone has a copy of \(staying.joined(separator: ", ")): away for as long as \(node) is")
    }
    return .done
  }

  /// What has run to its end stays where it did, and needs nothing any more.
  private func tasks(in report: ProgressReport) -> [TaskStatus] {
    report.services.flatMap(\.tasks).filter { $0.node == node && $0.phase != .completed }
  }

  /// Without a leader, one is being chosen; it may be this node.
  private func leads(_ report: ProgressReport) -> Bool {
    handsLeadershipOn && (report.leader == nil || report.leader == node)
  }

  func items(in report: ProgressReport) -> [ProgressDisplay.Item] {
    let tasks = tasks(in: report)
    let databases = report.databases.filter { $0.primary == node || $0.isUnderWay }
    let leading = leads(report) ? [ProgressDisplay.Item(name: "leader", text: report.leader ?? "none")] : []
    return [.init(name: node, text: "\(tasks.count) tasks left")]
      + report.services.filter { $0.serving < $0.wanted }.flatMap { ServicesGoal.items($0).prefix(1) }
      + databases.map { .init(name: $0.name, text: $0.summary) } + leading
  }
}

extension DatabaseStatus {
  /// Between two primaries, or before the first.
  fileprivate var isUnderWay: Bool { primary == nil && mode != "waiting" }

  /// Whether its stack file gives it a second zone.
  fileprivate var mayMove: Bool { zones.count > 1 }
}
