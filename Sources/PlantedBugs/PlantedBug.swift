/// PlantedBugs: the mistakes that the simulator's checkers must find, one at a time. Each stands as one word at the
/// line where it belongs: `guard isFree || planted(.someBug)`. The module is the lowest of all, because bugs of
/// every layer are planted by it, and a module of its own, because it is nobody's business otherwise.
///
/// They exist only in a build with the package trait of this module's name:
/// `swift build --traits PlantedBugs --product tercet-sim`. In every other build `planted` is the constant `false`, and
/// the optimiser leaves nothing of the condition.
public enum PlantedBug: String, CaseIterable, Hashable, Sendable {
  // Raft
  case voteBeforeSync = "vote-before-sync"
  case acknowledgeBeforeSync = "acknowledge-before-sync"
  case ownUnsyncedCounted = "own-unsynced-counted"
  case termNotStored = "term-not-stored"
  case voteClearedAtStepDown = "vote-cleared-at-step-down"
  case longestLogWins = "longest-log-wins"
  case minorityCommits = "minority-commits"
  case oldTermCommitted = "old-term-committed"
  case commitPastVerified = "commit-past-verified"
  case shortAppendTruncates = "short-append-truncates"
  case removedStaysDurable = "removed-stays-durable"
  case removalNotWritten = "removal-not-written"
  case checkQuorumOff = "check-quorum-off"
  case preVoteSkipped = "pre-vote-skipped"
  case stalledDiskLeads = "stalled-disk-leads"
  case equalDraws = "equal-draws"
  case readWithoutRound = "read-without-round"
  case readBeforeOwnTerm = "read-before-own-term"
  case readNumberReused = "read-number-reused"
  case membershipOnCommit = "membership-on-commit"
  case changeBeforeOwnTerm = "change-before-own-term"
  case outgoingVotersIgnored = "outgoing-voters-ignored"
  case olderSnapshotInstalled = "older-snapshot-installed"
  case snapshotWithoutMembership = "snapshot-without-membership"
  case chunkOffsetIgnored = "chunk-offset-ignored"
  case chunkNotRepeated = "chunk-not-repeated"
  case windowIgnored = "window-ignored"
  // Storage, as modelled
  case storedBeforeSynced = "stored-before-synced"
  case storeForgetsVote = "store-forgets-vote"
  case removalNotStored = "removal-not-stored"
  // The replicated state
  case requestAppliedTwice = "request-applied-twice"
  case snapshotForgetsRequests = "snapshot-forgets-requests"
  case databaseEpochIgnored = "database-epoch-ignored"
  case promotedFromSyncing = "promoted-from-syncing"
  case purgesTrimmedEarly = "purges-trimmed-early"
  case replaySkipsOne = "replay-skips-one"
  case flushSkipped = "flush-skipped"
  // The leader's controllers
  case switchoverLosesTail = "switchover-loses-tail"
  case rolloutAllAtOnce = "rollout-all-at-once"
  case stoppedBeforeServing = "stopped-before-serving"
  // The manager around them, and the node's reconciler
  case decidesOnOldState = "decides-on-old-state"
  case pauseForgotten = "pause-forgotten"
  case oldReportsBelieved = "old-reports-believed"
  case actsBeforeCurrent = "acts-before-current"
  case barrierWithoutRead = "barrier-without-read"
  case purgeAcknowledgedEarly = "purge-acknowledged-early"
  case positionBeforeAnswer = "position-before-answer"
  case epochNotFenced = "epoch-not-fenced"
  case purgesGoBack = "purges-go-back"
  case standbyCountedEarly = "standby-counted-early"
  case relaxedBeforeCommitted = "relaxed-before-committed"
  case oldPrimaryGoesOn = "old-primary-goes-on"
  case drainStopsPrimary = "drain-stops-primary"
  case newDiskVotes = "new-disk-votes"
  case givenUpHeard = "given-up-heard"
  case levelRaisedEarly = "level-raised-early"
  case newIntentsEarly = "new-intents-early"
  case leftoversDropped = "leftovers-dropped"
  case placeBeforeSecondPass = "place-before-second-pass"
}

#if PlantedBugs
  /// The bug of this process; set once, before the first manager exists, and by one thread.
  nonisolated(unsafe) public var plantedBug: PlantedBug?
#endif

/// Whether the program has this bug: never, unless it was built to have bugs and told to have this one.
@inlinable
public func planted(_ bug: PlantedBug) -> Bool {
  #if PlantedBugs
    return plantedBug == bug
  #else
    return false
  #endif
}
