/// The rules that must hold after every step, by the names that scenario files use. Section numbers are those of the
/// paper "In Search of an Understandable Consensus Algorithm" (extended version).
public enum Invariant: String, Hashable, CaseIterable, Sendable {
  /// At most one leader is elected in a term, over all history (5.2).
  case oneLeaderPerTerm = "one-leader-per-term"
  /// A member gives one vote a term, across all its restarts (5.2).
  case oneVotePerTerm = "one-vote-per-term"
  /// Logs that hold an entry of the same index and term are equal up to there (5.3).
  case logMatching = "log-matching"
  /// A leader never removes or replaces an entry of its own log (5.3).
  case leaderAppendOnly = "leader-append-only"
  /// An entry committed in one term is in the log of every leader of a later one (5.4).
  case leaderCompleteness = "leader-completeness"
  /// What is committed stays, and is the same everywhere (5.4.3).
  case committedImmutable = "committed-immutable"
  /// What is committed is on the disks of a quorum.
  case durableQuorum = "durable-quorum"
  /// A leader commits by counting only in its own term (5.4.2).
  case ownTermCommit = "own-term-commit"
  /// Term, commit and applied index never go back in a life, and what is durable survives a restart.
  case nothingGoesBack = "nothing-goes-back"
  /// compacted ≤ snapshot ≤ applied ≤ committed ≤ last.
  case indicesInOrder = "indices-in-order"
  /// No message leaves before what it speaks of is durable.
  case durableBeforeSent = "durable-before-sent"
  /// At most one membership is uncommitted, consecutive quorums overlap, and the latest one counts (6).
  case membershipSteps = "membership-steps"
  /// Queues stay within their bounds.
  case queueBounds = "queue-bounds"
  /// Equal logs give equal states.
  case equalStates = "equal-states"
  /// What a node writes is what it holds in memory.
  case writesTellTheLog = "writes-tell-the-log"
  /// Nothing that happens between correct nodes makes one stop for good.
  case noHalt = "no-halt"

  // MARK: The product
  /// A request is answered once, and stands at one index of the log.
  case appliedOnce = "applied-once"
  /// What a client was told to be in force was committed between its question and the answer.
  case acknowledgedIsCommitted = "acknowledged-is-committed"
  /// What a manager knows of another's node never gets older.
  case reportsInOrder = "reports-in-order"
  /// A server is promoted only with every row that was acknowledged.
  case noLostRow = "no-lost-row"
  /// No server acknowledges a row while it lacks one that another has acknowledged.
  case oneWriter = "one-writer"
  /// No two servers are promoted to the same timeline.
  case promoteOnce = "promote-at-most-once"
  /// A driver never carries out a step of an earlier epoch.
  case fencesRise = "fences-rise"
  /// A cache is told to forget in the log's order: never again what is older than what it was told before, but when
  /// nobody knows whether that was carried out.
  case purgesInOrder = "purges-in-order"
  /// No cache serves a page whose purge was acknowledged, once it has come so far.
  case noStalePage = "no-stale-page"
  /// No container that serves is removed when too few others do.
  case rolloutKeepsMinimum = "rollout-keeps-minimum"
  /// The clients' history is one of a cluster that does one thing after the other (Herlihy and Wing, 1990).
  case linearizable = "linearizable"
  /// Once faults have ended, everything comes right in bounded time.
  case convergence = "convergence"
}
