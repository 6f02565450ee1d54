import PlantedBugs

/// A leader appends proposals to its log and sends them to all members, while its own disk still writes them
/// (5.3, thesis 10.2.1).
extension Raft {
  mutating func propose(_ commands: [[UInt8]], token: UInt64) {
    guard case .leading(let leading) = state else {
      output.append(.refused(token: token, .notLeader(leader: leader)))
      return
    }
    guard leading.transfer == nil else {
      output.append(.refused(token: token, .transferring))
      return
    }
    guard commands.allSatisfy({ $0.count <= settings.maximumCommandBytes }) else {
      output.append(.refused(token: token, .tooLarge))
      return
    }
    let payloads = commands.map(Payload.command)
    let bytes = payloads.reduce(0) { $0 + $1.byteCount + 32 }
    let waiting = leading.uncommittedBytes
    guard waiting == 0 || waiting + bytes <= settings.maximumUncommittedBytes else {
      output.append(.refused(token: token, .overloaded))
      return
    }
    let first = log.last.index + 1
    output.append(.appended(token: token, first: first, count: payloads.count, term: term))
    append(payloads)
  }

  /// Appends to the own log and sends to the others.
  mutating func append(_ payloads: [Payload]) {
    for payload in payloads {
      let entry = Entry(position: Position(index: log.last.index + 1, term: term), payload: payload)
      log.append(entry)
      writes.append(entry)
      leading.uncommittedBytes += entry.byteCount
      if case .membership = payload {
        memberships.append(entry)
        adoptMembership()
      }
    }
    sendToAll()
  }

  /// Brings the list of other members up to the membership in force, keeping what is known of those who stay.
  mutating func adoptMembership() {
    let others = membership.members.filter { $0 != id }
    let known = leading.members
    leading.members = others.map { member in
      known.first { $0.id == member } ?? Progress(id: member, next: log.last.index + 1, at: now)
    }
  }

  mutating func sendToAll() {
    for slot in leading.members.indices { sendWhatIsDue(to: slot) }
  }

  /// Sends a member what it lacks, as far as its window allows; if it lacks nothing but the news of a commit,
  /// that.
  mutating func sendWhatIsDue(to slot: Int) {
    while true {
      let member = leading.members[slot]
      switch member.phase {
      case .probing(isPaused: true), .sendingSnapshot:
        return
      case .probing, .replicating:
        guard !beginSnapshotIfNeeded(to: slot) else { return }
      }
      if case .replicating(let window) = member.phase,
        window.isFull(settings) && !planted(.windowIgnored) || member.next > log.last.index
      {
        if member.commitSent < commitIndex { sendAppend(to: slot, withEntries: false) }
        return
      }
      sendAppend(to: slot)
    }
  }

  /// One append that begins at the member's next entry. Without entries it asks whether the member has all
  /// before, which finds out what was lost on the way. A member that is receiving a snapshot is asked nothing.
  private mutating func sendAppend(to slot: Int, withEntries: Bool = true) {
    let member = leading.members[slot]
    let previous = log.term(at: member.next - 1).map { Position(index: member.next - 1, term: $0) } ?? .zero
    var entries: [Entry] = []
    var bytes = 0
    if withEntries {
      (entries, bytes) = log.entries(from: member.next, maximumBytes: settings.maximumAppendBytes)
    }
    send(
      .append(
        Message.Append(previous: previous, entries: entries, commit: commitIndex, round: leading.round)),
      to: member.id)
    leading.members[slot].commitSent = commitIndex
    leading.members[slot].sent(through: entries.last?.index, bytes: bytes)
  }

  /// Asks all members whether they still follow, with an empty append.
  mutating func startRound() {
    leading.round += 1
    for slot in leading.members.indices {
      _ = beginSnapshotIfNeeded(to: slot)
      sendAppend(to: slot, withEntries: false)
    }
    answerConfirmedReads()
  }

  /// The regular heartbeat. Whatever could keep the leader from being one is looked at here.
  mutating func heartbeatDue() {
    leading.nextHeartbeat = now + settings.heartbeatInterval
    if diskIsStalled {
      giveUpLeadership(toBestFollower: true)
      return
    }
    guard hearsMajority else {
      giveUpLeadership(toBestFollower: false)
      return
    }
    transferHeartbeat()
    startRound()
    for slot in leading.members.indices { repeatChunk(to: slot) }
  }

  /// CheckQuorum: a leader that no majority answers cannot commit anything, and others may have elected
  /// another one (thesis 6.2).
  private var hearsMajority: Bool {
    let leading = self.leading
    let contact = membership.reached { $0 == id ? now : leading.progress(of: $0)?.lastHeard ?? .origin }
    return contact.map { now < $0 + settings.electionTimeout.lowerBound } ?? false || planted(.checkQuorumOff)
  }

  /// Steps down in the same term. If only this node's own disk fails, a follower is asked to take over at
  /// once.
  mutating func giveUpLeadership(toBestFollower: Bool) {
    if toBestFollower, let heir = bestVoter { send(.timeoutNow, to: heir) }
    follow(nil, term: term)
  }

  mutating func accepted(by sender: NodeID, matched: Index, round: UInt64) {
    guard case .leading = state, let slot = leading.slot(of: sender), matched <= log.last.index,
      round <= leading.round
    else { return }
    leading.members[slot].heard(at: now)
    leading.members[slot].answered(round)
    let isNews = leading.members[slot].accepted(through: matched)
    if isNews { commitWhatAMajorityHas() }
    afterAnswer(of: sender)
  }

  mutating func rejected(by sender: NodeID, previous: Index, hint: Position, round: UInt64) {
    guard case .leading = state, let slot = leading.slot(of: sender), previous < Raft.limit,
      round <= leading.round
    else { return }
    leading.members[slot].heard(at: now)
    leading.members[slot].answered(round)
    if leading.members[slot].isRejectionCurrent(previous: previous) {
      let agreement = log.lastPosition(termAtMost: hint.term, through: hint.index)
      leading.members[slot].backUp(to: agreement?.index ?? hintBeforeLog)
    }
    afterAnswer(of: sender)
  }

  /// An index before the log's base: it makes the member need a snapshot.
  private var hintBeforeLog: Index { log.base.index == 0 ? 0 : log.base.index - 1 }

  /// An answer may have confirmed reads, opened the sender's window, or completed a transfer. It may also
  /// have ended this node's leadership.
  private mutating func afterAnswer(of sender: NodeID) {
    guard case .leading = state else { return }
    answerConfirmedReads()
    transferIfCaughtUp()
    guard let slot = leading.slot(of: sender) else { return }
    sendWhatIsDue(to: slot)
  }

  mutating func connectionBroke(to node: NodeID) {
    guard case .leading = state, let slot = leading.slot(of: node) else { return }
    leading.members[slot].connectionBroke()
  }
}
