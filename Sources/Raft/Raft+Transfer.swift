/// Handing leadership to another voter (thesis 3.10): it is brought up to date while proposals are refused,
/// and then told to start an election at once.
extension Raft {
  /// Ignored by a node that does not lead, for a member that does not vote, and while a transfer is on.
  mutating func transferLeadership(to wanted: NodeID?) {
    guard case .leading(let leading) = state, leading.transfer == nil else { return }
    guard let target = wanted ?? bestVoter, target != id, membership.isVoter(target) else { return }
    self.leading.transfer = Transfer(target: target, deadline: now + settings.electionTimeout.upperBound)
    transferIfCaughtUp()
  }

  /// The target has the whole log: it can win.
  mutating func transferIfCaughtUp() {
    guard let transfer = leading.transfer, leading.progress(of: transfer.target)?.matched == log.last.index
    else { return }
    send(.timeoutNow, to: transfer.target)
  }

  /// Repeats the request, which may be lost, and gives a transfer up that takes too long.
  mutating func transferHeartbeat() {
    guard let transfer = leading.transfer else { return }
    if now >= transfer.deadline {
      leading.transfer = nil
    } else {
      transferIfCaughtUp()
    }
  }

  mutating func timeoutNow(from sender: NodeID) {
    guard case .following(let following) = state, following.leader == sender, mayLead, !diskIsStalled
    else { return }
    startElection(isTransfer: true)
  }

  /// The other voter that has most of the log.
  var bestVoter: NodeID? {
    let voters = leading.members.filter { membership.isVoter($0.id) }
    return voters.max { ($0.matched, $1.id) < ($1.matched, $0.id) }?.id
  }
}
