import Raft

/// The promises that nodes keep or break together; the same as in `RaftInvariants`.
extension ExhaustiveSearch {
  mutating func check(
    _ outcome: LocalOutcome, at slot: Int, _ before: LocalFacts, _ after: LocalFacts, isCrash: Bool,
    in state: inout SearchState
  ) {
    for number in outcome.sent { checkVote(local.messageFacts[Int(number)], in: &state) }
    for answer in outcome.answers where answer.index < Index(state.reads[Int(answer.token)]) {
      fail(
        "linearizable: n\(slot + 1) answers a read at \(answer.index) that was asked for when "
          + "\(state.reads[Int(answer.token)]) was committed")
    }
    if after.terms != before.terms {
      checkLogs(at: slot, after, in: state)
      if !isCrash { checkRemoval(at: slot, before, after, in: state) }
    }
    if after.isLeader, !before.isLeader || before.term != after.term {
      let place = Int(after.term)
      if state.leaders[place] != 0, state.leaders[place] != UInt64(slot + 1) {
        fail(.oneLeaderPerTerm, "n\(state.leaders[place]) and n\(slot + 1) both lead in term \(after.term)")
      }
      state.leaders[place] = UInt64(slot + 1)
      checkCompleteness(at: slot, after, in: state)
    }
    if after.commit > before.commit { checkCommit(at: slot, before, after, in: &state) }
  }

  private mutating func fail(_ invariant: Invariant, _ text: String) {
    fail("\(invariant.rawValue): \(text)")
  }

  private mutating func fail(_ text: String) { violation = violation ?? text }

  private mutating func checkVote(_ message: MessageFacts, in state: inout SearchState) {
    guard let candidate = message.vote else { return }
    let place = (Int(message.term) - 1) * count + message.from
    if state.votes[place] != 0, state.votes[place] != candidate.rawValue {
      fail(
        .oneVotePerTerm,
        "n\(message.from + 1) votes for n\(state.votes[place]) and \(candidate) in term \(message.term)")
    }
    state.votes[place] = candidate.rawValue
  }

  /// Logs that agree on an entry agree on all before it.
  private mutating func checkLogs(at slot: Int, _ after: LocalFacts, in state: SearchState) {
    for other in 0..<count where other != slot {
      let facts = local.facts[Int(state.numbers[other])]
      var index = min(facts.last, after.last)
      while index > 0 {
        if facts.terms[index] == after.terms[index] {
          if facts.digests[index] != after.digests[index] {
            fail(.logMatching, "n\(slot + 1) and n\(other + 1) hold different logs up to entry \(index)")
          }
          break
        }
        index -= 1
      }
    }
  }

  private mutating func checkRemoval(
    at slot: Int, _ before: LocalFacts, _ after: LocalFacts, in state: SearchState
  ) {
    for index in 1..<max(2, before.last + 1)
    where state.committed[index] != 0 && before.terms[index] == state.committed[index]
      && after.terms[index] != state.committed[index]
    {
      fail(.committedImmutable, "n\(slot + 1) removes the committed entry \(index)")
    }
  }

  /// A leader has all that was committed in earlier terms.
  private mutating func checkCompleteness(at slot: Int, _ facts: LocalFacts, in state: SearchState) {
    for index in 1...15 where state.committed[index] != 0 && state.commitTerms[index] < facts.term {
      guard facts.terms[index] != state.committed[index] else { continue }
      fail(
        .leaderCompleteness, "n\(slot + 1) leads in term \(facts.term) without the committed entry \(index)")
    }
  }

  private mutating func checkCommit(
    at slot: Int, _ before: LocalFacts, _ after: LocalFacts, in state: inout SearchState
  ) {
    let known = state.committedIndex
    for index in before.commit + 1...after.commit {
      if index <= known {
        if after.terms[index] != state.committed[index] {
          fail(
            .committedImmutable,
            "n\(slot + 1) commits entry \(index) of term \(after.terms[index]), but that of term "
              + "\(state.committed[index]) is committed")
        }
        continue
      }
      let holders = (0..<count).filter { other in
        let facts = other == slot ? after : local.facts[Int(state.numbers[other])]
        return facts.durableTerms[index] == after.terms[index]
      }
      if 2 * holders.count <= count {
        fail(.durableQuorum, "n\(slot + 1) commits entry \(index), which is on the disks of \(holders.count)")
      }
      state.committed[index] = after.terms[index]
      state.commitTerms[index] = after.term
    }
    guard after.commit > known else { return }
    for other in 0..<count where other != slot {
      let facts = local.facts[Int(state.numbers[other])]
      if facts.isLeader, facts.term > after.term { checkCompleteness(at: other, facts, in: state) }
    }
  }
}
