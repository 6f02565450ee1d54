extension PlantedBug {
  /// Where a bug is planted.
  public enum Area: String, CaseIterable, Hashable, Sendable {
    case raft, storage, cluster, control, manager
  }

  public var area: Area {
    switch self {
    case .storedBeforeSynced, .storeForgetsVote, .removalNotStored: .storage
    case .requestAppliedTwice, .snapshotForgetsRequests, .databaseEpochIgnored, .promotedFromSyncing,
      .purgesTrimmedEarly, .replaySkipsOne, .flushSkipped:
      .cluster
    case .switchoverLosesTail, .rolloutAllAtOnce, .stoppedBeforeServing, .placeBeforeSecondPass: .control
    case .decidesOnOldState, .pauseForgotten, .oldReportsBelieved, .actsBeforeCurrent, .barrierWithoutRead,
      .purgeAcknowledgedEarly, .positionBeforeAnswer, .purgesGoBack, .standbyCountedEarly,
      .relaxedBeforeCommitted, .oldPrimaryGoesOn, .drainStopsPrimary, .newDiskVotes, .givenUpHeard,
      .levelRaisedEarly, .newIntentsEarly, .leftoversDropped, .epochNotFenced:
      .manager
    default: .raft
    }
  }

  /// What is wrong, and where the field has met it.
  public var summary: String { raftSummary ?? stateSummary ?? managerSummary ?? rawValue }

  private var raftSummary: String? {
    switch self {
    case .voteBeforeSync:
      "a vote leaves before it is on disk (Raft paper, figure 2: a crash lets the node vote again)"
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
    case .removalNotWritten: "a conflicting tail is removed in memory and stays on disk (Raft paper 5.3)"
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
    case .chunkNotRepeated:
      "a lost chunk of a snapshot is never sent again (as in hashicorp/raft #697, the follower never catches up)"
    case .windowIgnored: "appends are sent without regard to the window (etcd-io/raft, MaxInflightMsgs)"
    default: nil
    }
  }

  private var stateSummary: String? {
    switch self {
    case .storedBeforeSynced: "the store says durable one write too early (PostgreSQL's fsyncgate, 2018)"
    case .storeForgetsVote: "the store keeps the term and loses the vote (Raft paper, figure 2)"
    case .removalNotStored:
      "the store appends a new tail without removing the old one (Raft paper 5.3)"
    case .requestAppliedTwice:
      "a request that is sent again is applied again (Raft paper 8; dragonboat's sessions)"
    case .snapshotForgetsRequests: "a snapshot lacks the requests already applied (thesis 6.3)"
    case .databaseEpochIgnored:
      "a decision made on an older state of the database is taken: neither its epoch nor the mode that it starts from is compared, and the leader does not wait for its last one (each of the three would do)"
    case .promotedFromSyncing:
      "a secondary is promoted that lacks acknowledged commits (GitHub, 2018-10-21: promotion from async)"
    case .purgesTrimmedEarly:
      "a purge is forgotten when the first cache has it, not the last"
    case .replaySkipsOne: "a cache that returns misses the first of the purges it lacks (an off-by-one)"
    case .flushSkipped:
      "a cache whose purges are forgotten is not flushed (a log that no longer reaches back)"
    case .switchoverLosesTail:
      "a switchover does not wait for the old primary's last record"
    case .rolloutAllAtOnce:
      "a rolling update replaces all tasks at once (swarmkit's parallelism), and no node keeps what serves"
    case .stoppedBeforeServing:
      "an old task stops before the new one takes traffic: the leader gives it up, and its node does not keep it"
    case .placeBeforeSecondPass:
      "a cache's place is committed while pages may still come in that its purges have missed"
    default: nil
    }
  }

  private var managerSummary: String? {
    switch self {
    case .decidesOnOldState: "the leader decides again before its last decisions are applied"
    case .pauseForgotten: "a leader that was paused takes everybody for silent (its own silence, not theirs)"
    case .oldReportsBelieved: "a report that comes late replaces a newer one"
    case .actsBeforeCurrent: "a node that returns acts on what it remembers (an old primary starts again)"
    case .barrierWithoutRead: "a certain read is answered from the local state (etcd's serializable read)"
    case .purgeAcknowledgedEarly: "a purge is acknowledged before it is committed"
    case .positionBeforeAnswer: "a purge counts as applied before the cache has answered"
    case .epochNotFenced: "a node takes a step for its server that is older than one it has taken"
    case .purgesGoBack:
      "a cache is purged on from its place in the log, which is committed later, not from where it is"
    case .standbyCountedEarly: "a standby counts as synchronous before it holds what was committed without it"
    case .relaxedBeforeCommitted:
      "commits stop waiting for the standby before the log says so (Patroni, synchronous_mode)"
    case .oldPrimaryGoesOn:
      "a primary that was replaced is not stopped (split brain, the failure that Patroni and Stolon exist to prevent)"
    case .drainStopsPrimary: "a drained node's primary stops without a switchover"
    case .newDiskVotes: "a manager whose disk was replaced is taken for its old self (etcd #12483)"
    case .givenUpHeard:
      "after a lost majority, the managers that were given up are listened to again (etcd's --force-new-cluster)"
    case .levelRaisedEarly:
      "the cluster's feature level is raised as soon as one manager understands it (MongoDB's, CockroachDB's finalization)"
    case .newIntentsEarly: "an intent is proposed that managers of the older version cannot read"
    case .leftoversDropped:
      "a node that comes back removes what serves and is no longer wanted before what is wanted there serves"
    default: nil
    }
  }
}
