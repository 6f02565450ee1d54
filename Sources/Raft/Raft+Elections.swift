import PlantedBugs

/// Elections (5.2, 5.4.1), always asked about first (PreVote, thesis 9.6).
extension Raft {
  mutating func electionTimedOut() {
    resetElectionDeadline()
    guard mayLead, !diskIsStalled else {
      follow(nil, term: term)
      return
    }
    if planted(.preVoteSkipped) { return startElection(isTransfer: false) }
    startPreVote()
  }

  /// Whether this node may ask for votes. One that leaves with a membership that is not committed yet may
  /// have to: the others' logs may lack that membership, and then they cannot win without its vote, which
  /// its longer log forbids (thesis 4.2.2).
  var mayLead: Bool {
    isAdmitted && (membership.isVoter(id) || memberships.membership(at: commitIndex).isVoter(id))
  }

  private mutating func startPreVote() {
    follow(nil, term: term)
    var campaign = Campaign(.preVote)
    campaign.count(id, granted: true)
    state = .campaigning(campaign)
    for voter in otherVoters { send(.preVoteRequest(last: log.last), to: voter) }
    concludeCampaign()
  }

  /// Changes nothing here: neither term, nor vote, nor timer.
  mutating func answerPreVote(_ candidate: NodeID, requestTerm: Term, last: Position) {
    let granted =
      isAdmitted && requestTerm >= term && !hearsLeader(otherThan: candidate) && log.isAtMost(last)
    send(.preVoteReply(requestTerm: requestTerm, granted: granted), to: candidate)
  }

  mutating func preVoteAnswered(_ voter: NodeID, requestTerm: Term, granted: Bool) {
    guard requestTerm == term, case .campaigning(var campaign) = state, campaign.stage == .preVote
    else { return }
    campaign.count(voter, granted: granted)
    state = .campaigning(campaign)
    concludeCampaign()
  }

  /// Opens a new term with a vote for itself. The requests leave once that is on disk, and the own vote
  /// counts from then on.
  mutating func startElection(isTransfer: Bool) {
    follow(nil, term: term)
    resetElectionDeadline()
    change(HardState(term: term + 1, vote: id))
    state = .campaigning(Campaign(.vote(isTransfer: isTransfer)))
    for voter in otherVoters { send(.voteRequest(last: log.last, isTransfer: isTransfer), to: voter) }
  }

  /// Gives the vote to a candidate whose log lacks nothing (5.4.1), once a term. Who asks need not be a voter
  /// by this node's membership, nor this node one: the candidate may know a newer one (section 6).
  mutating func answerVote(_ candidate: NodeID, last: Position) {
    let isFree = hardState.vote == nil || hardState.vote == candidate
    let granted = isAdmitted && isFree && log.isAtMost(last)
    if granted {
      if hardState.vote == nil { change(HardState(term: term, vote: candidate)) }
      resetElectionDeadline()
    }
    send(.voteReply(granted: granted), to: candidate)
  }

  mutating func voteAnswered(_ voter: NodeID, granted: Bool) {
    guard case .campaigning(var campaign) = state, campaign.stage != .preVote else { return }
    campaign.count(voter, granted: granted)
    state = .campaigning(campaign)
    concludeCampaign()
  }

  /// A candidate's vote for itself is given once it is on disk, like any other.
  mutating func countOwnVote() {
    guard writes.hardStateIsDurable, hardState.vote == id else { return }
    voteAnswered(id, granted: true)
  }

  private mutating func concludeCampaign() {
    guard case .campaigning(let campaign) = state else { return }
    switch membership.outcome(granted: campaign.granted, refused: campaign.refused) {
    case .open: break
    case .lost: follow(nil, term: term)
    case .won where campaign.stage == .preVote: startElection(isTransfer: false)
    case .won: becomeLeader()
    }
  }

  private var otherVoters: [NodeID] { membership.members.filter { $0 != id && membership.isVoter($0) } }
}
