import Cluster

/// What a task does for its service at the moment, as far as is known.
enum Contribution: Int, Comparable {
  case nothing
  /// Its node is lost; cut off, it may still run.
  case outOfSight
  /// Not yet, when its node last spoke: it may by now.
  case starting
  /// Nobody has said yet.
  case unknown
  case serves

  static func < (left: Contribution, right: Contribution) -> Bool { left.rawValue < right.rawValue }
}

extension ServicePlan {
  /// Finds out what each task does for the service. A manager that has only just started does not know yet what runs
  /// on its node, nor a new leader what the nodes say: what nobody has said to serve may do so for a while.
  mutating func assess(_ timers: inout Timers, _ look: inout Look) {
    for (task, standing) in places.flatMap(\.tasks) {
      contributions[task.id] =
        switch (standing, situation.phase(of: task)) {
        case (.finished, _): .serves
        case (.lost, _): .outOfSight
        case (_, .serving?): .serves
        case (_, .starting?): .starting
        case (_, .unhealthy?), (_, .ended?): .nothing
        // That this manager has heard nothing of its node says nothing of the task, however long that lasts.
        case (_, nil) where situation.reports[task.node] == nil: .unknown
        case (_, .well?), (_, .preparing?), (_, nil):
          timers.hasHeld("not serving \(task.id)", for: settings.nodeLostAfter, &look) ? .nothing : .unknown
        }
    }
  }

  func contribution(of task: Task) -> Contribution { contributions[task.id] ?? .nothing }

  /// What is left of a place's contribution by what was decided before.
  func contribution(of place: Place) -> Contribution {
    place.tasks.filter { !remove.contains($0.task.id) }.map { contribution(of: $0.task) }.max() ?? .nothing
  }
}
