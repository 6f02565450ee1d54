import PlantedBugs

/// A follower takes its leader's entries (5.3).
extension Raft {
  mutating func receive(_ append: Message.Append, from sender: NodeID) {
    guard append.isWellFormed(in: term), hear(sender) else { return }
    following.round = max(following.round, append.round)
    toldCommit = max(toldCommit, append.commit)

    // What is compacted away here is committed, so that the leader has it as well.
    let skipped = log.base.index > append.previous.index ? log.base.index - append.previous.index : 0
    guard skipped <= append.entries.count else {
      acknowledge(always: !append.entries.isEmpty)
      return
    }
    let previous = skipped == 0 ? append.previous : append.entries[Int(skipped) - 1].position
    guard log.contains(previous) else {
      reject(previous)
      return
    }
    guard take(append.entries[Int(skipped)...]) else { return }
    let end = previous.index + UInt64(append.entries.count) - skipped
    following.verified = max(following.verified, end)
    // An earlier message may have told of a commit before its entries were here.
    commit(through: min(toldCommit, planted(.commitPastVerified) ? log.last.index : following.verified))
    // Entries that are all on disk already were sent because an earlier answer was lost.
    acknowledge(always: !append.entries.isEmpty && end <= writes.durableIndex)
  }

  /// Takes the sender for the leader of this term, if it can be. The first word from a leader ends a
  /// campaign.
  mutating func hear(_ sender: NodeID) -> Bool {
    switch state {
    case .following(let following) where following.leader == sender:
      self.following.lastHeard = now
      resetElectionDeadline()
    case .following(let following) where following.leader == nil:
      follow(sender, term: term)
    case .campaigning:
      follow(sender, term: term)
    case .following, .leading, .halted:
      // A second leader in one term cannot be; whoever sent this is wrong.
      return false
    }
    return true
  }

  /// Appends what is not there yet. Only a true conflict removes entries, never a shorter or older message.
  /// False if the node had to halt.
  private mutating func take(_ entries: ArraySlice<Entry>) -> Bool {
    var new = entries
    while let entry = new.first, let term = log.term(at: entry.index) {
      if term != entry.term {
        guard entry.index > commitIndex else {
          halt(
            "the leader of term \(self.term) wants entry \(entry.index) to be of term \(entry.term), but it is "
              + "committed here with term \(term); the logs have diverged, this node's data must be "
              + "replaced by that of the majority")
          return false
        }
        removeEntries(from: entry.index)
        break
      }
      new.removeFirst()
    }
    if planted(.shortAppendTruncates), new.isEmpty, let end = entries.last?.index, end < log.last.index {
      removeEntries(from: end + 1)
    }
    appendToLog(new)
    return true
  }

  private mutating func removeEntries(from index: Index) {
    log.truncate(from: index)
    memberships.truncate(from: index)
    if !planted(.removalNotWritten) { writes.remove(from: index) }
  }

  private mutating func appendToLog(_ entries: ArraySlice<Entry>) {
    guard !entries.isEmpty else { return }
    log.append(contentsOf: entries)
    writes.append(contentsOf: entries)
    for entry in entries { memberships.append(entry) }
  }

  /// Tells the leader how much of its log is on disk here, if it does not know, or if it asks who follows.
  /// It is computed at this moment: nothing that was removed meanwhile is acknowledged.
  mutating func acknowledge(always: Bool = false) {
    guard let leader = following.leader, writes.hardStateIsDurable else { return }
    let matched = min(following.verified, planted(.acknowledgeBeforeSync) ? .max : writes.durableIndex)
    let round = following.round
    guard always || matched > following.reported || round > following.reportedRound else { return }
    following.reported = max(following.reported, matched)
    following.reportedRound = round
    send(.appendAccepted(matched: matched, round: round), to: leader)
  }

  /// Tells the leader where its log may agree with this one. What is committed here agrees for certain.
  private mutating func reject(_ previous: Position) {
    guard let leader = following.leader else { return }
    let bound = log.lastPosition(termAtMost: previous.term, through: previous.index)
    let committed = Position(index: commitIndex, term: log.term(at: commitIndex) ?? 0)
    let hint = bound.map { $0.index > commitIndex ? $0 : committed } ?? committed
    following.reportedRound = max(following.reportedRound, following.round)
    send(.appendRejected(previous: previous.index, hint: hint, round: following.round), to: leader)
  }
}

extension Message.Append {
  /// Whether a correct leader of `term` could have sent this: consecutive entries whose terms never fall.
  func isWellFormed(in term: Term) -> Bool {
    guard previous.index < Raft.limit, previous.term <= term, commit < Raft.limit else { return false }
    guard previous.index > 0 || previous.term == 0 else { return false }
    var last = previous
    for entry in entries {
      guard entry.index == last.index + 1, entry.term >= last.term, entry.term <= term, entry.term > 0
      else { return false }
      last = entry.position
    }
    return true
  }
}
