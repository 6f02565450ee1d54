import PlantedBugs

/// Linearizable reads without the log (ReadIndex, thesis 6.4).
///
/// The leader notes its commit index, makes sure that it still leads by a round of answers from a quorum, and
/// answers with the index. Reads that arrive while a round is on its way share the next one.
extension Raft {
  mutating func read(token: UInt64) {
    switch state {
    case .leading:
      register(.local(token: token))
    case .following(let following) where following.leader != nil:
      self.following.reads.waiting.append(token)
      if following.reads.question == nil { askLeader() }
    case .following, .campaigning, .halted:
      output.append(.refused(token: token, .notLeader(leader: nil)))
    }
  }

  mutating func readRequested(by sender: NodeID, number: UInt64) {
    guard case .leading = state, membership.isMember(sender) else { return }
    register(.member(sender, number: number))
  }

  private mutating func register(_ asker: ReadQueue.Asker) {
    guard log.term(at: commitIndex) == term || planted(.readBeforeOwnTerm) else {
      leading.reads.addEarly(asker)
      return
    }
    let roundIsOnItsWay = !leading.reads.waiting.isEmpty
    leading.reads.add(asker, index: commitIndex, round: leading.round + 1)
    if !roundIsOnItsWay { startRound() }
  }

  /// An entry of this term is committed for the first time: from now on the commit index is up to date (8).
  mutating func registerEarlyReads() {
    for asker in leading.reads.takeEarly() { register(asker) }
  }

  /// Answers the reads whose round a quorum has answered, and starts a round for those that came since.
  mutating func answerConfirmedReads() {
    guard !leading.reads.waiting.isEmpty else { return }
    let leading = self.leading
    let confirmed = membership.reached {
      $0 == id || planted(.readWithoutRound) ? leading.round : leading.progress(of: $0)?.round ?? 0
    }
    guard let confirmed else { return }
    let answered = self.leading.reads.take(through: confirmed)
    guard !answered.isEmpty else { return }
    for read in answered { answer(read) }
    if let next = self.leading.reads.waiting.first, next.round > leading.round { startRound() }
  }

  private mutating func answer(_ read: ReadQueue.Waiting) {
    switch read.asker {
    case .local(let token): output.append(.readReady(token: token, index: read.index))
    case .member(let node, let number): send(.readReply(number: number, index: read.index), to: node)
    }
  }
}

/// Reads at a follower: it asks the leader for the index.
extension Raft {
  /// Puts all waiting reads into one question.
  private mutating func askLeader() {
    guard let leader = following.leader, !following.reads.waiting.isEmpty else { return }
    let number = planted(.readNumberReused) ? 0 : random.next()
    // An answer takes two round trips, to the leader and from there to a quorum; an election allows for one.
    let patience = settings.electionTimeout.lowerBound + settings.electionTimeout.lowerBound
    let question = ForwardedReads.Question(
      number: number, tokens: following.reads.waiting, repeatAt: now + settings.heartbeatInterval,
      giveUpAt: now + patience)
    following.reads.waiting = []
    following.reads.question = question
    send(.readRequest(number: question.number), to: leader)
  }

  mutating func readAnswered(by sender: NodeID, number: UInt64, index: Index) {
    guard case .following(let following) = state, following.leader == sender, index < Raft.limit,
      let question = following.reads.question, question.number == number
    else { return }
    for token in question.tokens { output.append(.readReady(token: token, index: index)) }
    self.following.reads.question = nil
    askLeader()
  }

  /// Asks again, as the question or its answer may be lost, and gives up after a while.
  mutating func forwardedReadsDue() {
    guard case .following(let following) = state, let leader = following.leader,
      let question = following.reads.question, now >= following.reads.deadline
    else { return }
    if now >= question.giveUpAt {
      for token in question.tokens { output.append(.refused(token: token, .leadershipLost)) }
      self.following.reads.question = nil
      askLeader()
    } else {
      let next = now + settings.heartbeatInterval
      self.following.reads.question?.repeatAt = next
      send(.readRequest(number: question.number), to: leader)
    }
  }
}
