import PlantedBugs

/// Counting majorities. During a joint change both the new and the outgoing voters must agree, each by a
/// majority of their own (section 6). Learners never count.
extension Membership {
  public var isJoint: Bool { !outgoing.isEmpty }

  public func isVoter(_ node: NodeID) -> Bool { voters.contains(node) || outgoing.contains(node) }

  public func isMember(_ node: NodeID) -> Bool { isVoter(node) || learners.contains(node) }

  /// All members, sorted.
  public var members: [NodeID] { Membership(voters: voters + outgoing + learners).voters }

  /// The highest value that a quorum has reached; nil if there are no voters.
  package func reached<Value: Comparable>(by value: (NodeID) -> Value) -> Value? {
    guard let incoming = Membership.reached(by: voters, value) else { return nil }
    guard let leaving = Membership.reached(by: outgoing, value), !planted(.outgoingVotersIgnored) else {
      return incoming
    }
    return min(incoming, leaving)
  }

  /// How an election stands.
  package func outcome(granted: [NodeID], refused: [NodeID]) -> VoteOutcome {
    let incoming = Membership.outcome(voters, granted, refused)
    let leaving =
      outgoing.isEmpty || planted(.outgoingVotersIgnored)
      ? .won : Membership.outcome(outgoing, granted, refused)
    if incoming == .lost || leaving == .lost { return .lost }
    return incoming == .won && leaving == .won ? .won : .open
  }

  /// With `n` voters the answer is the value of rank `n / 2 + 1` from the top. Voters are few: counting for
  /// each beats sorting a copy.
  private static func reached<Value: Comparable>(
    by voters: [NodeID], _ value: (NodeID) -> Value
  ) -> Value? {
    var best: Value?
    for candidate in voters {
      let level = value(candidate)
      if let best, level <= best { continue }
      var supporters = 0
      for voter in voters where value(voter) >= level { supporters += 1 }
      if supporters > voters.count / 2 - (planted(.minorityCommits) ? 1 : 0) { best = level }
    }
    return best
  }

  private static func outcome(_ voters: [NodeID], _ granted: [NodeID], _ refused: [NodeID]) -> VoteOutcome {
    let majority = voters.count / 2 + 1
    var yes = 0
    var no = 0
    for voter in voters {
      if granted.contains(voter) { yes += 1 } else if refused.contains(voter) { no += 1 }
    }
    if !voters.isEmpty, yes >= majority { return .won }
    return voters.count - no < majority ? .lost : .open
  }
}

package enum VoteOutcome: Equatable, Sendable {
  case open, won, lost
}
