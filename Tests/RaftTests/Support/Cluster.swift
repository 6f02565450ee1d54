import Raft
import Simulation

/// A few nodes on one table: their messages and their disks move only when a test says so. The invariants of
/// `RaftInvariants` are checked after every step.
struct Cluster {
  struct Node {
    let id: NodeID
    /// Nil while it is down.
    var raft: Raft?
    var disk: SimulatedDisk
    var machine = StateMachine()
    var lives: UInt64 = 0
    var halted: String?
  }

  let settings: Settings
  private let seed: UInt64
  var now: Instant = .origin
  private(set) var nodes: [Node]
  /// Messages on their way.
  var network: [Message] = []
  /// What the nodes told their callers.
  var answers: [(node: NodeID, effect: Effect)] = []
  private var invariants = RaftInvariants()
  /// The first thing that a test or a disk found wrong.
  private var complaint: String?
  private var effects: [Effect] = []

  /// Members with the ids 1, 2 and so on: voters, then learners, then strangers that belong to no membership.
  init(_ count: Int, learners: Int = 0, strangers: Int = 0, settings: Settings = .standard, seed: UInt64 = 1)
  {
    let ids = (1...UInt64(count + learners + strangers)).map { NodeID($0) }
    let membership = Membership(
      voters: Array(ids[..<count]), learners: Array(ids[count..<count + learners]))
    self.init(
      ids.map { ($0, .fresh(membership.isMember($0) ? membership : Membership(voters: []))) },
      settings: settings, seed: seed)
  }

  init(_ disks: [(NodeID, Restored)], settings: Settings = .standard, seed: UInt64 = 1) {
    self.settings = settings
    self.seed = seed
    nodes = disks.map { Node(id: $0.0, disk: SimulatedDisk($0.1)) }
    for disk in disks { invariants.exists(disk.0, store: disk.1) }
    for node in nodes { start(node.id) }
  }

  // MARK: Looking

  func slot(_ id: NodeID) -> Int { nodes.firstIndex { $0.id == id }! }

  subscript(_ id: NodeID) -> Raft { nodes[slot(id)].raft! }

  mutating func fail(_ text: String) { complaint = complaint ?? text }

  /// The first promise that was broken.
  var violation: String? { complaint ?? invariants.violation?.description }

  func disk(_ id: NodeID) -> SimulatedDisk { nodes[slot(id)].disk }

  /// The end of what is committed.
  var committedIndex: Index { invariants.committedIndex }
  var elections: Int { invariants.elections }
  var truncations: Int { invariants.truncations }
  var restores: Int { invariants.restores }

  var ids: [NodeID] { nodes.map(\.id) }

  func isUp(_ id: NodeID) -> Bool { nodes[slot(id)].raft != nil }

  /// The leader of the highest term.
  var leader: NodeID? {
    nodes.filter { $0.raft?.isLeader == true }.max { $0.raft!.term < $1.raft!.term }?.id
  }

  // MARK: Lives

  mutating func start(_ id: NodeID) {
    let slot = slot(id)
    nodes[slot].lives += 1
    nodes[slot].machine = StateMachine()
    nodes[slot].halted = nil
    var raft = Raft(
      id: id, settings: settings, restored: nodes[slot].disk.durable,
      seed: seed &* 1_000_003 &+ id.rawValue &* 7_919 &+ nodes[slot].lives, at: now)
    raft.start(into: &effects)
    nodes[slot].raft = raft
    invariants.started(raft, from: nodes[slot].disk.durable)
    carryOut(slot)
  }

  mutating func crash(_ id: NodeID, survivingWrites count: Int = 0) {
    let slot = slot(id)
    nodes[slot].raft = nil
    invariants.crashed(id, survivingWrites: count)
    nodes[slot].disk.crash(surviving: count)
  }

  // MARK: Steps

  mutating func step(_ id: NodeID, _ input: Input) {
    let slot = slot(id)
    guard nodes[slot].raft != nil else { return }
    nodes[slot].raft!.step(input, at: now, into: &effects)
    carryOut(slot)
  }

  /// Syncs the oldest writes of a node and tells it.
  mutating func sync(_ id: NodeID, _ count: Int = .max) {
    let slot = slot(id)
    let last = nodes[slot].disk.sync(count)
    if let complaint = nodes[slot].disk.complaint { fail("\(id) \(complaint)") }
    guard let last else { return }
    invariants.stored(through: last, by: id)
    step(id, .stored(last))
  }

  private mutating func carryOut(_ slot: Int) {
    let id = nodes[slot].id
    var todo: [Effect] = []
    swap(&todo, &effects)
    for effect in todo {
      switch effect {
      case .write(let write):
        invariants.wrote(write, by: id)
        nodes[slot].disk.submit(write)
      case .send(let message):
        invariants.sent(message)
        network.append(message)
      case .apply(let entries):
        for entry in entries { apply(entry, at: slot) }
      case .restore(let snapshot):
        nodes[slot].machine = StateMachine(snapshot.state)
        tellState(of: slot)
      case .halted(let reason):
        nodes[slot].halted = reason
        answers.append((id, effect))
      case .appended, .refused, .readReady, .leadership:
        answers.append((id, effect))
      }
    }
    if let raft = nodes[slot].raft { invariants.stepped(raft) }
  }

  private mutating func apply(_ entry: Entry, at slot: Int) {
    if entry.index != nodes[slot].machine.index + 1 {
      fail("\(nodes[slot].id) applied \(entry.index) after \(nodes[slot].machine.index)")
    }
    nodes[slot].machine.apply(entry)
    tellState(of: slot)
  }

  private mutating func tellState(of slot: Int) {
    let machine = nodes[slot].machine
    invariants.applied(machine.index, digest: machine.digest, at: nodes[slot].id)
  }
}

// MARK: - Moving things by hand

extension Cluster {
  /// Delivers the messages that are on their way now and satisfy the condition.
  mutating func deliver(where condition: (Message) -> Bool = { _ in true }) {
    let due = network.filter(condition)
    network.removeAll(where: condition)
    for message in due where nodes.contains(where: { $0.id == message.to }) {
      step(message.to, .message(message))
    }
  }

  mutating func drop(where condition: (Message) -> Bool = { _ in true }) {
    network.removeAll(where: condition)
  }

  /// Delivers and syncs until nothing moves any more. Messages that do not satisfy the condition are lost.
  mutating func settle(where condition: (Message) -> Bool = { _ in true }) {
    while !network.isEmpty || nodes.contains(where: { $0.raft != nil && !$0.disk.waiting.isEmpty }) {
      drop { !condition($0) }
      deliver()
      for node in nodes where node.raft != nil { sync(node.id) }
    }
  }

  /// Lets time pass, with all timers on time, and settles after each.
  mutating func pass(_ duration: Duration, where condition: (Message) -> Bool = { _ in true }) {
    let end = now + duration
    settle(where: condition)
    while let next = nodes.compactMap({ $0.raft?.nextDeadline }).min(), next <= end {
      now = max(now, next)
      for node in nodes where node.raft.map({ $0.nextDeadline <= now }) ?? false { step(node.id, .timer) }
      settle(where: condition)
    }
    now = end
  }

  /// Makes a node the leader: its election timer fires first.
  mutating func elect(_ id: NodeID) {
    now = max(now, nodes.compactMap { $0.raft?.nextDeadline }.max() ?? now)
    now = max(now, self[id].nextDeadline) + settings.electionTimeout.upperBound
    step(id, .timer)
    settle()
  }

  /// Proposes one command at the leader.
  mutating func propose(_ command: UInt8, at id: NodeID, token: UInt64 = 0) {
    step(id, .propose(token: token, commands: [[command]]))
  }

  mutating func takeAnswers() -> [Effect] {
    defer { answers = [] }
    return answers.map(\.effect)
  }
}
