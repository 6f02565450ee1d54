import Cluster
import Manager
import Raft
import WireFormat

/// The rules about managers and their replicated state, checked after every step of a manager at a cost that does not
/// grow with the log.
struct Invariants: Sendable {
  private var raft = RaftInvariants()
  private var requests = RequestRule()
  private var lastApplied: [Index]
  /// The newest report of each node that each machine's manager has, by the node's name.
  private var reports: [[String: (process: UInt64, sequence: UInt64)]]
  /// How many tasks of the example's service must at least serve, newest last, with the time since when.
  private(set) var required: [(count: Int, since: Instant)] = []
  /// The highest index that any manager ever applied.
  private(set) var appliedAnywhere: Index = 0

  /// States are compared at every sixteenth index: hashing one costs more than a step.
  private static let comparisonInterval: Index = 16

  init(machines: [Machine]) {
    lastApplied = Array(repeating: 0, count: machines.count)
    reports = Array(repeating: [:], count: machines.count)
    for machine in machines {
      if let founding = machine.disk.open() { raft.exists(machine.id, store: founding) }
    }
  }

  mutating func started(_ machine: Int, _ manager: Manager, from restored: Restored) -> Violation? {
    raft.started(manager.raft, from: restored)
    lastApplied[machine] = manager.state.appliedIndex
    reports[machine] = [:]
    return raft.violation
  }

  mutating func ended(_ node: NodeID, keeping kept: Int) { raft.crashed(node, survivingWrites: kept) }

  mutating func wiped(_ node: NodeID) { raft.wiped(node) }

  mutating func recovered(_ node: NodeID, log: Restored) { raft.recovered(node, store: log) }

  mutating func stored(_ node: NodeID, _ write: Write) { raft.stored(through: write.id, by: node) }

  mutating func stepped(
    _ machine: Int, _ manager: borrowing Manager, _ effects: [Manager.Effect], bringsReport: Bool,
    at now: Instant
  ) -> Violation? {
    let id = manager.raft.id
    for effect in effects {
      switch effect {
      case .write(let write):
        raft.wrote(write, by: id)
        requests.wrote(write.entries)
      case .send(_, let frame):
        guard PeerMessage.Kind(of: frame) == .raft else { continue }
        if case .raft(let message)? = try? PeerMessage(decoding: frame) { raft.sent(message) }
      default: break
      }
    }
    raft.stepped(manager.raft)
    if bringsReport { checkReports(machine, manager) }
    let applied = manager.state.appliedIndex
    if applied != lastApplied[machine] {
      lastApplied[machine] = applied
      if applied > appliedAnywhere {
        checkRequests(after: appliedAnywhere, manager.state, at: id)
        appliedAnywhere = applied
        note(manager.state, at: now)
      }
      if applied % Self.comparisonInterval == 0 {
        raft.applied(applied, digest: UInt64(bitPattern: Int64(manager.state.hashValue)), at: id)
      }
    }
    return raft.violation
  }

  private mutating func checkReports(_ machine: Int, _ manager: borrowing Manager) {
    for (name, report) in manager.reports {
      let known = reports[machine][name]
      if let known, known.process == report.process, report.sequence <= known.sequence {
        guard report.sequence < known.sequence else { continue }
        raft.fail(
          .reportsInOrder,
          "\(manager.raft.id) takes report \(report.sequence) of \(name) for newer than \(known.sequence)",
          [manager.raft.id])
      }
      reports[machine][name] = (report.process, report.sequence)
    }
  }

  private mutating func checkRequests(after index: Index, _ state: State, at node: NodeID) {
    let newest = min(state.appliedIndex, raft.committedIndex)
    guard index < newest else { return }
    for index in index + 1...newest {
      let position = Position(index: index, term: raft.committed[Int(index) - 1])
      if let text = requests.applied(position, state) {
        raft.fail(.appliedOnce, "\(node): \(text)", [node], index)
      }
    }
  }

  private mutating func note(_ state: State, at now: Instant) {
    guard let service = state.services[ExampleStack.web] else { return }
    let count = state.wantedTasks(of: service) - service.replaceable
    if required.last?.count != count { required.append((count, now)) }
  }

  /// The fewest tasks that had to serve at any time since.
  func fewestRequired(since instant: Instant) -> Int {
    let before = required.last { $0.since <= instant }?.count ?? 0
    return required.filter { $0.since > instant }.reduce(before) { min($0, $1.count) }
  }
}

extension ServiceState {
  /// How many of its tasks a rollout may stop before what replaces them serves.
  fileprivate var replaceable: Int {
    let isRollingBack = if case .rollingBack? = rollout?.phase { true } else { false }
    let policy = isRollingBack ? specification.rollback : specification.update
    return policy.order == .startFirst ? 0 : max(1, policy.parallelism)
  }
}
