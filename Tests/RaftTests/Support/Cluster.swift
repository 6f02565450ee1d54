import Raft

/// A few nodes on one table: their messages and their disks move only when a test says so. The invariants of
/// `Ledger` are checked after every step.
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
  private(set) var ledger = Ledger()
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
    for node in nodes { start(node.id) }
  }

  // MARK: Looking

  func slot(_ id: NodeID) -> Int { nodes.firstIndex { $0.id == id }! }

  subscript(_ id: NodeID) -> Raft { nodes[slot(id)].raft! }

  mutating func fail(_ text: String) { ledger.fail(text) }

  func disk(_ id: NodeID) -> SimulatedDisk { nodes[slot(id)].disk }

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
    ledger.restarted(id, raft, from: nodes[slot].disk)
    carryOut(slot, before: raft)
  }

  mutating func crash(_ id: NodeID, survivingWrites count: Int = 0) {
    let slot = slot(id)
    nodes[slot].raft = nil
    nodes[slot].disk.crash(surviving: count)
  }

  // MARK: Steps

  mutating func step(_ id: NodeID, _ input: Input) {
    let slot = slot(id)
    guard let before = nodes[slot].raft else { return }
    nodes[slot].raft!.step(input, at: now, into: &effects)
    carryOut(slot, before: before)
  }

  /// Syncs the oldest writes of a node and tells it.
  mutating func sync(_ id: NodeID, _ count: Int = .max) {
    let slot = slot(id)
    let last = nodes[slot].disk.sync(count)
    if let complaint = nodes[slot].disk.complaint { ledger.fail("\(id) \(complaint)") }
    if let last { step(id, .stored(last)) }
  }

  private mutating func carryOut(_ slot: Int, before: Raft) {
    let id = nodes[slot].id
    let raft = nodes[slot].raft!
    var todo: [Effect] = []
    swap(&todo, &effects)
    for effect in todo {
      switch effect {
      case .write(let write):
        if raft.isLeader { checkMemberships(write, after: before.membership) }
        ledger.wrote(write, by: id, before: { before.termOfEntry(at: $0) }, after: raft)
        nodes[slot].disk.submit(write)
      case .send(let message):
        checkSent(message, by: slot)
        network.append(message)
      case .apply(let entries):
        for entry in entries { apply(entry, at: slot) }
      case .restore(let snapshot):
        nodes[slot].machine = StateMachine(snapshot.state)
        ledger.restored(snapshot, to: nodes[slot].machine, by: id)
      case .halted(let reason):
        nodes[slot].halted = reason
        answers.append((id, effect))
      case .appended, .refused, .readReady, .leadership:
        answers.append((id, effect))
      }
    }
    if nodes[slot].halted == nil { ledger.stepped(id, raft, settings: settings) }
  }

  /// Each membership's quorums overlap with those of the one before.
  private mutating func checkMemberships(_ write: Write, after before: Membership) {
    var previous = before
    for case .membership(let next) in write.entries.map(\.payload) {
      let isSameVoters = next.voters == previous.voters && next.outgoing.isEmpty
      let isJoined = next.outgoing == previous.voters && !previous.isJoint
      if !isSameVoters, !isJoined { ledger.fail("\(next) follows \(previous)") }
      previous = next
    }
  }

  private mutating func checkSent(_ message: Message, by slot: Int) {
    let leader = nodes.first { $0.id == message.to }?.raft
    ledger.sent(message, disk: nodes[slot].disk) { index in
      guard let leader, leader.isLeader, leader.term == message.term else { return nil }
      return leader.termOfEntry(at: index)
    }
  }

  private mutating func apply(_ entry: Entry, at slot: Int) {
    if entry.index != nodes[slot].machine.index + 1 {
      ledger.fail("\(nodes[slot].id) applied \(entry.index) after \(nodes[slot].machine.index)")
    }
    nodes[slot].machine.apply(entry)
    let membership = nodes[slot].raft!.membership
    ledger.applied(
      entry, to: nodes[slot].machine, by: nodes[slot].id, in: nodes[slot].raft!.term
    ) { position in
      let holders = nodes.filter { $0.disk.holds(position) }.map(\.id)
      func isMajority(_ voters: [NodeID]) -> Bool {
        voters.filter(holders.contains).count > voters.count / 2
      }
      return isMajority(membership.voters)
        && (membership.outgoing.isEmpty || isMajority(membership.outgoing))
    }
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
