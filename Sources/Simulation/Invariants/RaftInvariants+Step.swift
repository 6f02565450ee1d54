public import Raft

/// What a node is after a step.
extension RaftInvariants {
  /// A step of a node has ended; its writes and messages were told already.
  public mutating func stepped(_ raft: borrowing Raft) {
    guard let slot = slot(raft.id) else { return }
    if case .halted = raft.role { return }
    checkOrder(raft, at: slot)
    if let broken = raft.brokenQueueBound { fail(.queueBounds, "\(raft.id) \(broken)", [raft.id]) }
    if raft.isLeader { checkLeader(raft, at: slot) }
    if raft.term < known[slot].term {
      fail(.nothingGoesBack, "\(raft.id) goes back to term \(raft.term)", [raft.id], term: raft.term)
    }
    if raft.commitIndex != known[slot].commit { commitMoved(to: raft.commitIndex, at: slot) }
    known[slot].term = raft.term
    known[slot].isLeader = raft.isLeader
    if known[slot].membershipsChanged { checkMembership(raft, at: slot) }
    known[slot].removed = false
  }

  private mutating func checkOrder(_ raft: borrowing Raft, at slot: Int) {
    let (compacted, snapshot) = (raft.compactedPosition.index, raft.snapshotPosition.index)
    let (applied, commit, last) = (raft.appliedIndex, raft.commitIndex, raft.lastPosition)
    if compacted > snapshot || snapshot > applied || applied > commit || commit > last.index
      || raft.durableIndex > last.index
    {
      fail(
        .indicesInOrder,
        "\(raft.id): compacted \(compacted), snapshot \(snapshot), applied \(applied), committed \(commit), "
          + "last \(last.index), durable \(raft.durableIndex)", [raft.id])
    }
    if known[slot].submitted.last != last || known[slot].submitted.hardState.term != raft.term {
      fail(
        .writesTellTheLog,
        "\(raft.id) holds \(last) in term \(raft.term), but has written \(known[slot].submitted.summary)",
        [raft.id])
    }
  }

  private mutating func checkLeader(_ raft: borrowing Raft, at slot: Int) {
    if known[slot].removed {
      fail(.leaderAppendOnly, "\(raft.id) removes entries as the leader", [raft.id], term: raft.term)
    }
    guard !known[slot].isLeader || known[slot].term != raft.term else { return }
    elections += 1
    if let other = leaders[raft.term], other != raft.id {
      fail(
        .oneLeaderPerTerm, "\(other) and \(raft.id) both lead in term \(raft.term)", [raft.id, other],
        term: raft.term)
    }
    leaders[raft.term] = raft.id
    checkCompleteness(at: slot, term: raft.term)
  }

  /// A leader has all that was committed in earlier terms. One of an old term may be elected late: what later
  /// terms committed it need not have.
  mutating func checkCompleteness(at slot: Int, term: Term) {
    guard let stretch = commitTerms.last(where: { $0.term < term }) else { return }
    let entry = Position(index: stretch.index, term: committed[Int(stretch.index) - 1])
    guard !known[slot].submitted.holds(entry) else { return }
    fail(
      .leaderCompleteness,
      "\(known[slot].id) leads in term \(term) without the committed entry \(entry.index) of term \(entry.term)",
      [known[slot].id], entry.index, term: term)
  }

  // MARK: Membership

  private mutating func checkMembership(_ raft: borrowing Raft, at slot: Int) {
    let node = raft.id
    known[slot].membershipsChanged = false
    let new = known[slot].newMemberships
    known[slot].newMemberships = []
    if raft.membership != known[slot].submitted.membership {
      fail(.membershipSteps, "\(node) does not count by the latest membership in its log", [node])
    }
    guard raft.isLeader else { return }
    let records = known[slot].submitted.memberships
    for place in records.indices.dropFirst() where new.contains(records[place].index) {
      let (before, after) = (records[place - 1], records[place])
      if before.index > raft.commitIndex {
        fail(
          .membershipSteps,
          "\(node) changes the membership at \(after.index) while that at \(before.index) is not committed",
          [node], after.index)
      }
      if !after.membership.mayFollow(before.membership) {
        fail(
          .membershipSteps, "\(node) lets \(after.membership) follow \(before.membership)", [node],
          after.index)
      }
      if known[slot].submitted.term(at: raft.commitIndex) != raft.term {
        fail(
          .membershipSteps,
          "\(node) changes the membership before an entry of term \(raft.term) is committed",
          [node], after.index, term: raft.term)
      }
    }
  }
}

extension Membership {
  /// Whether each quorum of this meets each of the one before: the voters are the same, or the old ones have
  /// their say beside the new ones.
  func mayFollow(_ before: Membership) -> Bool {
    (voters == before.voters && outgoing.isEmpty) || (outgoing == before.voters && !before.isJoint)
  }
}
