import Raft

/// What is committed.
extension RaftInvariants {
  /// A node knows more to be committed than before. Its log must hold it.
  mutating func commitMoved(to new: Index, at slot: Int) {
    let (node, old) = (known[slot].id, known[slot].commit)
    known[slot].commit = new
    guard new > old else {
      fail(.nothingGoesBack, "\(node) goes back from commit \(old) to \(new)", [node], new)
      return
    }
    for index in old + 1...new {
      guard let term = known[slot].submitted.term(at: index) else { continue }
      if index == committedIndex + 1 {
        committed.append(term)
      } else if index <= committedIndex, committed[Int(index) - 1] != term {
        fail(
          .committedImmutable,
          "\(node) commits entry \(index) of term \(term), but that of term \(committed[Int(index) - 1]) is "
            + "committed there", [node], index)
      }
    }
    if new > committedIndex {
      fail(.committedImmutable, "\(node) knows the commit \(new), which nobody made", [node], new)
    } else if new > (commitTerms.last?.index ?? 0) {
      firstCommitted(new, at: slot)
    }
  }

  /// A node is the first to know that an entry is committed.
  private mutating func firstCommitted(_ index: Index, at slot: Int) {
    let (node, term) = (known[slot].id, known[slot].submitted.hardState.term)
    let entry = Position(index: index, term: committed[Int(index) - 1])
    if known[slot].isLeader, known[slot].term == term, entry.term != term {
      fail(
        .ownTermCommit, "\(node) commits entry \(index) of term \(entry.term) by counting in term \(term)",
        [node], index, term: term)
    }
    let holds = (known + lost).filter { $0.durable.holds(entry) }.map(\.id)
    if !known[slot].membershipsOfStep.contains(where: { $0.isQuorum(holds) }) {
      fail(
        .durableQuorum,
        "\(node) commits entry \(index) of term \(entry.term), which is on the disks of \(holds)",
        [node], index, term: term)
    }
    commitTerms.removeAll { $0.term == term }
    commitTerms.append(Position(index: index, term: term))
    for other in known.indices where known[other].isLeader && known[other].term > term {
      checkCompleteness(at: other, term: known[other].term)
    }
  }
}

extension RaftInvariants.Known {
  /// Those in force during the step that has ended: what was committed at its beginning by one may have let the
  /// leader begin the next.
  fileprivate var membershipsOfStep: [Membership] {
    let first = newMemberships.first ?? .max
    let before = submitted.memberships.last { $0.index < first }
    let since = submitted.memberships.filter { $0.index >= first }
    return ([before].compactMap(\.self) + since).map(\.membership)
  }
}

extension Membership {
  /// Whether these nodes are a majority of the voters and, during a joint change, one of the outgoing voters.
  /// The checker counts for itself: Raft's own counting may be what is wrong.
  func isQuorum(_ nodes: [NodeID]) -> Bool {
    [voters, outgoing].allSatisfy { $0.isEmpty || 2 * $0.filter(nodes.contains).count > $0.count }
  }
}
