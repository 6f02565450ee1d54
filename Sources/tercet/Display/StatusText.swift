import ManagerAPI

/// `tercet status` for people: within 80 columns, what is wrong first.
struct StatusText {
  let status: ClusterStatus
  let terminal: Terminal

  var text: String {
    ([head] + [managers, services, databases, caches].filter { !$0.isEmpty }).joined(separator: "\n")
  }

  private var head: String {
    let leader = status.leader.map { "led by \($0.name) (zone \($0.zone))" } ?? "without a leader"
    let title = "\(status.cluster), \(leader), term \(status.term), index \(status.commitIndex)\n"
    guard !status.problems.isEmpty else { return title + terminal.paint("All is well.", .green) + "\n" }
    return title + status.problems.map { terminal.paint("! \($0)", .red) + "\n" }.joined()
  }

  private var managers: String {
    var table = TextTable(["manager", "zone", "state", "applied", "tasks taken"])
    for manager in status.managers {
      let node = status.nodes.first { $0.name == manager.name }
      let state =
        manager.complaint != nil
        ? "stands aside"
        : !manager.reachable ? "unreachable" : manager.name == status.leader?.name ? "leader" : "ready"
      table.add([
        manager.name, manager.zone, state, manager.appliedIndex.map(String.init) ?? "-",
        node.map { $0.health == "lost" ? "no, lost" : $0.availability == "drained" ? "no, drained" : "yes" }
          ?? "-",
      ])
    }
    return table.text + "\n"
  }

  private var services: String {
    guard !status.services.isEmpty else { return "" }
    var table = TextTable(["service", "at work", "rollout"])
    for service in status.services {
      table.add([
        service.name, "\(service.serving)/\(service.wanted)", service.rollout?.phase.words ?? "-",
      ])
    }
    return table.text + "\n"
  }

  private var databases: String {
    guard !status.databases.isEmpty else { return "" }
    var table = TextTable(["database", "mode", "primary", "secondary", "writes"])
    for database in status.databases {
      table.add([
        database.name, database.mode, database.primary ?? "-", database.secondary ?? "-",
        database.writable ? "yes" : "no",
      ])
    }
    return table.text + "\n"
  }

  private var caches: String {
    guard !status.caches.isEmpty else { return "" }
    var table = TextTable(["cache", "node", "state", "lacks"])
    for cache in status.caches {
      table.add([
        cache.name, cache.node, cache.reachable ? "reachable" : "unreachable",
        (cache.lag.map { $0 == 1 ? "1 purge" : "\($0) purges" } ?? "everything")
          + (cache.lag == 0 ? "" : ", oldest \(cache.age)"),
      ])
    }
    return table.text + "\n"
  }
}
