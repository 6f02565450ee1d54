import PlantedBugs

/// Going from one role to another.
extension Raft {
  /// The follower's part of the state. It must be a follower.
  var following: Following {
    get {
      guard case .following(let following) = state else { preconditionFailure("\(id) does not follow") }
      return following
    }
    _modify {
      guard case .following(var following) = state else { preconditionFailure("\(id) does not follow") }
      // The state lets go of it, so that it is changed in place rather than copied.
      state = .halted(reason: "")
      defer { state = .following(following) }
      yield &following
    }
  }

  /// The leader's part of the state. It must be the leader.
  var leading: Leading {
    get {
      guard case .leading(let leading) = state else { preconditionFailure("\(id) does not lead") }
      return leading
    }
    _modify {
      guard case .leading(var leading) = state else { preconditionFailure("\(id) does not lead") }
      // The state lets go of it, so that it is changed in place rather than copied.
      state = .halted(reason: "")
      defer { state = .leading(leading) }
      yield &leading
    }
  }

  /// Follows `leader` (nil: whoever will be elected) in the current term or a later one.
  mutating func follow(_ leader: NodeID?, term newTerm: Term) {
    refuseWaitingReads()
    let wasFollowing = if case .following = state { true } else { false }
    if newTerm > term { change(HardState(term: newTerm)) }
    if planted(.voteClearedAtStepDown) { hardState.vote = nil }
    state = .following(Following(leader: leader, lastHeard: now, verified: commitIndex))
    // A term alone, without a leader, must not put off the next election: a member with an old log could
    // keep the others from ever asking.
    if leader != nil || !wasFollowing { resetElectionDeadline() }
  }

  mutating func resetElectionDeadline() {
    let timeout = random.duration(in: settings.electionTimeout)
    electionDeadline = now + (planted(.equalDraws) ? settings.electionTimeout.lowerBound : timeout)
  }

  mutating func becomeLeader() {
    let uncommitted =
      log.last.index > commitIndex
      ? log.entries(commitIndex + 1...log.last.index).reduce(0) { $0 + $1.byteCount } : 0
    state = .leading(
      Leading(nextHeartbeat: now + settings.heartbeatInterval, uncommittedBytes: uncommitted))
    adoptMembership()
    append([.empty])
  }

  /// The reads of this node that wait for an answer.
  var waitingTokens: [UInt64] {
    switch state {
    case .following(let following): following.reads.tokens
    case .leading(let leading): leading.reads.localTokens
    case .campaigning, .halted: []
    }
  }

  private mutating func refuseWaitingReads() {
    for token in waitingTokens { output.append(.refused(token: token, .leadershipLost)) }
  }
}
