import Cluster
import Raft
import WireFormat

// MARK: The log

extension Manager {
  /// How long a read that found no leader waits before it asks again.
  private static let readRetry = Duration.milliseconds(50)
  /// How long the controllers wait after one of their decisions was refused: the state was another one than they
  /// saw, or they are wrong, and then they must not fill the log with it.
  private static let refusedDecisionDelay = Duration.milliseconds(500)

  /// Steps Raft and carries out what concerns this manager itself; returns why a proposal was refused, if one
  /// was.
  @discardableResult
  mutating func stepRaft(
    _ input: Raft.Input, at now: Instant, into effects: inout [Effect]
  ) -> Refusal? {
    var raftEffects: [Raft.Effect] = []
    raft.step(input, at: now, into: &raftEffects)
    return handle(raftEffects, at: now, into: &effects)
  }

  @discardableResult
  mutating func handle(
    _ raftEffects: [Raft.Effect], at now: Instant, into effects: inout [Effect]
  ) -> Refusal? {
    var refusal: Refusal?
    for effect in raftEffects {
      switch effect {
      case .write(let write):
        effects.append(.write(write))
      case .send(let message):
        effects.append(.send(to: message.to, PeerMessage.raft(message).encoded()))
      case .apply(let entries):
        apply(entries, at: now, into: &effects)
      case .restore(let snapshot):
        restore(snapshot, into: &effects)
      case .appended(_, let first, let count, _):
        if isDeciding { decidedThrough = first + Index(count) - 1 }
      case .refused(let token, let reason):
        refusal = reason
        setBarrier(token, .idle(until: now + Self.readRetry))
      case .readReady(let token, let index):
        setBarrier(token, .ready(index))
      case .leadership(let leadership):
        follow(leadership, at: now, into: &effects)
      case .halted(let reason):
        halt(reason, into: &effects)
      }
    }
    if needsSnapshot { snapshot(at: now, into: &effects) }
    return refusal
  }

  private mutating func apply(_ entries: [Entry], at now: Instant, into effects: inout [Effect]) {
    lastApplied = now
    for entry in entries where haltReason == nil {
      switch entry.payload {
      case .empty, .membership:
        state.skip(entry.index)
      case .command(let command):
        bytesSinceSnapshot += command.count
        apply(command, at: entry.index, at: now, into: &effects)
      }
    }
    if decidedThrough != 0, state.appliedIndex >= decidedThrough { decidedThrough = 0 }
  }

  private mutating func apply(
    _ command: [UInt8], at index: Index, at now: Instant, into effects: inout [Effect]
  ) {
    let proposal: Proposal
    do {
      proposal = try Proposal(decoding: command)
    } catch {
      // Going on without it would make this manager's state another one than the others'.
      halt("entry \(index) cannot be applied: \(error)", into: &effects)
      return
    }
    if let complaint = complaint(aboutLevel: proposal.intent.understoodFrom) {
      halt("entry \(index) cannot be applied: \(complaint)", into: &effects)
      return
    }
    let applied = state.apply(proposal, at: index)
    if proposal.intent.changesManagers {
      adoptRoster(into: &effects)
    }
    if case .forget(let node) = proposal.intent, state.nodes[node] == nil { forgetSilent(node, at: now) }
    if proposal.intent.isPurge {
      reconciler.cachesNeedLook = true
    } else {
      needsLook = true
    }
    guard let request = proposal.request else {
      if applied.outcome.isRefused, index <= decidedThrough { decideAfter = now + Self.refusedDecisionDelay }
      return
    }
    let waiting = requests.finish(request)
    // The door is only told that it stands; an operator is told where, and whether it was refused.
    let answer = waiting.isPurge && !applied.outcome.isRefused ? Answer.purged : .applied(applied)
    for token in waiting.tokens { effects.append(.answer(token, answer)) }
  }

  private mutating func restore(_ snapshot: Snapshot, into effects: inout [Effect]) {
    needsLook = true
    guard !snapshot.state.isEmpty else { return }
    bytesSinceSnapshot = 0
    snapshotSize = snapshot.state.count
    do {
      state = try State(decoding: snapshot.state)
    } catch {
      halt("the snapshot at \(snapshot.position.index) cannot be read: \(error)", into: &effects)
      return
    }
    if let complaint = complaint(aboutLevel: state.featureLevel) {
      halt("the snapshot at \(snapshot.position.index) cannot be used: \(complaint)", into: &effects)
    } else if state.cluster != configuration.cluster {
      halt("the snapshot is of cluster \(state.cluster), not \(configuration.cluster)", into: &effects)
    } else if state.appliedIndex != snapshot.position.index {
      halt(
        "the snapshot at \(snapshot.position.index) holds the state after \(state.appliedIndex)",
        into: &effects)
    }
    adoptRoster(into: &effects)
  }

  // MARK: Snapshots

  private var needsSnapshot: Bool {
    haltReason == nil
      && (state.appliedIndex >= raft.snapshotPosition.index + Index(configuration.snapshotEntries)
        // At least as many as the last one has: while the state is large, snapshots stay at half of what is written.
        || bytesSinceSnapshot + snapshotLead >= max(configuration.snapshotBytes, snapshotSize))
  }

  /// A quiet moment is the time to shorten the log.
  func isRestDue(at now: Instant) -> Bool {
    bytesSinceSnapshot >= configuration.restBytes && now - lastApplied >= configuration.restAfter
  }

  mutating func snapshot(at now: Instant, into effects: inout [Effect]) {
    let encoded = state.encoded()
    snapshotLead = isRestDue(at: now) ? configuration.snapshotLead : 0
    bytesSinceSnapshot = 0
    snapshotSize = encoded.count
    stepRaft(.snapshot(index: state.appliedIndex, state: encoded), at: now, into: &effects)
  }

  // MARK: Leadership

  private mutating func follow(_ leadership: Leadership, at now: Instant, into effects: inout [Effect]) {
    needsLook = true
    if leadership.isLeader {
      if leadingSince == .never { leadingSince = now }
    } else {
      leadingSince = .never
      decidedThrough = 0
      preferredSince = .never
    }
    if leadership.leader != nil {
      requests.sendAgain(at: now)
      // Another leader may not have heard this node until now, and have taken it for lost.
      returnedAt = now
    }
    let who = leadership.leader.flatMap { manager($0)?.name } ?? "nobody"
    effects.append(.note("term \(leadership.term): \(who) leads"))
  }
}

extension Intent {
  fileprivate var changesManagers: Bool {
    switch self {
    case .managers, .managerStep, .recovery: true
    default: false
    }
  }
}
