import ManagerAPI

/// Waits for what a command has set going, and shows how it goes on.
struct Waiting {
  let client: OperatorClient
  let options: WaitOptions
  let isSilent: Bool
  /// Only this stack's services have to be watched.
  var stack: String?

  /// - Returns: the report in which the goal was reached.
  /// - Throws: `CommandFailure` with the exit code for what happened instead.
  func wait(for goal: some Goal) async throws -> ProgressReport {
    try await withThrowingTaskGroup(of: ProgressReport?.self) { group in
      group.addTask { try await follow(goal) }
      group.addTask {
        try await Task.sleep(for: options.timeout.duration)
        return nil
      }
      defer { group.cancelAll() }
      guard let report = try await group.next() ?? nil else {
        throw CommandFailure(
          .unfinished, "not finished within \(options.timeout); the cluster goes on, see `tercet ps`")
      }
      return report
    }
  }

  private func follow(_ goal: some Goal) async throws -> ProgressReport {
    var display = ProgressDisplay(isSilent: isSilent)
    for try await report in client.progress(ofStack: stack, after: goal.index) {
      // A manager that is behind shows what was before the change.
      guard report.appliedIndex >= goal.index, report.isCurrent else { continue }
      display.show(goal.items(in: report))
      switch goal.progress(in: report) {
      case .moving: continue
      case .done: return report
      case .rolledBack(let reason): throw CommandFailure(.rolledBack, reason)
      case .stuck(let reason): throw CommandFailure(.unfinished, reason)
      case .failed(let reason): throw CommandFailure(.error, reason)
      }
    }
    throw CommandFailure(.error, "the manager ended the stream")
  }
}
