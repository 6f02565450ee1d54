extension PlantedBug {
  /// Where a bug is planted.
  public enum Area: String, CaseIterable, Hashable, Sendable {
    case raft
  }

  public var area: Area { .raft }

  /// What is wrong, and where the field has met it.
  public var summary: String { raftSummary }

  private var raftSummary: String {
    switch self {
    case .voteBeforeSync:
      "a vote leaves before it is on disk (Raft paper, figure 2; a crash lets the node vote again)"
    case .acknowledgeBeforeSync:
      "a follower acknowledges entries that are not on its disk yet (etcd-io/raft, newStorageAppendRespMsg)"
    case .ownUnsyncedCounted:
      "a leader counts its own entries before they are on its disk (thesis 10.2.1)"
    case .termNotStored: "a term without a vote is not stored (Raft paper, figure 2)"
    case .voteClearedAtStepDown: "stepping down within a term clears the vote (microsoft/CCF #8094)"
    case .longestLogWins: "the longer log wins a vote, whatever its last term (Raft paper 5.4.1)"
    case .minorityCommits: "one member too few makes an entry committed (an off-by-one in counting)"
    case .oldTermCommitted:
      "an entry of an earlier term is committed by counting (Raft paper 5.4.2, figure 8)"
    case .commitPastVerified: "the commit index moves past what agrees with the leader (rabbitmq/ra #508)"
    case .shortAppendTruncates: "a late, short append removes the entries after it (microsoft/CCF #5991)"
    case .removedStaysDurable: "entries removed and replaced still count as durable (openraft #1960)"
    case .removalNotWritten:
      "a conflicting tail is removed in memory and stays on disk (hazelcast #16643's kind)"
    case .checkQuorumOff: "a leader without a majority goes on leading (thesis 6.2; Cloudflare, 2020-11-02)"
    case .preVoteSkipped: "an election is started without asking first (thesis 9.6)"
    case .stalledDiskLeads: "a leader whose disk hangs goes on leading (hashicorp/raft #503)"
    case .equalDraws: "all members draw the same election timeout (etcd #15784)"
    case .readWithoutRound: "a leader answers reads without asking whether it still leads (thesis 6.4)"
    case .readBeforeOwnTerm: "a new leader answers reads before its first commit (Raft paper 8)"
    case .readNumberReused: "a follower's questions for reads bear one number (etcd-io/raft #397)"
    case .membershipOnCommit:
      "a membership counts once it is committed, not once it is appended (Raft paper 6)"
    case .changeBeforeOwnTerm: "a new leader changes members before its first commit (raft-dev, 2015-07-10)"
    case .outgoingVotersIgnored: "during a joint change only the new voters are counted (Raft paper 6)"
    case .olderSnapshotInstalled: "a late snapshot moves the log back (hashicorp/raft #248)"
    case .snapshotWithoutMembership: "a snapshot taken over brings no membership (Raft paper 7)"
    case .chunkOffsetIgnored: "a doubled chunk of a snapshot is added twice (Raft paper 7, figure 13)"
    case .chunkNotRepeated: "a lost chunk of a snapshot is never sent again (hashicorp/raft #697's kind)"
    case .windowIgnored: "appends are sent without regard to the window (etcd-io/raft, MaxInflightMsgs)"
    }
  }
}
