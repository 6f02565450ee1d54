import Raft

/// A cluster in a world where everything goes wrong, as one seed decides: messages are lost, doubled, late
/// and out of order, links break one way or both, nodes crash, pause and restart, disks hang and lose what
/// was not synced. Then the faults end, and the cluster must recover.
package struct RaftWorld {
  private enum Event {
    case deliver(Message)
    case sync(NodeID)
    case snapshot(NodeID, life: UInt64, Index, [UInt8])
    case start(NodeID)
    case read(NodeID)
    case clients
    case fault
  }
  private struct Link: Hashable {
    let from: NodeID
    let to: NodeID
  }
  private struct PendingRead {
    let token: UInt64
    let node: NodeID
    /// What was committed when the read began: its answer may not be older.
    let committed: Index
  }

  package let seed: UInt64
  package private(set) var cluster: RaftCluster
  package private(set) var steps = 0
  /// A fingerprint of all that happened.
  package private(set) var digest: UInt64 = 0
  package private(set) var readsAnswered = 0
  /// What happened, in words, if wanted.
  package private(set) var trace: [String] = []

  private let keepsTrace: Bool
  private let changesMembers: Bool
  private var random: RandomSource
  private var events = EventQueue<Event>()
  private var now: Instant = .origin
  private var faultsEnd: Instant
  private var cuts: Set<Link> = []
  private var isSyncing: [Bool]
  private var stalledUntil: [Instant]
  private var pausedUntil: [Instant]
  /// Reads that wait for their answers, in the order of their tokens.
  private var reads: [PendingRead] = []
  private var tokens: UInt64 = 0
  private var ids: [NodeID]
  private var hasClients = true
  // What this world is like.
  private var lossPercent: Int
  private var doublePercent: Int
  private var delay: ClosedRange<Int>
  private var diskDelay: ClosedRange<Int>
  private let faultPause: ClosedRange<Int>
  private let clientPause: ClosedRange<Int>

  package init(seed: UInt64, keepsTrace: Bool = false) {
    var random = RandomSource(seed: seed)
    let voters = random.pick([3, 3, 3, 3, 5, 2, 1])
    let learners = random.chance(25) ? 1 : 0
    // All of these fit each other.
    let settings = try! Settings(
      maximumInFlightMessages: random.pick([1, 2, 4, 64]),
      maximumInFlightBytes: random.pick([100, 1_000, 1 << 20]),
      maximumAppendBytes: random.pick([1, 100, 400, 1 << 19]),
      maximumUncommittedBytes: random.pick([200, 5_000, 1 << 25]),
      snapshotChunkBytes: random.pick([1, 3, 10, 1 << 18]),
      entriesKeptAfterSnapshot: random.pick([0, 0, 1, 5, 50]))
    self.seed = seed
    self.keepsTrace = keepsTrace
    changesMembers = random.chance(40)
    cluster = RaftCluster(
      voters, learners: learners, strangers: changesMembers ? 2 : 0, settings: settings, seed: seed)
    ids = cluster.nodes.map(\.id)
    isSyncing = ids.map { _ in false }
    stalledUntil = ids.map { _ in .origin }
    pausedUntil = ids.map { _ in .origin }
    lossPercent = random.pick([0, 0, 1, 5, 20])
    doublePercent = random.pick([0, 1, 5, 20])
    delay = random.pick([100...300, 100...5_000, 1_000...30_000, 100...150_000])
    diskDelay = random.pick([50...200, 100...5_000, 1_000...60_000])
    faultPause = random.pick([20...200, 100...1_000, 500...3_000])
    clientPause = random.pick([2...20, 10...60, 50...300])
    faultsEnd = .origin + .milliseconds(random.int(2_000...10_000))
    self.random = random
    events.add(.clients, at: now)
    events.add(.fault, at: now + .milliseconds(random.int(0...1_000)))
  }

  /// The first broken promise; nil if all were kept.
  package mutating func run() -> String? {
    run(until: faultsEnd)
    healEverything()
    run(until: now + .seconds(8))
    let elections = cluster.elections
    run(until: now + .seconds(2))
    return cluster.violation ?? recovered(sameLeaderSince: elections)
  }

  // MARK: The loop

  private mutating func run(until end: Instant) {
    while cluster.violation == nil {
      let timer = nextTimer
      guard min(timer.time, events.nextTime) <= end else { break }
      if timer.time < events.nextTime {
        now = max(now, timer.time)
        step(ids[timer.slot], .timer)
      } else {
        now = max(now, events.nextTime)
        guard let event = events.next() else { break }
        handle(event)
      }
    }
    now = max(now, end)
  }

  private var nextTimer: (time: Instant, slot: Int) {
    var best = (time: Instant.never, slot: 0)
    for (slot, node) in cluster.nodes.enumerated() {
      guard let raft = node.raft else { continue }
      let due = max(raft.nextDeadline, pausedUntil[slot])
      if due < best.time { best = (due, slot) }
    }
    return best
  }

  private mutating func handle(_ event: Event) {
    switch event {
    case .deliver(let message):
      let slot = cluster.slot(message.to)
      if pausedUntil[slot] > now {
        events.add(event, at: pausedUntil[slot])
      } else if !cuts.contains(Link(from: message.from, to: message.to)) {
        step(message.to, .message(message))
      }
    case .sync(let node): sync(node)
    case .snapshot(let node, let life, let index, let state):
      if cluster.isUp(node), cluster.nodes[cluster.slot(node)].lives == life {
        step(node, .snapshot(index: index, state: state))
      }
    case .start(let node):
      guard !cluster.isUp(node) else { break }
      note("start \(node)")
      cluster.now = now
      cluster.start(node)
      afterStep(node)
    case .read(let node): read(at: node)
    case .clients: clients()
    case .fault: fault()
    }
  }

  private mutating func step(_ node: NodeID, _ input: Input) {
    guard cluster.isUp(node) else { return }
    steps += 1
    cluster.now = now
    if keepsTrace { note("\(node) <- \(input)") }
    cluster.step(node, input)
    afterStep(node)
  }

  private mutating func afterStep(_ node: NodeID) {
    let raft = cluster[node]
    for value in [
      node.rawValue, raft.term, raft.commitIndex, raft.lastPosition.index, UInt64(now.nanoseconds),
    ] {
      digest = (digest ^ value) &* 0x100_0000_01b3
    }
    sendAll()
    checkAnswers()
    let slot = cluster.slot(node)
    if !isSyncing[slot], !cluster.nodes[slot].disk.waiting.isEmpty {
      isSyncing[slot] = true
      events.add(.sync(node), at: now + .microseconds(random.int(diskDelay)))
    }
  }

  private mutating func sync(_ node: NodeID) {
    let slot = cluster.slot(node)
    let free = max(stalledUntil[slot], pausedUntil[slot])
    if free > now {
      events.add(.sync(node), at: free)
      return
    }
    isSyncing[slot] = false
    guard cluster.isUp(node) else { return }
    steps += 1
    cluster.now = now
    note("\(node) synced")
    cluster.sync(node, random.int(1...4))
    afterStep(node)
  }

  private mutating func sendAll() {
    var messages: [Message] = []
    swap(&messages, &cluster.network)
    for message in messages {
      if keepsTrace { note("  \(message.from) -> \(message.to) term \(message.term) \(message.body)") }
      guard !cuts.contains(Link(from: message.from, to: message.to)) else { continue }
      if random.chance(doublePercent) {
        // Some are very late, so that old terms and old logs come back.
        let late = random.chance(20) ? random.int(0...4_000_000) : random.int(delay)
        events.add(.deliver(message), at: now + .microseconds(late))
      }
      if random.chance(lossPercent) { continue }
      events.add(.deliver(message), at: now + .microseconds(random.int(delay)))
    }
  }

  private mutating func checkAnswers() {
    for (node, effect) in cluster.answers {
      if keepsTrace { note("  \(node) answers \(effect)") }
      switch effect {
      case .readReady(let token, let index):
        guard let read = takeRead(token), read.node == node else {
          fail("\(node) answered read \(token) twice")
          break
        }
        readsAnswered += 1
        if index < read.committed { fail("\(node) read at \(index) after \(read.committed) was committed") }
      case .refused(let token, _): _ = takeRead(token)
      case .halted(let reason): fail("\(node) halted: \(reason)")
      default: break
      }
    }
    cluster.answers = []
  }

  private mutating func takeRead(_ token: UInt64) -> PendingRead? {
    reads.firstIndex { $0.token == token }.map { reads.remove(at: $0) }
  }

  private mutating func fail(_ text: String) { cluster.fail(text) }

  private mutating func note(_ text: String) {
    guard keepsTrace else { return }
    trace.append("\(now.nanoseconds / 1_000) µs, step \(steps): \(text)")
  }
}

// MARK: - Clients

extension RaftWorld {
  private mutating func clients() {
    guard hasClients else { return }
    events.add(.clients, at: now + .milliseconds(random.int(clientPause)))
    let node = random.pick(ids)
    guard cluster.isUp(node) else { return }
    guard pausedUntil[cluster.slot(node)] <= now else {
      // A sleeper's first work when it wakes, before its timers: a deposed leader must not answer.
      events.add(.read(node), at: pausedUntil[cluster.slot(node)])
      return
    }
    switch random.int(1...100) {
    case ...45:
      let proposer = cluster.leader ?? node
      tokens += 1
      let commands = (0..<random.int(1...3)).map { _ in random.bytes(random.int(0...40)) }
      step(random.chance(90) ? proposer : node, .propose(token: tokens, commands: commands))
    case ...85:
      read(at: random.chance(50) ? cluster.leader ?? node : node)
    case ...88 where now < faultsEnd:
      step(cluster.leader ?? node, .transfer(to: random.chance(50) ? nil : random.pick(ids)))
    case ...91 where changesMembers && now < faultsEnd:
      changeMembers(at: cluster.leader ?? node)
    case ...93:
      step(node, .unreachable(random.pick(ids)))
    default:
      takeSnapshot(at: node)
    }
  }

  private mutating func changeMembers(at node: NodeID) {
    tokens += 1
    var voters: [NodeID] = []
    var learners: [NodeID] = []
    for id in ids {
      if random.chance(60) { voters.append(id) } else if random.chance(50) { learners.append(id) }
    }
    step(node, .changeMembers(token: tokens, voters: voters, learners: learners))
  }

  private mutating func read(at node: NodeID) {
    guard cluster.isUp(node), pausedUntil[cluster.slot(node)] <= now else { return }
    tokens += 1
    reads.append(
      PendingRead(
        token: tokens, node: node, committed: cluster.committedIndex))
    step(node, .read(token: tokens))
  }

  /// The state is taken now and handed over a little later, as a slow writer would.
  private mutating func takeSnapshot(at node: NodeID) {
    let copy = cluster.nodes[cluster.slot(node)]
    guard let raft = copy.raft, copy.machine.index > raft.snapshotPosition.index else { return }
    events.add(
      .snapshot(node, life: copy.lives, copy.machine.index, copy.machine.bytes),
      at: now + .milliseconds(random.int(0...50)))
  }
}

// MARK: - Faults

extension RaftWorld {
  private mutating func fault() {
    guard now < faultsEnd else { return }
    events.add(.fault, at: now + .milliseconds(random.int(faultPause)))
    let node = random.pick(ids)
    let slot = cluster.slot(node)
    switch random.int(1...10) {
    case 1, 2: crash(node)
    case 3: cut(from: node, to: random.pick(ids), bothWays: random.chance(50))
    case 4: isolate(node)
    case 5: isolate(cluster.leader ?? node)
    case 6: stalledUntil[slot] = now + .milliseconds(random.int(50...3_000))
    case 7: pausedUntil[slot] = now + .milliseconds(random.int(50...3_000))
    case 8: for id in ids where random.chance(70) { crash(id) }
    default: cuts = []
    }
  }

  /// Power fails; of the unsynced writes the first few may have reached the disk.
  private mutating func crash(_ node: NodeID) {
    guard cluster.isUp(node) else { return }
    note("crash \(node)")
    let unsynced = cluster.nodes[cluster.slot(node)].disk.waiting.count
    cluster.crash(node, survivingWrites: random.chance(50) ? 0 : random.int(0...unsynced))
    reads.removeAll { $0.node == node }
    events.add(.start(node), at: now + .milliseconds(random.int(0...2_000)))
  }

  private mutating func cut(from: NodeID, to: NodeID, bothWays: Bool) {
    note("cut \(from) to \(to)\(bothWays ? " and back" : "")")
    cuts.insert(Link(from: from, to: to))
    if bothWays { cuts.insert(Link(from: to, to: from)) }
  }

  private mutating func isolate(_ node: NodeID) {
    let way = random.int(1...3)
    for other in ids where other != node {
      if way != 1 { cut(from: node, to: other, bothWays: false) }
      if way != 2 { cut(from: other, to: node, bothWays: false) }
    }
  }

  private mutating func healEverything() {
    note("all faults end")
    cuts = []
    lossPercent = 0
    doublePercent = 0
    delay = 100...5_000
    diskDelay = 50...500
    for slot in ids.indices {
      stalledUntil[slot] = now
      pausedUntil[slot] = now
      if !cluster.isUp(ids[slot]) { events.add(.start(ids[slot]), at: now) }
    }
  }

  /// After the faults: one leader that stays, all logs equal, and a fresh write and read at every node.
  private mutating func recovered(sameLeaderSince elections: Int) -> String? {
    guard let leader = cluster.leader else { return "no leader after the faults" }
    guard cluster.elections == elections else { return "the leader does not stay" }
    hasClients = false
    run(until: now + .seconds(1))
    let goal = cluster[leader].commitIndex + 1
    step(leader, .propose(token: 0, commands: [[1, 2, 3]]))
    run(until: now + .seconds(1))
    let members = cluster[leader].membership.members
    for id in members { read(at: id) }
    run(until: now + .seconds(1))
    if cluster[leader].membership.isJoint { return "the membership is still joint" }
    if let violation = cluster.violation { return violation }
    for id in members {
      let raft = cluster[id]
      if raft.appliedIndex < goal { return "\(id) has applied \(raft.appliedIndex), not \(goal)" }
      if !raft.isCurrent { return "\(id) does not know that it is up to date" }
      if raft.leader != leader { return "\(id) follows \(String(describing: raft.leader)), not \(leader)" }
    }
    let old = reads.filter { $0.committed < goal }
    return old.isEmpty ? nil : "reads without an answer: \(old.count)"
  }
}
