import PlantedBugs

/// Snapshots (7): the log before them is forgotten, and members that need it receive the snapshot instead.
extension Raft {
  /// Takes the applied state after `index` for the snapshot. A few entries before it stay in the log, for
  /// followers that are only a little behind.
  mutating func save(_ state: [UInt8], at index: Index) {
    guard index > latestSnapshot.position.index, index <= appliedIndex, let term = log.term(at: index)
    else { return }
    let membership = memberships.membership(at: index)
    latestSnapshot = Snapshot(
      position: Position(index: index, term: term), membership: membership, state: state)
    let through = log.end(
      before: index, leaving: settings.entriesKeptAfterSnapshot, bytes: settings.bytesKeptAfterSnapshot)
    log.compact(through: through)
    memberships.compact(through: index)
    writes.save(latestSnapshot, compactThrough: through > 0 ? through : nil)
  }
}

/// Sending.
extension Raft {
  /// A member whose next entry is compacted away needs the snapshot, whatever else is on its way to it.
  mutating func beginSnapshotIfNeeded(to slot: Int) -> Bool {
    let member = leading.members[slot]
    if case .sendingSnapshot = member.phase { return false }
    guard member.next <= log.base.index else { return false }
    leading.members[slot].beginSnapshot(latestSnapshot)
    sendChunk(to: slot)
    return true
  }

  /// Sends the chunk at the transfer's offset. At the end of the state that is an empty one, which asks
  /// whether the snapshot has arrived.
  private mutating func sendChunk(to slot: Int) {
    let member = leading.members[slot]
    guard case .sendingSnapshot(let transfer) = member.phase else { return }
    let snapshot = transfer.snapshot
    let end = min(transfer.offset + settings.snapshotChunkBytes, snapshot.state.count)
    leading.members[slot].changeTransfer { $0.end = end }
    send(
      .snapshotChunk(
        Message.SnapshotChunk(
          position: snapshot.position, membership: snapshot.membership, offset: UInt64(transfer.offset),
          total: UInt64(snapshot.state.count), bytes: Array(snapshot.state[transfer.offset..<end]))),
      to: member.id)
  }

  /// At a heartbeat: the chunk or its answer may be lost.
  mutating func repeatChunk(to slot: Int) {
    guard case .sendingSnapshot(let transfer) = leading.members[slot].phase else { return }
    if transfer.mayRepeat, !planted(.chunkNotRepeated) { sendChunk(to: slot) }
    leading.members[slot].changeTransfer { $0.mayRepeat = true }
  }

  mutating func snapshotReceived(by sender: NodeID, position: Position, count: UInt64) {
    guard case .leading = state, let slot = leading.slot(of: sender) else { return }
    leading.members[slot].heard(at: now)
    guard case .sendingSnapshot(let transfer) = leading.members[slot].phase,
      transfer.snapshot.position == position, count <= UInt64(transfer.snapshot.state.count)
    else { return }
    let isExpected = Int(count) == transfer.end && transfer.end > transfer.offset
    guard isExpected || transfer.mayRepeat else { return }
    leading.members[slot].changeTransfer { transfer in
      transfer.offset = Int(count)
      transfer.mayRepeat = false
    }
    sendChunk(to: slot)
  }
}

/// A snapshot that is arriving from the leader of this term.
struct IncomingSnapshot: Hashable, Sendable {
  let position: Position
  let total: UInt64
  var state: [UInt8] = []
}

/// Receiving.
extension Raft {
  mutating func receive(_ chunk: Message.SnapshotChunk, from sender: NodeID) {
    guard chunk.isWellFormed(in: term), hear(sender) else { return }
    let isHere = chunk.position.index <= commitIndex || log.contains(chunk.position)
    if isHere, !planted(.olderSnapshotInstalled) {
      // Everything up to there is in this log already.
      following.verified = max(following.verified, chunk.position.index)
      commit(through: chunk.position.index)
      following.incoming = nil
      acknowledge(always: true)
      return
    }
    collect(chunk)
    guard let incoming = following.incoming, UInt64(incoming.state.count) == incoming.total else {
      let count = UInt64(following.incoming?.state.count ?? 0)
      send(.snapshotReceived(position: chunk.position, count: count), to: sender)
      return
    }
    install(Snapshot(position: chunk.position, membership: chunk.membership, state: incoming.state))
  }

  /// Adds the chunk if it is the next one. One that belongs elsewhere changes nothing; the answer tells the
  /// leader where to go on.
  private mutating func collect(_ chunk: Message.SnapshotChunk) {
    let fits = following.incoming.map { $0.position == chunk.position && $0.total == chunk.total } ?? false
    if !fits { following.incoming = IncomingSnapshot(position: chunk.position, total: chunk.total) }
    guard UInt64(following.incoming?.state.count ?? 0) == chunk.offset || planted(.chunkOffsetIgnored)
    else { return }
    following.incoming?.state.append(contentsOf: chunk.bytes)
  }

  /// Replaces the whole log: it does not contain the snapshot's last entry, so nothing after it can be the
  /// leader's either.
  private mutating func install(_ snapshot: Snapshot) {
    writes.install(snapshot, keptThrough: commitIndex)
    latestSnapshot = snapshot
    log.reset(to: snapshot.position)
    let known = planted(.snapshotWithoutMembership) ? membership : snapshot.membership
    memberships = MembershipHistory(known, at: snapshot.position.index)
    commitIndex = snapshot.position.index
    appliedIndex = snapshot.position.index
    following.incoming = nil
    following.verified = max(following.verified, snapshot.position.index)
    output.append(.restore(snapshot))
  }
}

extension Message.SnapshotChunk {
  /// Whether a correct leader of `term` could have sent this.
  func isWellFormed(in term: Term) -> Bool {
    guard position.index > 0, position.index < Raft.limit, position.term > 0, position.term <= term,
      total < Raft.limit, offset <= total
    else { return false }
    return UInt64(bytes.count) <= total - offset
  }
}
