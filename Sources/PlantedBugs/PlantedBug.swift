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
