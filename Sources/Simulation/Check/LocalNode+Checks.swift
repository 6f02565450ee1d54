import Raft

/// The promises that a node breaks or keeps by itself; the same as in `RaftInvariants`.
extension LocalNode {
  /// What the message says that is not on disk yet.
  func prematurity(of message: Message) -> String? {
    let name = Invariant.durableBeforeSent.rawValue
    if durable.hardState.term < message.term {
      return "\(name): \(message.from) speaks in term \(message.term) with \(durable.hardState.term) on disk"
    }
    let vote: NodeID
    switch message.body {
    case .voteRequest: vote = message.from
    case .voteReply(granted: true): vote = message.to
    case .appendAccepted(let matched, _):
      let onDisk = durable.entries.first { $0.index == matched }?.term ?? 0
      guard matched > 0, onDisk != raft.termOfEntry(at: matched) else { return nil }
      return "\(name): \(message.from) acknowledges entry \(matched), which is not on its disk"
    default: return nil
    }
    guard durable.hardState != HardState(term: message.term, vote: vote) else { return nil }
    return "\(name): \(message.from) votes for \(vote) before that is on disk"
  }

  /// What does not fit together in this node, or does not follow from what it was.
  func contradiction(since before: LocalNode) -> String? {
    let (id, old) = (raft.id, before.raft)
    if case .halted = raft.role { return nil }
    func broken(_ invariant: Invariant, _ text: String) -> String {
      "\(invariant.rawValue): \(id) \(text)"
    }
    let (commit, last) = (raft.commitIndex, raft.lastPosition)
    if raft.snapshotPosition.index > raft.appliedIndex || raft.appliedIndex > commit || commit > last.index
      || raft.durableIndex > last.index
    {
      return broken(.indicesInOrder, "has committed \(commit) of \(last.index)")
    }
    if raft.term < old.term || commit < old.commitIndex {
      return broken(.nothingGoesBack, "goes back to term \(raft.term), commit \(commit)")
    }
    if raft.isLeader, commit > old.commitIndex, raft.termOfEntry(at: commit) != raft.term {
      return broken(.ownTermCommit, "commits entry \(commit) of an earlier term by counting")
    }
    if raft.isLeader, old.isLeader, raft.term == old.term,
      raft.termOfEntry(at: old.lastPosition.index) != old.lastPosition.term
    {
      return broken(.leaderAppendOnly, "changes its log as the leader")
    }
    var store = durable
    for write in waiting { store.apply(write) }
    if store.hardState.term != raft.term || store.last != last.index
      || store.entries.last.map({ $0.term != last.term }) == true
    {
      return broken(.writesTellTheLog, "holds \(last) in term \(raft.term), which is not what it wrote")
    }
    return raft.brokenQueueBound.map { broken(.queueBounds, $0) }
  }
}

extension Restored {
  /// The index of the last entry.
  var last: Index { entries.last?.index ?? snapshot.position.index }

  /// What of this is missing in a node that was just started from it.
  func lostIn(_ raft: Raft) -> String? {
    guard raft.term != hardState.term || raft.lastPosition.index != last else { return nil }
    return "\(Invariant.nothingGoesBack.rawValue): \(raft.id) forgets what was durable at its start"
  }
}
