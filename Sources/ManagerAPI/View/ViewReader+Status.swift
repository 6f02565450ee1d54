package import Cluster
import Manager
package import Raft

extension ViewReader {
  var leader: ClusterStatus.Leader? {
    view.managers.first { $0.id == view.leadership.leader }.map { .init(name: $0.name, zone: $0.zone) }
  }

  /// `GET /v1/status`.
  package var status: ClusterStatus {
    var status = ClusterStatus(
      cluster: state.cluster, answeredBy: view.node, isCurrent: view.isCurrent,
      unconfirmedMilliseconds: view.unconfirmedFor.milliseconds, leader: leader, term: view.leadership.term,
      commitIndex: view.commitIndex, appliedIndex: state.appliedIndex,
      managers: managers, nodes: state.nodes.values.map(status(of:)), stacks: state.stacks,
      services: serviceSummaries, databases: databases(), caches: caches, problems: [])
    let used = view.managers.map(\.id) + state.managers.removed
    status.nextManagerID = used.max().map { $0.rawValue + 1 }
    status.problems = Diagnosis(status).problems
    return status
  }

  /// `GET /v1/services`.
  package func serviceList(ofStack stack: String?) -> ServiceList {
    ServiceList(
      appliedIndex: state.appliedIndex, answeredBy: view.node, isCurrent: view.isCurrent,
      unconfirmedMilliseconds: view.unconfirmedFor.milliseconds, services: services(ofStack: stack))
  }

  /// `GET /v1/watch`.
  package func progress(ofStack stack: String?) -> ProgressReport {
    let nodes = state.nodes.values
    return ProgressReport(
      appliedIndex: state.appliedIndex, answeredBy: view.node, isCurrent: view.isCurrent,
      leader: leader?.name, services: services(ofStack: stack), databases: databases(ofStack: stack),
      caches: caches,
      lostNodes: nodes.filter { $0.health == .lost }.map(\.name),
      drainedNodes: nodes.filter { $0.availability == .drained }.map(\.name))
  }

  /// `GET /v1/history`.
  package func history(after index: Index) -> HistoryPage {
    HistoryPage(
      appliedIndex: state.appliedIndex, answeredBy: view.node,
      unconfirmedMilliseconds: view.unconfirmedFor.milliseconds,
      records: state.history.records(after: index).map(HistoryPage.Record.init))
  }

  /// `GET /v1/stacks/NAME`: the stack as it is deployed, scaled services with their present number of tasks.
  package func stack(named name: String) -> Stack? {
    guard state.stacks.contains(name) else { return nil }
    return Stack(
      name: name, services: state.services.filter { $0.0.stack == name }.map(\.1.specification),
      databases: state.databases.values.filter { $0.stack == name }.map(\.specification))
  }

  private var managers: [ClusterStatus.Manager] {
    view.managers.map {
      .init(
        name: $0.name, zone: $0.zone, reachable: $0.isReachable, appliedIndex: $0.appliedIndex,
        complaint: $0.complaint, id: $0.id.rawValue, part: $0.isVoter ? "voter" : "learner",
        address: $0.address)
    }
  }

  private func status(of node: Node) -> ClusterStatus.Node {
    let received = view.reports.first { $0.report.description.name == node.name }
    return ClusterStatus.Node(
      name: node.name, zone: node.zone, address: node.description.address,
      availability: node.availability == .active ? "active" : "drained",
      health: node.health == .ready ? "ready" : "lost",
      reportAgeMilliseconds: received?.age.milliseconds, problems: received?.report.problems ?? [],
      version: node.description.version)
  }

  private var serviceSummaries: [ClusterStatus.Service] {
    services().map {
      .init(
        name: $0.name, wanted: $0.wanted, serving: $0.serving, converged: $0.converged, rollout: $0.rollout)
    }
  }
}

extension HistoryPage.Record {
  init(_ record: HistoryRecord) {
    let reply = IntentReply(Applied(index: record.index, outcome: record.outcome))
    self.init(
      index: record.index, wallClockMilliseconds: record.wallClockMilliseconds, origin: record.origin,
      summary: record.summary, outcome: reply.outcome, reason: reply.reason)
  }
}
