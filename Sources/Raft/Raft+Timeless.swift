/// What an exhaustive search needs: nodes that differ only in when things happened must meet as equal values.
extension Raft {
  /// Replaces every point in time, the numbers of writes and the source of chance by canonical ones.
  ///
  /// What remains of time: all deadlines are a nanosecond away, and everyone has just been heard from. That a
  /// follower loses sight of its leader is a choice of its own (`loseSightOfLeader`).
  ///
  /// - Parameter seed: determines the numbers drawn from here on.
  /// - Returns: the number of writes that are durable; those that follow are counted from there.
  package mutating func forgetTime(seed: UInt64) -> WriteID {
    let soon = Instant.origin + Duration(nanoseconds: 1)
    switch state {
    case .following(var following):
      following.lastHeard = .origin
      following.reads.question?.forgetTime(settings)
      state = .following(following)
    case .leading(var leading):
      leading.nextHeartbeat = soon
      for slot in leading.members.indices { leading.members[slot].heard(at: .origin) }
      leading.transfer = leading.transfer.map {
        Transfer(target: $0.target, deadline: .origin + settings.electionTimeout.upperBound)
      }
      state = .leading(leading)
    case .campaigning, .halted:
      break
    }
    now = .origin
    electionDeadline = soon
    random = SplitMix64(seed: seed)
    return writes.renumber()
  }

  /// Time passes without a word from the leader, though not enough of it to start an election.
  package mutating func loseSightOfLeader() {
    guard case .following(var following) = state else { return }
    following.lastHeard = Instant(nanoseconds: -settings.electionTimeout.lowerBound.nanoseconds)
    state = .following(following)
  }

  /// The entry at `index`, if it is in the log.
  package func entry(at index: Index) -> Entry? {
    log.term(at: index) == nil || index <= log.base.index ? nil : log.entries(index...index).first
  }
}

extension ForwardedReads.Question {
  fileprivate mutating func forgetTime(_ settings: Settings) {
    self = ForwardedReads.Question(
      number: number, tokens: tokens, repeatAt: .origin + settings.heartbeatInterval,
      giveUpAt: .origin + settings.electionTimeout.lowerBound)
  }
}
