/// What every message goes through, whatever it says (5.1).
extension Raft {
  mutating func receive(_ message: Message) {
    guard message.to == id, message.from != id, message.term < Raft.limit else { return }
    if message.term < term {
      receiveFromEarlierTerm(message)
      return
    }
    if message.term > term, raisesTerm(message) {
      follow(nil, term: message.term)
    }
    switch message.body {
    case .preVoteRequest(let last):
      answerPreVote(message.from, requestTerm: message.term, last: last)
    case .preVoteReply(let requestTerm, let granted):
      preVoteAnswered(message.from, requestTerm: requestTerm, granted: granted)
    default:
      // A message that does not raise the term can be from a later one only if it is to be ignored.
      if message.term == term { receiveInTerm(message) }
    }
  }

  private mutating func receiveInTerm(_ message: Message) {
    let sender = message.from
    switch message.body {
    case .preVoteRequest, .preVoteReply: break
    case .voteRequest(let last, _): answerVote(sender, last: last)
    case .voteReply(let granted): voteAnswered(sender, granted: granted)
    case .append(let append): receive(append, from: sender)
    case .appendAccepted(let matched, let round): accepted(by: sender, matched: matched, round: round)
    case .appendRejected(let previous, let hint, let round):
      rejected(by: sender, previous: previous, hint: hint, round: round)
    case .snapshotChunk(let chunk): receive(chunk, from: sender)
    case .snapshotReceived(let position, let count):
      snapshotReceived(by: sender, position: position, count: count)
    case .timeoutNow: timeoutNow(from: sender)
    case .readRequest(let number): readRequested(by: sender, number: number)
    case .readReply(let number, let index): readAnswered(by: sender, number: number, index: index)
    }
  }

  /// Whether a message of a later term moves this node there. Questions before an election never do, and
  /// neither does a vote request while a leader is heard: a member that was cut off for a while must not
  /// depose it (thesis 4.2.3).
  private func raisesTerm(_ message: Message) -> Bool {
    switch message.body {
    case .preVoteRequest: false
    case .preVoteReply(_, let granted): !granted
    case .voteRequest(_, let isTransfer): isTransfer || !hearsLeader(otherThan: message.from)
    default: true
    }
  }

  /// A question from an earlier term is answered, so that its sender learns of the later one; the rest is
  /// late news.
  private mutating func receiveFromEarlierTerm(_ message: Message) {
    switch message.body {
    case .preVoteRequest:
      send(.preVoteReply(requestTerm: message.term, granted: false), to: message.from)
    case .preVoteReply(let requestTerm, let granted):
      preVoteAnswered(message.from, requestTerm: requestTerm, granted: granted)
    case .voteRequest:
      send(.voteReply(granted: false), to: message.from)
    case .append(let append):
      send(.appendRejected(previous: append.previous.index, hint: .zero, round: 0), to: message.from)
    case .snapshotChunk:
      send(.appendRejected(previous: 0, hint: .zero, round: 0), to: message.from)
    default:
      break
    }
  }

  /// Whether a leader was heard so lately that nobody else should be elected. A leader hears itself: it
  /// steps down on its own when it loses its majority. Its own wish for an election is no attack on it.
  func hearsLeader(otherThan candidate: NodeID) -> Bool {
    switch state {
    case .leading: return true
    case .following(let following):
      guard let leader = following.leader, leader != candidate else { return false }
      return now < following.lastHeard + settings.electionTimeout.lowerBound
    case .campaigning, .halted: return false
    }
  }
}
