import Manager
import Raft

/// Counts how often this manager has seen the leader change.
struct LeaderWatch {
  private let gateway: any ManagerGateway
  private let changes: Counter

  /// Leaders last for seconds at least; the view changes far more often.
  private static let interval = Swift.Duration.seconds(1)

  init(gateway: any ManagerGateway, registry: MetricsRegistry) {
    self.gateway = gateway
    changes = registry.counter(
      "tercet_raft_leader_changes_total", help: "Times that this manager has seen another leader than before."
    )
  }

  /// Watches until it is cancelled.
  func run() async {
    var last = await gateway.view().leadership.leader
    for await _ in await gateway.changes() {
      let leader = await gateway.view().leadership.leader
      if let leader, leader != last {
        changes.add()
        last = leader
      }
      try? await _Concurrency.Task.sleep(for: Self.interval)
    }
  }
}
