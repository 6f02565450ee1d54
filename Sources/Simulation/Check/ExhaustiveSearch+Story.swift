import Raft

/// A way to a broken promise in words.
extension ExhaustiveSearch {
  mutating func describe(_ action: SearchAction, from state: SearchState, to next: SearchState?) -> String {
    let node = "n\(action.node + 1)"
    let what: String
    switch action.kind {
    case .electionTimer: what = "\(node)'s election timer fires"
    case .heartbeat: what = "\(node)'s heartbeat is due"
    case .solitude: what = "\(node) hears from no majority until its next timer"
    case .propose: what = "a client proposes an entry at \(node)"
    case .read: what = "a client reads at \(node)"
    case .sync: what = "\(node)'s disk has written everything"
    case .crash: what = "\(node) crashes and starts again; \(action.argument) of its late writes were on disk"
    case .deliverAfterSilence:
      what = "\(node), which has not heard its leader for a while, receives \(text(of: action.argument))"
    case .deliver: what = "\(node) receives \(text(of: action.argument))"
    case .duplicate: what = "\(node) receives a copy of \(text(of: action.argument))"
    case .breakLink: what = "the connection between \(node) and n\(action.argument + 1) breaks"
    }
    let late = action.isLate ? ", and its disk is slow" : ""
    guard let next else { return what + late }
    return "\(what)\(late) → \(text(ofNode: next.numbers[action.node]))"
  }

  private func text(of number: UInt32) -> String {
    let message = local.messages[Int(number)]
    let body: String
    switch message.body {
    case .preVoteRequest(let last):
      body = "the question for a vote (log ends at \(last.index), term \(last.term))"
    case .preVoteReply(_, let granted): body = granted ? "the promise of a vote" : "the refusal of a promise"
    case .voteRequest(let last, _):
      body = "the request for a vote (log ends at \(last.index), term \(last.term))"
    case .voteReply(let granted): body = granted ? "a vote" : "the refusal of a vote"
    case .append(let append):
      let entries = append.entries.map { "\($0.index) of term \($0.term)" }.joined(separator: ", ")
      body =
        "an append after \(append.previous.index) (\(entries.isEmpty ? "no entries" : entries)), commit "
        + "\(append.commit)"
    case .appendAccepted(let matched, _): body = "the acknowledgement of \(matched)"
    case .appendRejected(let previous, _, _): body = "the rejection after \(previous)"
    case .timeoutNow: body = "the request to take over"
    case .readRequest: body = "a follower's question for a read"
    case .readReply(_, let index): body = "the answer to a read, \(index)"
    case .snapshotChunk, .snapshotReceived: body = "\(message.body)"
    }
    return "\(body) in term \(message.term) from \(message.from)"
  }

  private func text(ofNode number: UInt32) -> String {
    let facts = local.facts[Int(number)]
    let raft = local.nodes[Int(number)].raft
    let role =
      switch raft.role {
      case .leader: "leads"
      case .candidate: "asks for votes"
      case .preCandidate: "asks whether to"
      case .follower: raft.leader.map { "follows \($0)" } ?? "follows nobody"
      case .halted: "halted"
      }
    let log = (1..<max(1, facts.last + 1)).map { "\(facts.terms[$0])" }.joined(separator: " ")
    return "\(role) in term \(facts.term), log [\(log)], commit \(facts.commit)"
  }
}
