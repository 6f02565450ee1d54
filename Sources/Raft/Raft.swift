import PlantedBugs
import WireFormat

/// Raft: the consensus core. It keeps equal logs on the members of a cluster and says what is committed.
///
/// It follows Ongaro's thesis "Consensus: Bridging Theory and Practice" (2014) and the paper "In Search of an
/// Understandable Consensus Algorithm" (extended version); bare section numbers in comments are the paper's.
///
/// A `Raft` is a value without IO, clock or randomness of its own: `step` takes one input and appends the
/// effects that its surroundings must carry out. Equal inputs give equal effects. The story of a node:
///
/// - `Raft+Elections`: it asks for votes when it hears no leader, and gives its own.
/// - `Raft+Following`: as a follower it takes the leader's entries.
/// - `Raft+Replication`, `Raft+Commit`: as a leader it sends its entries, and counts who has them on disk.
/// - `Raft+Reads`, `Raft+Transfer`, `Raft+Snapshots`, `Raft+MembershipChange`: the rest of a leader's work.
///
/// What must be on disk before others may hear of it is kept by `WriteQueue` and `HeldMessages`.
public struct Raft: Hashable, Sendable {
  public let id: NodeID
  public let settings: Settings

  /// All entries up to this index are committed, as far as this node knows.
  public internal(set) var commitIndex: Index
  /// All entries up to this index have been handed out to be applied.
  public internal(set) var appliedIndex: Index

  /// The disks that belong to the cluster; nil while this node's own is not known to. A node without it follows and
  /// learns, but neither votes nor asks for votes: what it promised on an earlier disk it may have forgotten.
  public internal(set) var admission: Admission?

  var hardState: HardState
  var log: Log
  var memberships: MembershipHistory
  var latestSnapshot: Snapshot
  var state: RoleState
  /// When a node that does not lead looks for a new leader.
  var electionDeadline: Instant = .never
  /// The highest commit index that a leader of the current term has told in this life; its own, if that is
  /// this node.
  var toldCommit: Index = 0

  var writes: WriteQueue
  var held = HeldMessages()
  var random: SplitMix64
  /// The latest input's time; a clock that goes back is not followed.
  var now: Instant
  /// What the current step has produced so far; empty between steps.
  var output: [Effect] = []
  /// What was last told of who leads.
  var announced: Leadership

  /// A node as it was on disk. `start` must be called before the first `step`.
  ///
  /// - Parameters:
  ///   - restored: What the store gave back. If it contradicts itself, the node halts at its start.
  ///   - seed: Differs from member to member (equal ones split votes for ever, etcd #15784) and from start to
  ///     start (a read's answer from before a restart must not fit a new read).
  public init(id: NodeID, settings: Settings, restored: Restored, seed: UInt64, at now: Instant) {
    self.id = id
    self.settings = settings
    self.now = now
    hardState = restored.hardState
    admission = restored.admission
    latestSnapshot = restored.snapshot
    random = SplitMix64(seed: seed ^ (id.rawValue &* 0x9e37_79b9_7f4a_7c15))
    announced = Leadership(term: restored.hardState.term, leader: nil, isLeader: false)

    let snapshot = restored.snapshot.position
    log = Log(restored)
    memberships = MembershipHistory(restored.snapshot.membership, at: snapshot.index)
    appliedIndex = snapshot.index
    commitIndex = max(snapshot.index, min(restored.commit, log.last.index))
    writes = WriteQueue(durableIndex: log.last.index)
    if let defect = restored.defect {
      state = .halted(reason: defect)
      return
    }
    state = .following(Following(leader: nil, lastHeard: now, verified: commitIndex))
    if log.last.index > snapshot.index {
      for entry in log.entries(snapshot.index + 1...log.last.index) { memberships.append(entry) }
    }
    resetElectionDeadline()
  }

  /// Hands out what is known to be committed from before: the snapshot, and the entries after it.
  public mutating func start(into effects: inout [Effect]) {
    if case .halted(let reason) = state {
      effects.append(.halted(reason: reason))
      return
    }
    if latestSnapshot.position.index > 0 { output.append(.restore(latestSnapshot)) }
    applyCommitted()
    finishStep(into: &effects)
  }

  /// Takes one input and appends what is to be done about it.
  public mutating func step(_ input: Input, at now: Instant, into effects: inout [Effect]) {
    self.now = max(self.now, now)
    if case .halted = state {
      if let token = input.token { effects.append(.refused(token: token, .halted)) }
      return
    }
    switch input {
    case .timer: timePassed()
    case .message(let message): receive(message)
    case .propose(let token, let commands): propose(commands, token: token)
    case .changeMembers(let token, let voters, let learners):
      changeMembers(voters: voters, learners: learners, token: token)
    case .read(let token): read(token: token)
    case .transfer(let target): transferLeadership(to: target)
    case .stored(let id): writesCompleted(through: id)
    case .writeFailed(let id, let reason): halt("write \(id) to the log failed: \(reason)")
    case .snapshot(let index, let state): save(state, at: index)
    case .admit(let admission): admit(admission)
    case .unreachable(let node): connectionBroke(to: node)
    }
    finishStep(into: &effects)
  }

  /// When `.timer` is due.
  public var nextDeadline: Instant {
    switch state {
    case .following(let following): min(electionDeadline, following.reads.deadline)
    case .campaigning: electionDeadline
    case .leading(let leading): leading.nextHeartbeat
    case .halted: .never
    }
  }

  private mutating func timePassed() {
    switch state {
    case .following, .campaigning:
      forwardedReadsDue()
      if now >= electionDeadline { electionTimedOut() }
    case .leading(let leading):
      if now >= leading.nextHeartbeat { heartbeatDue() }
    case .halted:
      break
    }
  }

  /// One write for all changes of the step. It goes first: the disk is the slowest.
  private mutating func finishStep(into effects: inout [Effect]) {
    if let write = writes.flush(last: log.last.index, commit: commitIndex, at: now) {
      effects.append(.write(write))
    }
    let leadership = Leadership(term: term, leader: leader, isLeader: isLeader)
    if leadership != announced {
      announced = leadership
      effects.append(.leadership(leadership))
    }
    effects.append(contentsOf: output)
    output.removeAll(keepingCapacity: true)
  }

  private mutating func writesCompleted(through id: WriteID) {
    guard writes.complete(through: id) else { return }
    if writes.hardStateIsDurable {
      for message in held.release() { output.append(.send(message)) }
    }
    switch state {
    case .following: acknowledge()
    case .campaigning: countOwnVote()
    case .leading: commitWhatAMajorityHas()
    case .halted: break
    }
  }
}

// MARK: - What the roles share

extension Raft {
  /// Higher than any honest term or index: a message beyond it is malformed, and sums below cannot overflow.
  static let limit: UInt64 = 1 << 62

  /// Sends a message in the current term, as soon as term and vote are on disk.
  mutating func send(_ body: Message.Body, to node: NodeID) {
    let message = Message(from: id, to: node, term: term, body: body)
    if writes.hardStateIsDurable || planted(.voteBeforeSync) {
      output.append(.send(message))
    } else {
      held.hold(message)
    }
  }

  /// The only place where term and vote change. The vote is forgotten when the term rises, and only then
  /// (microsoft/CCF #8094).
  mutating func change(_ hardState: HardState) {
    precondition(
      hardState.term > term || (hardState.term == term && self.hardState.vote == nil),
      "the term never falls, and a vote once given stands")
    if hardState.term > term {
      held.discard()
      toldCommit = 0
    }
    self.hardState = hardState
    if planted(.termNotStored), hardState.vote == nil { return }
    writes.replace(hardState)
  }

  /// Stops for good. What the step wanted to do besides is dropped.
  mutating func halt(_ reason: String) {
    let reads = waitingTokens
    output.removeAll()
    held.discard()
    writes.dropPending()
    for token in reads { output.append(.refused(token: token, .halted)) }
    output.append(.halted(reason: reason))
    state = .halted(reason: reason)
  }

  /// Whether the disk has not answered for so long that this node must neither lead nor ask to
  /// (hashicorp/raft #503, etcd #15247).
  var diskIsStalled: Bool {
    guard let oldest = writes.oldestIssuedAt, !planted(.stalledDiskLeads) else { return false }
    return oldest + settings.electionTimeout.lowerBound <= now
  }
}

extension Input {
  /// The token of a request that must be answered.
  fileprivate var token: UInt64? {
    switch self {
    case .propose(let token, _), .changeMembers(let token, _, _), .read(let token): token
    default: nil
    }
  }
}
