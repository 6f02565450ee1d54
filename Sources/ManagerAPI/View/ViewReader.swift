import Cluster
package import Manager
import Raft

/// Reads a manager's view and turns it into the documents that operators are shown. Pure.
package struct ViewReader {
  let view: ClusterView
  private let taskReports: [TaskID: TaskReport]
  private let freshReports: [String: Report]
  /// Running tasks that the log no longer wants: their nodes stop them, at once or when enough others serve.
  private let leavingTasks: [TaskReport]

  package init(_ view: ClusterView) {
    self.view = view
    var tasks: [TaskID: TaskReport] = [:]
    var reports: [String: Report] = [:]
    for received in view.reports where received.age <= view.maximumReportAge {
      reports[received.report.description.name] = received.report
      for task in received.report.tasks { tasks[task.task] = task }
    }
    taskReports = tasks
    freshReports = reports
    leavingTasks = tasks.values.filter { !$0.hasEnded && view.state.tasks[$0.task] == nil }
  }

  var state: State { view.state }

  /// What a node says of the present; nil when it has not spoken lately.
  func freshReport(of node: String) -> Report? { freshReports[node] }

  /// What a task's node says of it at present.
  func report(of task: TaskID) -> TaskReport? { taskReports[task] }

  /// Whether a container of the service still runs that the log no longer wants. Its name tells the service.
  func hasLeavingTasks(_ name: ServiceName) -> Bool {
    let prefix = "\(name.stack)_\(name.service)."
    return leavingTasks.contains { $0.name.hasPrefix(prefix) }
  }

  func zone(of node: String) -> String? { state.nodes[node]?.zone }
}

extension TaskReport {
  fileprivate var hasEnded: Bool {
    if case .ended = phase { true } else { false }
  }
}
