import Cluster
import Raft

/// How a committed task stands against what is wanted now.
enum Standing: Hashable {
  /// The right revision on the right node; `serving` once it does its work.
  case good(serving: Bool)
  /// It ended with a success and is not to run again.
  case finished
  /// It ended or is unhealthy, and is to be replaced.
  case failed(message: String)
  /// Its node is lost.
  case lost
  /// Its node is drained or no longer fits the service's constraints.
  case leaving
  /// It runs an older revision.
  case outdated

  var isServing: Bool { self == .good(serving: true) || self == .finished }

  var isGood: Bool {
    if case .good = self { true } else { false }
  }

  var isFailed: Bool {
    if case .failed = self { true } else { false }
  }

  /// Whether it keeps its place for now: it does its work, or will soon.
  var holds: Bool {
    switch self {
    case .good, .finished, .leaving, .outdated: true
    case .failed, .lost: false
    }
  }
}

extension Situation {
  func standing(of task: Task, in service: ServiceState) -> Standing {
    guard let node = state.nodes[task.node], node.health == .ready else { return .lost }
    let restart = service.specification.restart
    switch phase(of: task) {
    case .ended(let succeeded, let message)?:
      let isOver = restart.isOver(succeeded: succeeded)
      // An old revision that is over still makes way for the new one.
      if isOver, task.revision == service.revision { return .finished }
      if !isOver { return .failed(message: message) }
    case .unhealthy?:
      return .failed(message: "its health check fails")
    case .serving?, .well?, .starting?, .preparing?, nil:
      break
    }
    if !node.takesTasks || !node.satisfies(service.specification.placement.constraints) {
      return .leaving
    }
    if task.revision != service.revision { return .outdated }
    return .good(serving: phase(of: task) == .serving)
  }
}

/// The tasks that fill one place of a service: one, or two while one takes over from the other.
struct Place {
  var slot: Int
  /// A global service's place is a node.
  var node: String?
  /// By age, the newest last; never empty.
  var tasks: [(task: Task, standing: Standing)]
}

extension Situation {
  /// A service's filled places, by slot (and node).
  func places(of name: ServiceName, _ service: ServiceState) -> [Place] {
    let isGlobal = service.specification.mode == .global
    var places: [Place] = []
    for task in state.tasks(of: name) {
      let entry = (task: task, standing: standing(of: task, in: service))
      let known = places.firstIndex { $0.slot == task.slot && (!isGlobal || $0.node == task.node) }
      if let known {
        places[known].tasks.append(entry)
      } else {
        places.append(Place(slot: task.slot, node: isGlobal ? task.node : nil, tasks: [entry]))
      }
    }
    return places
  }

  /// Whether some node still has a container of a slot that is no longer wanted: what runs first must be gone
  /// before a stop-first service starts the next.
  func hasLeftover(of name: ServiceName, slot: Int) -> Bool {
    let prefix = "\(name.stack)_\(name.service).\(slot)."
    return reports.contains { node, report in
      report.tasks.contains { $0.name.hasPrefix(prefix) && state.tasks[$0.task] == nil }
        && state.nodes[node]?.health == .ready
    }
  }
}
