import ManagerAPI

/// A database whose secondary has become its primary and takes writes.
struct PromotionGoal: Goal {
  let index: UInt64
  let database: String
  /// The node that is to become the primary.
  let target: String

  func progress(in report: ProgressReport) -> Progress {
    guard let status = report.databases.first(where: { $0.name == database }) else {
      return .failed("\(database) was removed meanwhile")
    }
    if status.primary == target { return status.writable ? .done : .moving }
    // Back where it began: the old primary would not stop, or the secondary would not follow, in time.
    return status.primary == nil ? .moving : .failed("the switchover was given up: \(status.summary)")
  }

  func items(in report: ProgressReport) -> [ProgressDisplay.Item] {
    report.databases.filter { $0.name == database }.map { .init(name: $0.name, text: $0.summary) }
  }
}
