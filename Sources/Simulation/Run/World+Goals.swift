import Cluster
import Manager
import Raft

// MARK: Goals

extension World {
  /// Whether a goal is met now; those that need a fresh request are met by `ScenarioRun`'s.
  func meets(_ goal: Scenario.Goal) -> Bool {
    switch goal {
    case .allApplied: hasAllApplied
    case .oneLeader: hasOneLeader
    case .onePrimary: hasOnePrimary
    case .desiredIsActual: runsWhatIsWanted
    case .allPurged: hasPurgedAll
    case .levelRaised: newestState?.featureLevel == understoodByAll
    case .freshIntent, .freshRow: true
    }
  }

  private var hasAllApplied: Bool {
    let applied = taken.map { machines[$0].manager?.state.appliedIndex }
    return applied.allSatisfy { $0 != nil && $0 == applied[0] }
  }

  private var hasOneLeader: Bool {
    guard let leader else { return false }
    let id = machines[leader].id
    return taken.allSatisfy { machines[$0].manager?.raft.leader == id }
  }

  /// All machines but those whose disk was replaced: they stand aside until an operator takes them in again.
  var taken: [Int] { machines.indices.filter { !machines[$0].disk.isStranger } }

  private var hasOnePrimary: Bool {
    guard let databases = newestState?.databases.values else { return false }
    return databases.allSatisfy { database in
      let name = database.specification.name
      let isReplicated =
        if case .sync = database.mode { true } else { database.specification.zones.count < 2 }
      return isReplicated && machines.count { $0.databases[name]?.server == .primary } == 1
    }
  }

  private var runsWhatIsWanted: Bool {
    guard let state = newestState else { return false }
    let wanted = state.services.values.reduce(0) { $0 + state.wantedTasks(of: $1) }
    let containers = machines.map(\.containers.running)
    let running = containers.reduce(0) { $0 + $1.count { $0.isWell } }
    let present = containers.reduce(0) { $0 + $1.count }
    let isServing = machines.indices.allSatisfy { index in
      let own = machines[index].containers.running.count { $0.isWell }
      return own == 0 || serving(at: index).count >= own
    }
    return running == wanted && present == wanted && isServing && misconfigured == nil
      && state.services.values.allSatisfy { $0.rollout?.isMoving != true }
      && isSpread(containers.map(\.count))
  }

  /// A machine whose server, as the primary, is not as its database's specification says; nil if there is none.
  private var misconfigured: String? {
    for (name, database) in newestState?.databases ?? SortedMap() {
      let machine = machines.first { machine in
        machine.name == database.primary
          && machine.databases[name]?.configuration != database.specification
      }
      if let machine { return machine.name }
    }
    return nil
  }

  /// No zone has two tasks more than another, unless a node of it is drained.
  private func isSpread(_ counts: [Int]) -> Bool {
    let isDrained = newestState?.nodes.values.contains { $0.availability == .drained } ?? false
    guard !isDrained else { return true }
    let zones = dataZones.map { zone in
      machines.indices.filter { machines[$0].zone == zone }.reduce(0) { $0 + counts[$1] }
    }
    return (zones.max() ?? 0) - (zones.min() ?? 0) <= 1
  }

  private var understoodByAll: FeatureLevel? { taken.map { machines[$0].configuration.featureLevel }.min() }

  private var hasPurgedAll: Bool {
    guard let state = newestState else { return false }
    return state.caches.values.allSatisfy { $0.position >= state.purges.last }
  }

  /// A page that some cache still holds though its purge was acknowledged; nil if there is none.
  var stalePage: (path: String, machine: String)? {
    for edit in edits where answer(to: edit.token) == .purged {
      for machine in machines where machine.node.cache != nil {
        if let version = machine.cache.version(of: edit.path), version < edit.edition {
          return (edit.path, machine.name)
        }
      }
    }
    return nil
  }

  /// What the leader reports not to work.
  private var problems: [String] {
    guard let leader, let manager = machines[leader].manager else { return [] }
    return manager.view(at: machines[leader].clock.local(at: now)).reports.flatMap(\.report.problems)
  }

  /// Why a goal is not met, for people.
  func shortfall(of goal: Scenario.Goal) -> String {
    switch goal {
    case .allApplied:
      "applied: "
        + machines.map { "\($0.name) \($0.manager.map { "\($0.state.appliedIndex)" } ?? "down")" }
        .joined(separator: ", ")
    case .oneLeader:
      "leaders: "
        + machines.map { machine in
          let leader = machine.manager?.raft.leader.map { "\($0)" } ?? "none"
          return "\(machine.name) follows \(leader)"
        }.joined(separator: ", ")
    case .onePrimary:
      "database \(newestState?.databases.values.first?.mode.summary ?? "unknown"), servers "
        + machines.map { "\($0.name) \($0.databases[ExampleStack.database]?.server ?? .stopped)" }
        .joined(separator: ", ")
        + ", problems \(problems)"
    case .desiredIsActual:
      "containers "
        + machines.indices.map { index in
          let running = machines[index].containers.running
          return
            "\(machines[index].name) \(running.count { $0.isWell })/\(running.count) serving \(serving(at: index).count)"
        }.joined(separator: ", ")
        + ", wanted \(newestState.map { state in state.services.values.map { state.wantedTasks(of: $0) } } ?? [])"
        + ", rollouts \(newestState?.services.values.compactMap(\.rollout?.phase) ?? []), server not as deployed: \(misconfigured ?? "none"), problems \(problems)"
    case .allPurged:
      "positions \(newestState?.caches.values.map(\.position) ?? []) of \(newestState?.purges.last ?? 0)"
    case .levelRaised:
      "feature level \(newestState?.featureLevel.rawValue ?? 0), understood by all \(understoodByAll?.rawValue ?? 0)"
    case .freshIntent, .freshRow: "\(goal.rawValue)"
    }
  }
}
