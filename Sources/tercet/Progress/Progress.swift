import ManagerAPI

/// How far something has come that a command waits for.
enum Progress: Equatable {
  case moving
  case done
  /// Tasks of the new revision failed and the service went back.
  case rolledBack(String)
  /// It will not go on by itself.
  case stuck(String)
  /// It came to nothing.
  case failed(String)
}

/// What a command waits for: judged from one report at a time.
protocol Goal: Sendable {
  /// The report must show at least this entry to say anything.
  var index: UInt64 { get }
  /// Of a report that is new enough.
  func progress(in report: ProgressReport) -> Progress
  /// What people are shown of it.
  func items(in report: ProgressReport) -> [ProgressDisplay.Item]
}
