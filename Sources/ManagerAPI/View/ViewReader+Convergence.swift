import Cluster
import Raft

// When a change has come to its end: what `tercet deploy` waits for.

extension ViewReader {
  /// Whether nothing is left to do for a service: as many tasks of its present revision as are wanted are
  /// placed, each is at work by its node's own fresh word, no other task is left or on its way out, and no
  /// rollout moves.
  func isConverged(_ name: ServiceName, _ service: ServiceState) -> Bool {
    let tasks = state.tasks(of: name)
    return service.rollout?.isMoving != true
      && tasks.count == state.wantedTasks(of: service)
      && tasks.allSatisfy { $0.revision == service.revision && isAtWork($0, service) }
      && !hasLeavingTasks(name)
  }

  /// Whether a task does what it is there for: it gets traffic; or it is well and no traffic can be led to it;
  /// or it was to run to its end and did.
  func isAtWork(_ task: Task, _ service: ServiceState) -> Bool {
    guard let report = report(of: task.id) else { return false }
    switch report.phase {
    case .serving: return true
    case .well: return !awaitsTraffic(task, service)
    case .ended(succeeded: true, _): return service.specification.restart.condition != .any
    case .preparing, .starting, .unhealthy, .ended(succeeded: false, _): return false
    }
  }

  private func awaitsTraffic(_ task: Task, _ service: ServiceState) -> Bool {
    let isBalanced = service.balancedPorts(of: task.revision).contains { $0.transport == .tcp }
    return isBalanced && state.nodes[task.node]?.description.runsBalancer == true
  }
}
