import ManagerAPI

/// A stack whose services are as its file says, and whose databases take writes.
struct DeployGoal: Goal {
  let services: ServicesGoal
  /// The names of the file's databases.
  let databases: [String]

  var index: UInt64 { services.index }

  func progress(in report: ProgressReport) -> Progress {
    let progress = services.progress(in: report)
    guard progress == .done else { return progress }
    let writable = report.databases.filter(\.writable).map(\.name)
    return databases.allSatisfy(writable.contains) ? .done : .moving
  }

  func items(in report: ProgressReport) -> [ProgressDisplay.Item] {
    services.items(in: report)
      + report.databases.filter { databases.contains($0.name) }.map {
        .init(name: $0.name, text: $0.writable ? $0.summary : "\($0.summary), not writable")
      }
  }
}
