public import Raft

/// A broken invariant of Raft: which one, where, and what was seen.
public struct Violation: Hashable, Sendable, CustomStringConvertible {
  /// The invariants, by the names that scenario files use. Section numbers are those of the paper "In Search
  /// of an Understandable Consensus Algorithm" (extended version).
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
  }

  public let invariant: Invariant
  /// What was seen, as one sentence.
  public let text: String
  /// The node at which it was seen, and the other one if there is one.
  public let nodes: [NodeID]
  /// The entry concerned, if it is about one.
  public let index: Index?
  public let term: Term?

  public var description: String { "\(invariant.rawValue): \(text)" }
}
