/// What is wrong with a cluster, from its status document: the sentences with which `tercet status` begins.
struct Diagnosis {
  private let status: ClusterStatus

  init(_ status: ClusterStatus) { self.status = status }

  /// The worst first.
  var problems: [String] {
    leadership + managers + databases + services + caches + nodes
  }

  private var leadership: [String] {
    var problems: [String] = []
    if status.leader == nil { problems.append("no leader is known: nothing can be changed") }
    if !status.isCurrent {
      problems.append("\(status.answeredBy) has not heard from a leader since it started: this may be old")
    } else if let warning = ViewAge.warning(status.answeredBy, status.unconfirmedMilliseconds) {
      problems.append(warning)
    }
    return problems
  }

  private var managers: [String] {
    status.managers.compactMap { manager in
      let name = "manager \(manager.name) in zone \(manager.zone)"
      if let complaint = manager.complaint { return "\(name): \(complaint)" }
      return manager.reachable ? nil : "\(name) is not reachable from \(status.answeredBy)"
    }
  }

  private var databases: [String] {
    status.databases.flatMap { database -> [String] in
      if !database.writable { return ["database \(database.name) is not writable: \(database.summary)"] }
      let isSafe = database.replicated || database.zones.count < 2
      return isSafe ? [] : ["database \(database.name) is not replicated: \(database.summary)"]
    }
  }

  private var services: [String] {
    status.services.flatMap { service -> [String] in
      var problems: [String] = []
      if service.serving < service.wanted {
        problems.append("service \(service.name): \(service.serving) of \(service.wanted) tasks at work")
      }
      switch service.rollout?.phase {
      case .paused: problems.append("service \(service.name): rollout paused: \(service.why)")
      case .rollingBack: problems.append("service \(service.name): rolling back: \(service.why)")
      case .rolledBack: problems.append("service \(service.name): rolled back: \(service.why)")
      case .updating, .completed, nil: break
      }
      return problems
    }
  }

  private var caches: [String] {
    status.caches.flatMap { cache -> [String] in
      if !cache.reachable { return ["cache \(cache.name) is not reachable; \(cache.backlog)"] }
      guard let lag = cache.lag, lag < Self.noticeableLag else {
        return ["cache \(cache.name): \(cache.backlog)"]
      }
      return []
    }
  }

  private var nodes: [String] {
    status.nodes.flatMap { node -> [String] in
      let lost = node.health == "lost" ? ["node \(node.name) in zone \(node.zone) is lost"] : []
      let drained = node.availability == "drained" ? ["node \(node.name) is drained"] : []
      return lost + drained + node.problems.map { "node \(node.name): \($0)" }
    }
  }

  /// On a busy site some purges are always on their way.
  private static let noticeableLag = 1_000
}

extension ClusterStatus.Service {
  fileprivate var why: String { rollout?.reason ?? "no reason was given" }
}

extension CacheStatus {
  fileprivate var backlog: String {
    switch lag {
    case nil:
      "it missed more purges than are kept, or was never purged, and will be emptied on its return\(age)"
    case 0: "it lacks no purge"
    case 1: "it lacks 1 purge\(age)"
    case let count?: "it lacks \(count) purges\(age)"
    }
  }
  private var age: String {
    guard staleSinceMilliseconds != nil, let staleMilliseconds else { return "" }
    return ", the oldest for \(staleMilliseconds / 1_000) s"
  }
}
