import Cluster
import DequeModule
import Manager
import Raft

extension ViewReader {
  /// All services, or those of one stack, by name.
  package func services(ofStack stack: String? = nil) -> [ServiceStatus] {
    state.services.filter { stack == nil || $0.0.stack == stack }.map { status(of: $0.0, $0.1) }
  }

  func status(of name: ServiceName, _ service: ServiceState) -> ServiceStatus {
    let tasks = state.tasks(of: name)
    return ServiceStatus(
      name: name.description, image: service.specification.template.image, revision: service.revision,
      wanted: state.wantedTasks(of: service), serving: tasks.count { isAtWork($0, service) },
      converged: isConverged(name, service), rollout: service.rollout.map(RolloutStatus.init),
      tasks: tasks.map { status(of: $0, service) })
  }

  private func status(of task: Task, _ service: ServiceState) -> TaskStatus {
    let (phase, message) = phase(of: task)
    return TaskStatus(
      id: task.id.description, service: task.service.description, slot: task.slot, node: task.node,
      zone: zone(of: task.node), revision: task.revision,
      image: service.template(of: task.revision)?.image ?? "",
      wanted: task.revision == service.revision, phase: phase, message: message,
      placedMilliseconds: placedMilliseconds(task.id))
  }

  private func phase(of task: Task) -> (TaskStatus.Phase, message: String?) {
    guard freshReport(of: task.node) != nil else { return (.unknown, nil) }
    guard let report = report(of: task.id) else { return (.pending, nil) }
    return switch report.phase {
    case .preparing: (.preparing, nil)
    case .starting: (.starting, nil)
    case .well: (.well, nil)
    case .serving: (.serving, nil)
    case .unhealthy: (.unhealthy, nil)
    case .ended(true, let message): (.completed, message.isEmpty ? nil : message)
    case .ended(false, let message): (.failed, message.isEmpty ? nil : message)
    }
  }

  /// The entry that placed the task stands in its identity, and the history remembers that entry's time.
  private func placedMilliseconds(_ task: TaskID) -> Int64? {
    let index = task.placedAt
    let records = state.history.intents
    var low = records.startIndex
    var high = records.endIndex
    while low < high {
      let middle = low + (high - low) / 2
      if records[middle].index < index { low = middle + 1 } else { high = middle }
    }
    guard low < records.endIndex, records[low].index == index else { return nil }
    return records[low].wallClockMilliseconds
  }
}

extension TaskID {
  /// The index of the entry that assigned it, as `State.assign` makes identities.
  var placedAt: Index { rawValue >> 20 }
}

extension RolloutStatus {
  init(_ rollout: Rollout) {
    from = rollout.from
    to = rollout.to
    failures = rollout.failures
    switch rollout.phase {
    case .updating: phase = .updating
    case .completed: phase = .completed
    case .paused(let why): (phase, reason) = (.paused, why)
    case .rollingBack(let why): (phase, reason) = (.rollingBack, why)
    case .rolledBack(let why): (phase, reason) = (.rolledBack, why)
    }
  }
}
