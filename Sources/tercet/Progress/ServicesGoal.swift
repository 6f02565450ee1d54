import ManagerAPI

/// Services that are to be as they were last asked for.
struct ServicesGoal: Goal {
  let index: UInt64
  /// `stack/service`.
  let names: [String]

  func progress(in report: ProgressReport) -> Progress {
    var rolledBack: [String] = []
    var stuck: [String] = []
    var isMoving = false
    for name in names {
      guard let service = report.services.first(where: { $0.name == name }) else {
        return .failed("\(name) was removed meanwhile")
      }
      switch service.rollout?.phase {
      // Only what this change brought counts, not what became of an earlier one.
      case .rolledBack where service.rollout?.from == index: rolledBack.append("\(name): \(service.why)")
      case .paused where service.rollout?.touches(index) == true: stuck.append("\(name): \(service.why)")
      default: isMoving = isMoving || !service.converged
      }
    }
    if isMoving { return .moving }
    if !rolledBack.isEmpty { return .rolledBack("rolled back: " + rolledBack.joined(separator: "; ")) }
    if !stuck.isEmpty { return .stuck("the rollout is paused: " + stuck.joined(separator: "; ")) }
    return .done
  }

  func items(in report: ProgressReport) -> [ProgressDisplay.Item] {
    report.services.filter { names.contains($0.name) }.flatMap(Self.items)
  }

  static func items(_ service: ServiceStatus) -> [ProgressDisplay.Item] {
    let rollout = service.rollout.map { $0.phase == .completed ? "" : ", \($0.phase.words)" } ?? ""
    let head = ProgressDisplay.Item(
      name: service.name, text: "\(service.serving) of \(service.wanted) at work\(rollout)")
    return [head]
      + service.tasks.map { task in
        ProgressDisplay.Item(
          name: "  \(service.name).\(task.slot)\(task.wanted ? "" : " (old)")",
          text: "\(task.phase.rawValue) on \(task.node), \(task.image)\(task.message.map { ": \($0)" } ?? "")"
        )
      }
  }
}

extension ServiceStatus {
  fileprivate var why: String {
    let failure = tasks.first { $0.phase == .failed }?.message
    return (rollout?.reason ?? "no reason was given") + (failure.map { " (\($0))" } ?? "")
  }
}

extension RolloutStatus {
  /// Whether this change is what the entry asked for, or the way back from it.
  fileprivate func touches(_ index: UInt64) -> Bool { from == index || to == index }
}

extension RolloutStatus.Phase {
  var words: String {
    switch self {
    case .updating: "updating"
    case .paused: "paused"
    case .completed: "completed"
    case .rollingBack: "rolling back"
    case .rolledBack: "rolled back"
    }
  }
}
