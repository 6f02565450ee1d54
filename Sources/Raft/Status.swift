/// What a node is at the moment.
public enum Role: Hashable, Sendable {
  case follower
  /// Asks whether an election would succeed, before it disturbs anyone (thesis 9.6).
  case preCandidate
  case candidate
  case leader
  /// Stopped for good, with the reason.
  case halted(reason: String)
}

/// What a leader knows of another member.
public struct MemberStatus: Hashable, Sendable {
  public let id: NodeID
  /// All entries up to this index are on the member's disk.
  public let matched: Index
  /// When it last answered in this term; at the start of the term, that moment.
  public let lastHeard: Instant
  public let phase: Phase

  public enum Phase: Hashable, Sendable {
    /// Where its log agrees with the leader's is being found out.
    case probing
    case replicating
    /// It needs entries that are compacted away and is receiving a snapshot.
    case receivingSnapshot
  }
}
