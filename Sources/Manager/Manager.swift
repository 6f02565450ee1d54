public import Cluster
import Control
import PlantedBugs
public import Raft
import WireFormat

/// Manager: one manager of the cluster, whole and pure — Raft, the replicated state, the leader's controllers
/// and the node's reconciler behind one `step`. The program and the simulator run this very value.
///
/// What comes in is an `Input`; what it asks of its surroundings are `Effect`s, to be carried out at once and in
/// order. It reads no clock: the caller says what time it is and calls again at `nextDeadline` at the latest.
public struct Manager: Sendable {
  public let configuration: Configuration
  /// This manager's disk.
  public let disk: Incarnation
  public internal(set) var state: State
  package internal(set) var raft: Raft
  var requests: Requests
  var purges = PurgeBuffer()
  var acquaintances = Acquaintances()
  /// All managers, this one included, sorted by identity.
  var roster: [Peer]
  /// Managers that are not let in any more, as it was last told to the link.
  var refused: [NodeID] = []
  /// Why a change of the managers does not go on; nil if nothing hinders it.
  var membershipProblem: String?
  var barriers: [Barrier] = []
  var controllers: Controllers
  var reconciler: Reconciler
  package var reports = SortedMap<String, Report>()
  /// When each node was last heard from, whatever it said.
  var heard = SortedMap<String, Instant>()
  /// What the programs of other managers understand, as they said last.
  var levels = SortedMap<NodeID, UnderstoodLevel>()
  /// Silence counts from here at the earliest: the start, or the end of a pause of this process.
  var listeningSince: Instant
  var leadingSince = Instant.never
  /// The last of the controllers' intents still on its way; 0 when there is none.
  var decidedThrough: Index = 0
  /// A decision that was refused is not made again before this time.
  var decideAfter = Instant.origin
  /// Whether the batch that is being proposed is the controllers'.
  var isDeciding = false
  var lastStep: Instant
  var nextReport: Instant
  var sentReport: Report?
  var reportSequence: UInt64 = 0
  /// When the leader last had no reason to hand leadership to a better place.
  var preferredSince = Instant.never
  var wallClockMilliseconds: Int64 = 0
  var bytesSinceSnapshot = 0
  /// By so many bytes the next snapshot is made earlier.
  var snapshotLead: Int
  var lastApplied: Instant
  /// The bytes of the last snapshot's state.
  var snapshotSize = 0
  /// Whether the state was known to be the cluster's at some time since the start. Before that this node leaves
  /// its containers and servers alone: what it restored may be long out of date.
  var hasBeenCurrent = false
  /// When the state was last known to be the cluster's: the leader, or the majority that this leader has, was heard.
  var confirmedAt: Instant
  /// When it was so again after the start, after this node had been away for as long as makes it a lost one, or with
  /// another leader.
  var returnedAt: Instant
  /// Why the manager has stopped for good; nil while it works.
  public private(set) var haltReason: String?
  /// The state or this node itself changed: the controllers and the reconciler should look.
  var needsLook = true
  /// Another node has told something new, which concerns the leader's controllers and whoever is shown the cluster.
  var hasNews = false

  /// - Parameters:
  ///   - restored: what the log store gave back.
  ///   - disk: the store's own identity, drawn when it was made.
  ///   - nonce: a number that no other process of the cluster has or had, such as 64 random bits.
  public init(
    configuration: Configuration, restored: Restored, disk: Incarnation, nonce: UInt64, at now: Instant
  ) {
    var configuration = configuration
    // As the others read it from a report: a description that differed from its own encoding would be news for ever.
    if let read = try? NodeDescription(decoding: configuration.node.encoded()) { configuration.node = read }
    self.configuration = configuration
    snapshotLead = configuration.snapshotLead
    self.disk = disk
    roster = configuration.managers
    state = State(cluster: configuration.cluster)
    raft = Raft(
      id: configuration.id, settings: configuration.raft, restored: restored, seed: nonce, at: now)
    requests = Requests(nonce: nonce, timeout: configuration.requestTimeout)
    controllers = Controllers(settings: configuration.control)
    reconciler = Reconciler(node: configuration.node.name, cluster: configuration.cluster)
    listeningSince = now
    lastStep = now
    confirmedAt = now
    returnedAt = now
    lastApplied = now
    nextReport = now
  }

  /// To be called once, before the first step: hands over what was restored.
  public mutating func start(at now: Instant, into effects: inout [Effect]) {
    var raftEffects: [Raft.Effect] = []
    raft.start(into: &raftEffects)
    handle(raftEffects, at: now, into: &effects)
    standAsideIfWithdrawn(into: &effects)
    beAdmittedIfAllAgree(at: now, into: &effects)
    finish(at: now, into: &effects)
  }

  public mutating func step(_ input: Input, at now: Instant, into effects: inout [Effect]) {
    guard haltReason == nil else {
      refuse(input, because: haltReason ?? "", into: &effects)
      return
    }
    if case .wallClock(let milliseconds) = input {
      wallClockMilliseconds = milliseconds
      return
    }
    if let reason = acquaintances.refusal {
      stepAside(input, because: reason, at: now, into: &effects)
      return
    }
    notePause(at: now)
    switch input {
    case .timer: stepRaft(.timer, at: now, into: &effects)
    case .wallClock: break
    case .received(let peer, let disk, let frames):
      receive(frames, from: peer, disk: disk, at: now, into: &effects)
    case .disconnected(let peer): stepRaft(.unreachable(peer), at: now, into: &effects)
    case .submit(let submissions): submit(submissions, at: now, into: &effects)
    case .purge(let requested): purge(requested, at: now, into: &effects)
    case .barrier(let token): ask(token, at: now, into: &effects)
    case .stored(let id): stepRaft(.stored(id), at: now, into: &effects)
    case .writeFailed(let id, let reason): stepRaft(.writeFailed(id, reason: reason), at: now, into: &effects)
    case .finished(let action, let result):
      // What the cache has carried out concerns the cache alone: a busy door must not keep everything else looking.
      let ending = reconciler.finish(action, result, at: now)
      if !ending.concernsCachesAlone { needsLook = true }
      if let news = ending.news { effects.append(.warning(news)) }
    case .observed(let observation):
      if reconciler.observe(observation, at: now) { needsLook = true }
    }
    finish(at: now, into: &effects)
  }

  /// When `step(.timer)` is due at the latest.
  public var nextDeadline: Instant {
    if haltReason != nil { return .never }
    if acquaintances.refusal != nil { return nextWord }
    var deadline = min(raft.nextDeadline, nextReport)
    deadline = min(
      deadline, requests.nextDeadline(hasLeader: raft.leader != nil), barriers.map(\.deadline).min() ?? .never
    )
    deadline = min(deadline, reconciler.nextLook, reconciler.nextCacheLook)
    deadline = min(deadline, purges.nextDeadline)
    deadline = min(deadline, nextWord, nextIntroduction)
    if raft.isLeader, raft.isCurrent, decidedThrough == 0 {
      deadline = min(deadline, max(controllers.nextLook, decideAfter))
    }
    return deadline
  }

  public var isLeader: Bool { raft.isLeader }

  /// Neither stopped for good nor standing aside.
  var takesPart: Bool { haltReason == nil && acquaintances.refusal == nil }

  /// The caches of this node that run as tasks of services, and where they take commands: the driver has to be told,
  /// as they come and go.
  public var serviceCaches: [CacheEndpoint]? { reconciler.serviceCaches(state) }

  mutating func halt(_ reason: String, into effects: inout [Effect]) {
    guard haltReason == nil else { return }
    haltReason = reason
    for answer in requests.removeAll() + purges.removeAll() + barriers.map(\.token) {
      effects.append(.answer(answer, .stopped(reason: reason)))
    }
    barriers = []
    effects.append(.halted(reason: reason))
  }

  func refuse(_ input: Input, because reason: String, into effects: inout [Effect]) {
    switch input {
    case .submit(let submissions):
      for submission in submissions { effects.append(.answer(submission.token, .stopped(reason: reason))) }
    case .purge(let requested):
      for request in requested { effects.append(.answer(request.token, .stopped(reason: reason))) }
    case .barrier(let token):
      effects.append(.answer(token, .stopped(reason: reason)))
    default:
      break
    }
  }

  /// A process that was stopped for a while heard nobody; that does not make the others silent.
  private mutating func notePause(at now: Instant) {
    let patience = min(configuration.control.nodeLostAfter, configuration.control.databaseFailoverAfter)
    if (now - lastStep) * 2 > patience, !planted(.pauseForgotten) { listeningSince = now }
    lastStep = max(lastStep, now)
  }

  /// What follows every input: time-outs, the leader's decisions, the node's own actions, the report.
  private mutating func finish(at now: Instant, into effects: inout [Effect]) {
    guard takesPart else { return }
    beAdmittedIfJoined(at: now, into: &effects)
    speakUp(at: now, into: &effects)
    introduceItself(at: now, into: &effects)
    confirm(at: now)
    if isRestDue(at: now) { snapshot(at: now, into: &effects) }
    flushPurges(at: now, into: &effects)
    serveWaiting(at: now, into: &effects)
    if needsLook || now >= reconciler.nextLook {
      reconcile(at: now, into: &effects)
    } else if reconciler.cachesNeedLook || now >= reconciler.nextCacheLook, mayAct {
      for (id, action) in reconciler.reconcileCaches(state, at: now) { effects.append(.perform(id, action)) }
    }
    // Before the controllers look, so that they see their own node's news too.
    // The leader's tells what keeps its controllers from going on, too.
    if needsLook || (hasNews && raft.isLeader) || now >= nextReport { report(at: now, into: &effects) }
    if raft.isLeader { lead(at: now, into: &effects) }
    if needsLook || hasNews { effects.append(.changed) }
    needsLook = false
    hasNews = false
  }

  private var mayAct: Bool { hasBeenCurrent || planted(.actsBeforeCurrent) }

  /// Keeps account of when this node was in touch with the cluster.
  private mutating func confirm(at now: Instant) {
    guard raft.isCurrent else { return }
    if raft.leader != nil {
      if isAway(at: now) || !hasBeenCurrent { returnedAt = now }
      confirmedAt = now
    }
    hasBeenCurrent = true
  }

  /// The leader counts from its last word, and this node goes on believing in it for a while after that.
  private func isAway(at now: Instant) -> Bool {
    (now - confirmedAt) * 2 >= configuration.control.nodeLostAfter
  }

  private mutating func reconcile(at now: Instant, into effects: inout [Effect]) {
    guard mayAct else { return }
    let others = freshReports(at: now)
    // What it has missed may come in a few steps.
    let wasAway = isAway(at: now) || now - returnedAt < configuration.control.nodeLostAfter
    for (id, action) in reconciler.reconcile(state, others: others, wasAway: wasAway, at: now) {
      effects.append(.perform(id, action))
    }
  }
}
