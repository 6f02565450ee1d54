package import Raft

/// A few nodes on one table: their messages and their disks move only when a test says so. The invariants of
/// `RaftInvariants` are checked after every step.
package struct RaftCluster {
  package struct Node {
    package let id: NodeID
    /// Nil while it is down.
    package internal(set) var raft: Raft?
    package internal(set) var disk: RaftDisk
    package internal(set) var machine = ChainMachine()
    package internal(set) var lives: UInt64 = 0
    package internal(set) var halted: String?
  }

  package let settings: Settings
  private let seed: UInt64
  package var now: Instant = .origin
  package private(set) var nodes: [Node]
  /// Messages on their way.
  package var network: [Message] = []
  /// What the nodes told their callers.
  package var answers: [(node: NodeID, effect: Effect)] = []
  private var invariants = RaftInvariants()
  /// The first thing that a test or a disk found wrong.
  private var complaint: String?
  private var effects: [Effect] = []

  /// Members with the ids 1, 2 and so on: voters, then learners, then strangers that belong to no membership.
  package init(
    _ count: Int, learners: Int = 0, strangers: Int = 0, settings: Settings = .standard, seed: UInt64 = 1
  ) {
    let ids = (1...UInt64(count + learners + strangers)).map { NodeID($0) }
    let membership = Membership(
      voters: Array(ids[..<count]), learners: Array(ids[count..<count + learners]))
    self.init(
      ids.map { ($0, .fresh(membership.isMember($0) ? membership : Membership(voters: []))) },
      settings: settings, seed: seed)
  }

  package init(_ disks: [(NodeID, Restored)], settings: Settings = .standard, seed: UInt64 = 1) {
    self.settings = settings
    self.seed = seed
    nodes = disks.map { Node(id: $0.0, disk: RaftDisk($0.1)) }
    for disk in disks { invariants.exists(disk.0, store: disk.1) }
    for node in nodes { start(node.id) }
  }

  // MARK: Looking

  package func slot(_ id: NodeID) -> Int {
    guard let slot = nodes.firstIndex(where: { $0.id == id }) else {
      preconditionFailure("there is no \(id)")
    }
    return slot
  }

  /// A node that is up.
  package subscript(_ id: NodeID) -> Raft {
    guard let raft = nodes[slot(id)].raft else { preconditionFailure("\(id) is down") }
    return raft
  }

  package mutating func fail(_ text: String) { complaint = complaint ?? text }

  /// The first promise that was broken.
  package var violation: String? { complaint ?? invariants.violation?.description }

  package func disk(_ id: NodeID) -> RaftDisk { nodes[slot(id)].disk }

  /// The end of what is committed.
  package var committedIndex: Index { invariants.committedIndex }
  package var elections: Int { invariants.elections }
  package var truncations: Int { invariants.truncations }
  package var restores: Int { invariants.restores }

  package var ids: [NodeID] { nodes.map(\.id) }

  package func isUp(_ id: NodeID) -> Bool { nodes[slot(id)].raft != nil }

  /// The leader of the highest term.
  package var leader: NodeID? {
    nodes.compactMap(\.raft).filter(\.isLeader).max { $0.term < $1.term }?.id
  }

  // MARK: Lives

  package mutating func start(_ id: NodeID) {
    let slot = slot(id)
    nodes[slot].lives += 1
    nodes[slot].machine = ChainMachine()
    nodes[slot].halted = nil
    var raft = Raft(
      id: id, settings: settings, restored: nodes[slot].disk.durable,
      seed: seed &* 1_000_003 &+ id.rawValue &* 7_919 &+ nodes[slot].lives, at: now)
    raft.start(into: &effects)
    nodes[slot].raft = raft
    invariants.started(raft, from: nodes[slot].disk.durable)
    carryOut(slot)
  }

  package mutating func crash(_ id: NodeID, survivingWrites count: Int = 0) {
    let slot = slot(id)
    nodes[slot].raft = nil
    invariants.crashed(id, survivingWrites: count)
    nodes[slot].disk.crash(surviving: count)
  }

  /// An operator rewrites the store of a node that is down.
  package mutating func recover(_ id: NodeID, voters: [NodeID], record: [UInt8]) throws(RecoveryError) {
    let slot = slot(id)
    let recovered = try nodes[slot].disk.durable.recovered(at: id, voters: voters, record: record)
    nodes[slot].disk = RaftDisk(recovered)
    invariants.recovered(id, store: recovered)
  }

  // MARK: Steps

  package mutating func step(_ id: NodeID, _ input: Input) {
    let slot = slot(id)
    guard nodes[slot].raft != nil else { return }
    nodes[slot].raft?.step(input, at: now, into: &effects)
    carryOut(slot)
  }

  /// Syncs the oldest writes of a node and tells it.
  package mutating func sync(_ id: NodeID, _ count: Int = .max) {
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
        nodes[slot].machine = ChainMachine(snapshot.state)
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

extension RaftCluster {
  /// Delivers the messages that are on their way now and satisfy the condition.
  package mutating func deliver(where condition: (Message) -> Bool = { _ in true }) {
    let due = network.filter(condition)
    network.removeAll(where: condition)
    for message in due where nodes.contains(where: { $0.id == message.to }) {
      step(message.to, .message(message))
    }
  }

  package mutating func drop(where condition: (Message) -> Bool = { _ in true }) {
    network.removeAll(where: condition)
  }

  /// Delivers and syncs until nothing moves any more, or a promise is broken. Messages that do not satisfy the condition are lost, and
  /// the disk of `hanging` does nothing.
  package mutating func settle(hanging: NodeID? = nil, where condition: (Message) -> Bool = { _ in true }) {
    func isBusy(_ node: Node) -> Bool {
      node.raft != nil && node.id != hanging && !node.disk.waiting.isEmpty
    }
    while violation == nil, !network.isEmpty || nodes.contains(where: isBusy) {
      drop { !condition($0) }
      deliver()
      for node in nodes where isBusy(node) { sync(node.id) }
    }
  }

  /// Lets time pass, with all timers on time, and settles after each.
  package mutating func pass(
    _ duration: Duration, hanging: NodeID? = nil, where condition: (Message) -> Bool = { _ in true }
  ) {
    let end = now + duration
    settle(hanging: hanging, where: condition)
    while violation == nil, let next = nodes.compactMap({ $0.raft?.nextDeadline }).min(), next <= end {
      now = max(now, next)
      for node in nodes where node.raft.map({ $0.nextDeadline <= now }) ?? false { step(node.id, .timer) }
      settle(hanging: hanging, where: condition)
    }
    now = end
  }

  /// Makes a node the leader: its election timer fires first.
  package mutating func elect(_ id: NodeID) {
    now = max(now, nodes.compactMap { $0.raft?.nextDeadline }.max() ?? now)
    now = max(now, self[id].nextDeadline) + settings.electionTimeout.upperBound
    step(id, .timer)
    settle()
  }

  /// Proposes one command at the leader.
  package mutating func propose(_ command: UInt8, at id: NodeID, token: UInt64 = 0) {
    step(id, .propose(token: token, commands: [[command]]))
  }

  package mutating func takeAnswers() -> [Effect] {
    defer { answers = [] }
    return answers.map(\.effect)
  }
}
