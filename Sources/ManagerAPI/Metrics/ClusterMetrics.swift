import Cluster
import Manager
import Raft

/// The cluster in Prometheus' format, as this manager sees it. Each manager shows the whole, so a scrape of
/// any one suffices; what is true of the manager alone (`tercet_raft_…`) differs.
struct ClusterMetrics {
  let reader: ViewReader
  let version: String

  func write(to text: inout PrometheusText) {
    writeBuild(to: &text)
    writeRaft(to: &text)
    writeManagers(to: &text)
    writeServices(to: &text)
    writeDatabases(to: &text)
    writeCaches(to: &text)
  }

  private func writeBuild(to text: inout PrometheusText) {
    text.single(
      "tercet_build_info", .gauge, help: "Always 1; the labels tell version, cluster and node.", 1,
      labels: [
        MetricLabel("version", version), MetricLabel("cluster", reader.state.cluster),
        MetricLabel("node", reader.view.node),
      ])
  }

  private func writeRaft(to text: inout PrometheusText) {
    let leadership = reader.view.leadership
    text.single("tercet_raft_term", .gauge, help: "The term of the Raft log.", Double(leadership.term))
    text.single(
      "tercet_raft_commit_index", .gauge, help: "Entries up to this index are on a majority's disks.",
      Double(reader.view.commitIndex))
    text.single(
      "tercet_raft_applied_index", .gauge, help: "Entries up to this index are applied here.",
      Double(reader.state.appliedIndex))
    text.single(
      "tercet_raft_is_leader", .gauge, help: "1 if this manager leads.", leadership.isLeader ? 1 : 0)
    text.single(
      "tercet_raft_has_leader", .gauge, help: "1 if this manager knows a leader.",
      leadership.leader == nil ? 0 : 1)
  }

  private func writeManagers(to text: inout PrometheusText) {
    text.family(
      "tercet_manager_reachable", .gauge, help: "1 if this manager has lately heard from that one.")
    for manager in reader.view.managers {
      text.sample(
        manager.isReachable ? 1 : 0,
        labels: [MetricLabel("manager", manager.name), MetricLabel("zone", manager.zone)])
    }
    text.family("tercet_node_lost", .gauge, help: "1 if the node counts as lost.")
    for node in reader.state.nodes.values {
      text.sample(
        node.health == .lost ? 1 : 0,
        labels: [MetricLabel("node", node.name), MetricLabel("zone", node.zone)])
    }
    text.family(
      "tercet_node_problems", .gauge,
      help: "What does not work on the node, or was done in another way within the hour; see tercet status.")
    for received in reader.view.reports {
      text.sample(
        Double(received.report.problems.count),
        labels: [MetricLabel("node", received.report.description.name)])
    }
  }

  private func writeServices(to text: inout PrometheusText) {
    let services = reader.services()
    func labels(_ service: ServiceStatus) -> [MetricLabel] { [MetricLabel("service", service.name)] }
    text.family("tercet_service_tasks_wanted", .gauge, help: "Tasks that the service should have.")
    for service in services { text.sample(Double(service.wanted), labels: labels(service)) }
    text.family("tercet_service_tasks_serving", .gauge, help: "Tasks of the service that are at work.")
    for service in services { text.sample(Double(service.serving), labels: labels(service)) }
    text.family(
      "tercet_service_converged", .gauge, help: "1 if nothing is left to do for the service.")
    for service in services { text.sample(service.converged ? 1 : 0, labels: labels(service)) }
    text.family(
      "tercet_service_rollout_failures", .gauge, help: "Tasks that failed in the service's last rollout.")
    for service in services {
      text.sample(Double(service.rollout?.failures ?? 0), labels: labels(service))
    }
  }

  private func writeDatabases(to text: inout PrometheusText) {
    let databases = reader.databases()
    func labels(_ database: DatabaseStatus) -> [MetricLabel] { [MetricLabel("database", database.name)] }
    text.family(
      "tercet_database_mode", .gauge, help: "Always 1; the label tells the mode that the log gives.")
    for database in databases {
      text.sample(1, labels: labels(database) + [MetricLabel("mode", database.mode)])
    }
    text.family("tercet_database_epoch", .gauge, help: "Rises with each step of the database.")
    for database in databases { text.sample(Double(database.epoch), labels: labels(database)) }
    text.family("tercet_database_writable", .gauge, help: "1 if the primary's server says it takes writes.")
    for database in databases { text.sample(database.writable ? 1 : 0, labels: labels(database)) }
    text.family(
      "tercet_database_replicated", .gauge, help: "1 if every acknowledged commit is on two nodes.")
    for database in databases { text.sample(database.replicated ? 1 : 0, labels: labels(database)) }
    text.family(
      "tercet_database_standby_lag_bytes", .gauge,
      help: "Bytes of the primary's log that the standby has not replayed.")
    for database in databases {
      for server in database.servers {
        guard let lag = server.lagBytes else { continue }
        text.sample(Double(lag), labels: labels(database) + [MetricLabel("node", server.node)])
      }
    }
  }

  private func writeCaches(to text: inout PrometheusText) {
    let caches = reader.caches
    func labels(_ cache: CacheStatus) -> [MetricLabel] {
      [MetricLabel("cache", cache.name), MetricLabel("node", cache.node)]
    }
    text.family("tercet_cache_reachable", .gauge, help: "1 if the cache's node reports and reaches it.")
    for cache in caches { text.sample(cache.reachable ? 1 : 0, labels: labels(cache)) }
    text.family(
      "tercet_cache_position_index", .gauge, help: "Purges up to this index of the log are applied there.")
    for cache in caches { text.sample(Double(cache.position), labels: labels(cache)) }
    text.family(
      "tercet_cache_pending_purges", .gauge,
      help: "Purges the cache still lacks; missing when it must forget everything.")
    for cache in caches {
      guard let lag = cache.lag else { continue }
      text.sample(Double(lag), labels: labels(cache))
    }
    text.family("tercet_cache_bans", .gauge, help: "Bans on the cache's list.")
    for cache in caches {
      guard let bans = cache.bans else { continue }
      text.sample(Double(bans), labels: labels(cache))
    }
    text.family(
      "tercet_cache_stale_seconds", .gauge,
      help: "Age of the oldest purge the cache lacks; missing when that is not known.")
    for cache in caches {
      guard let stale = cache.staleMilliseconds else { continue }
      text.sample(Double(stale) / 1_000, labels: labels(cache))
    }
    writeCounts(of: caches, labels, to: &text)
    text.single(
      "tercet_purge_last_index", .gauge, help: "The index of the newest purge; compare with the caches'.",
      Double(reader.state.purges.last))
  }
  private func writeCounts(
    of caches: [CacheStatus], _ labels: (CacheStatus) -> [MetricLabel], to text: inout PrometheusText
  ) {
    let families: [(String, PrometheusText.MetricType, String, KeyPath<CacheCounts, UInt64>)] = [
      ("tercet_cache_objects", .gauge, "Objects the cache holds.", \.objects),
      ("tercet_cache_hits_total", .counter, "Requests the cache answered from what it holds.", \.hits),
      ("tercet_cache_misses_total", .counter, "Requests for which the cache had to ask.", \.misses),
    ]
    for (name, type, help, path) in families {
      text.family(name, type, help: help)
      for cache in caches {
        guard let counts = cache.counts else { continue }
        text.sample(Double(counts[keyPath: path]), labels: labels(cache))
      }
    }
  }
}
