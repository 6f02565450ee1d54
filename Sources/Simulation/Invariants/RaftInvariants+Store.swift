public import Raft

/// What a node writes and sends.
extension RaftInvariants {
  /// A step asked for a write.
  public mutating func wrote(_ write: Write, by node: NodeID) {
    guard let slot = slot(node) else { return }
    if write.id != known[slot].lastWrite + 1 {
      fail(.writesTellTheLog, "\(node) asks for write \(write.id) after \(known[slot].lastWrite)", [node])
    }
    known[slot].lastWrite = write.id
    checkHardState(write, at: slot)
    checkRemoval(write, at: slot)
    checkEntries(write, at: slot)
    known[slot].submitted.apply(write)
    known[slot].waiting.append(write)
  }

  /// The node's disk has made all writes up to `id` durable.
  public mutating func stored(through id: WriteID, by node: NodeID) {
    guard let slot = slot(node) else { return }
    var count = 0
    for write in known[slot].waiting {
      guard write.id <= id else { break }
      known[slot].durable.apply(write)
      count += 1
    }
    known[slot].waiting.removeFirst(count)
  }

  private mutating func checkHardState(_ write: Write, at slot: Int) {
    let (node, old) = (known[slot].id, known[slot].submitted.hardState)
    if write.commit < known[slot].submitted.commit {
      fail(.nothingGoesBack, "\(node) stores commit \(write.commit) after a higher one", [node])
    }
    guard let new = write.hardState else { return }
    if new.term < old.term {
      fail(.nothingGoesBack, "\(node) stores term \(new.term) after \(old.term)", [node], term: new.term)
    }
    if new.term == old.term, let vote = old.vote, new.vote != vote {
      fail(
        .oneVotePerTerm, "\(node) changes its vote for \(vote) in term \(old.term)", [node], term: new.term)
    }
  }

  private mutating func checkRemoval(_ write: Write, at slot: Int) {
    if let snapshot = write.snapshot { checkSnapshot(snapshot.position, commit: write.commit, at: slot) }
    guard let index = write.removeFrom else { return }
    known[slot].removed = true
    known[slot].membershipsChanged = true
    truncations += 1
    guard index >= 1, index <= committedIndex, let term = known[slot].submitted.term(at: index),
      committed[Int(index) - 1] == term
    else { return }
    let node = known[slot].id
    fail(.committedImmutable, "\(node) removes the committed entry \(index) of term \(term)", [node], index)
  }

  private mutating func checkSnapshot(_ position: Position, commit: Index, at slot: Int) {
    let (node, old) = (known[slot].id, known[slot].submitted.snapshot)
    known[slot].membershipsChanged = true
    if known[slot].submitted.term(at: position.index) == position.term {
      // Its own: the entries before are about to go, and what of them is news must be seen first.
      if commit != known[slot].commit { commitMoved(to: commit, at: slot) }
    } else {
      restores += 1
      known[slot].commit = max(known[slot].commit, position.index)
    }
    if position.index <= old.index {
      fail(
        .nothingGoesBack, "\(node) stores a snapshot at \(position.index) after \(old.index)", [node],
        position.index)
    }
    if position.index > committedIndex || committed[Int(position.index) - 1] != position.term {
      fail(
        .committedImmutable, "\(node) stores a snapshot at \(position) that is not what was committed",
        [node], position.index)
    }
  }

  private mutating func checkEntries(_ write: Write, at slot: Int) {
    guard let first = write.entries.first else { return }
    let node = known[slot].id
    let previous =
      first.index == (write.snapshot?.position.index ?? 0) + 1
      ? write.snapshot?.position.term ?? 0 : known[slot].submitted.term(at: first.index - 1)
    guard var previous else {
      fail(.writesTellTheLog, "\(node) writes entry \(first.index) after a hole", [node], first.index)
      return
    }
    for entry in write.entries {
      if !origins.add(entry, after: previous) {
        fail(
          .logMatching, "\(node) writes another entry \(entry.index) of term \(entry.term) than is known",
          [node], entry.index, term: entry.term)
      }
      if case .membership = entry.payload {
        known[slot].newMemberships.append(entry.index)
        known[slot].membershipsChanged = true
      }
      previous = entry.term
    }
  }

  // MARK: What leaves a node

  /// A message leaves its sender.
  public mutating func sent(_ message: Message) {
    guard let slot = slot(message.from) else { return }
    let node = message.from
    let hardState = known[slot].durable.hardState
    if hardState.term < message.term {
      fail(
        .durableBeforeSent, "\(node) speaks in term \(message.term) with term \(hardState.term) on disk",
        [node], term: message.term)
    }
    switch message.body {
    case .voteReply(granted: true): voted(for: message.to, message, hardState)
    case .voteRequest: voted(for: node, message, hardState)
    case .appendAccepted(let matched, _): acknowledged(matched, message, at: slot)
    default: break
    }
  }

  private mutating func voted(for candidate: NodeID, _ message: Message, _ hardState: HardState) {
    let node = message.from
    if hardState.term != message.term || hardState.vote != candidate {
      fail(
        .durableBeforeSent, "\(node) votes for \(candidate) in term \(message.term) before that is on disk",
        [node, candidate], term: message.term)
    }
    let ballot = Ballot(node: node, term: message.term)
    if let earlier = votes[ballot], earlier != candidate {
      fail(
        .oneVotePerTerm, "\(node) votes for \(earlier) and \(candidate) in term \(message.term)",
        [node, candidate], term: message.term)
    }
    votes[ballot] = candidate
  }

  private mutating func acknowledged(_ matched: Index, _ message: Message, at slot: Int) {
    let (node, image) = (message.from, known[slot].durable)
    if image.last.index < matched {
      fail(
        .durableBeforeSent, "\(node) acknowledges \(matched) with \(image.last.index) on disk", [node],
        matched)
    }
    guard let leader = self.slot(message.to), known[leader].isLeader, known[leader].term == message.term,
      let there = known[leader].submitted.term(at: matched), let here = image.term(at: matched), here != there
    else { return }
    fail(
      .durableBeforeSent,
      "\(node) acknowledges \(matched) of term \(there) with one of term \(here) on disk",
      [node, message.to], matched)
  }
}
