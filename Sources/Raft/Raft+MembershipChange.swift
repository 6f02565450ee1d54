import PlantedBugs

/// Changing who votes, by way of a joint membership in which the old and the new majority must both agree
/// (section 6). The leader does the second step by itself, so that a change once begun is finished by
/// whoever leads.
extension Raft {
  mutating func changeMembers(voters: [NodeID], learners: [NodeID], token: UInt64) {
    if let refusal = refusalOfChange(voters: voters, learners: learners) {
      output.append(.refused(token: token, refusal))
      return
    }
    let outgoing = Membership(voters: voters).voters == membership.voters ? [] : membership.voters
    output.append(.appended(token: token, first: log.last.index + 1, count: 1, term: term))
    append([.membership(Membership(voters: voters, outgoing: outgoing, learners: learners))])
  }

  /// One change at a time, and none before an entry of the leader's own term is committed: before that two
  /// leaders could each start a change from memberships whose majorities do not meet (Ongaro, raft-dev,
  /// 2015-07-10).
  private func refusalOfChange(voters: [NodeID], learners: [NodeID]) -> Refusal? {
    guard case .leading(let leading) = state else { return .notLeader(leader: leader) }
    guard leading.transfer == nil else { return .transferring }
    guard !voters.isEmpty, !learners.contains(where: voters.contains) else { return .impossibleMembership }
    let isSettled = memberships.currentIndex <= commitIndex && !membership.isJoint
    let isOwnTerm = log.term(at: commitIndex) == term || planted(.changeBeforeOwnTerm)
    return isSettled && isOwnTerm ? nil : .changeUnderWay
  }

  /// A committed joint membership is followed by the new one alone. A leader that is no voter in it has led
  /// until now and hands over.
  mutating func membershipCommitted() {
    guard case .leading = state, memberships.currentIndex <= commitIndex else { return }
    if membership.isJoint {
      append([.membership(Membership(voters: membership.voters, learners: membership.learners))])
    } else if !membership.isVoter(id) {
      sendToAll()
      giveUpLeadership(toBestFollower: true)
    }
  }
}
