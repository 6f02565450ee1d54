import ManagerAPI

/// A node that nothing runs on any more, while everything runs elsewhere.
struct DrainGoal: Goal {
  let index: UInt64
  let node: String

  func progress(in report: ProgressReport) -> Progress {
    guard report.drainedNodes.contains(node) else { return .failed("\(node) was activated meanwhile") }
    let isEmpty = report.services.allSatisfy { $0.tasks.allSatisfy { $0.node != node } }
    let isWhole = report.services.allSatisfy { $0.serving >= $0.wanted }
    let writesElsewhere = report.databases.allSatisfy { $0.primary != node || $0.secondary == nil }
    return isEmpty && isWhole && writesElsewhere ? .done : .moving
  }

  func items(in report: ProgressReport) -> [ProgressDisplay.Item] {
    let tasks = report.services.flatMap(\.tasks).filter { $0.node == node }
    let databases = report.databases.filter { $0.primary == node }
    return [.init(name: node, text: "\(tasks.count) tasks left")]
      + report.services.filter { $0.serving < $0.wanted }.flatMap { ServicesGoal.items($0).prefix(1) }
      + databases.map { .init(name: $0.name, text: $0.summary) }
  }
}
