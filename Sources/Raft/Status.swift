import PlantedBugs

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
  /// When it last answered in this term; before it has, when the term began.
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

extension Raft {
  public var role: Role {
    switch state {
    case .following: .follower
    case .campaigning(let campaign): campaign.stage == .preVote ? .preCandidate : .candidate
    case .leading: .leader
    case .halted(let reason): .halted(reason: reason)
    }
  }

  public var term: Term { hardState.term }

  /// Who leads in the current term, if known.
  public var leader: NodeID? {
    switch state {
    case .following(let following): following.leader
    case .leading: id
    case .campaigning, .halted: nil
    }
  }

  public var isLeader: Bool {
    if case .leading = state { true } else { false }
  }

  /// The end of the log, committed or not, durable or not.
  public var lastPosition: Position { log.last }

  /// The term of the entry at `index`; nil if it is compacted away or not there yet.
  public func termOfEntry(at index: Index) -> Term? { log.term(at: index) }

  /// All entries up to this index are on this node's disk.
  public var durableIndex: Index { writes.durableIndex }

  /// The membership in force: the latest in the log, committed or not.
  public var membership: Membership {
    planted(.membershipOnCommit) ? memberships.membership(at: commitIndex) : memberships.current
  }

  /// Whether the membership in force is committed and not joint: no change of it is under way.
  public var isMembershipSettled: Bool { memberships.currentIndex <= commitIndex && !membership.isJoint }

  /// The place of the latest snapshot.
  public var snapshotPosition: Position { latestSnapshot.position }

  /// Entries up to this place are no longer in the log.
  public var compactedPosition: Position { log.base }

  /// When a follower last heard from its leader; nil if it has none.
  public var leaderLastHeard: Instant? {
    guard case .following(let following) = state, following.leader != nil else { return nil }
    return following.lastHeard
  }

  /// The other members as a leader sees them, sorted by id; empty on other nodes.
  public var members: [MemberStatus] {
    guard case .leading(let leading) = state else { return [] }
    return leading.members.map { member in
      let phase: MemberStatus.Phase =
        switch member.phase {
        case .probing: .probing
        case .replicating: .replicating
        case .sendingSnapshot: .receivingSnapshot
        }
      return MemberStatus(id: member.id, matched: member.matched, lastHeard: member.lastHeard, phase: phase)
    }
  }

  /// Whether leadership is being handed over.
  public var isTransferring: Bool {
    if case .leading(let leading) = state { leading.transfer != nil } else { false }
  }

  /// Whether the applied state is known not to be that of an earlier life: an entry of the current term is
  /// applied, and everything that a leader of this term has told to be committed. False after a restart until
  /// a leader was heard.
  public var isCurrent: Bool {
    toldCommit > 0 && appliedIndex >= toldCommit && log.term(at: appliedIndex) == term
  }
}

/// Sizes of queues that must stay small whatever happens.
extension Raft {
  /// Messages that wait for the term and vote to be on disk.
  package var heldMessageCount: Int { held.count }

  /// Which queue is larger than it may ever be; nil while none is.
  package var brokenQueueBound: String? {
    // One message of a kind for each member, and as many again for former members that still speak.
    let kinds = 13
    if held.count > kinds * 2 * (membership.voters.count + membership.learners.count + 1) {
      return "holds \(held.count) messages back"
    }
    guard case .leading(let leading) = state else { return nil }
    if leading.uncommittedBytes < 0 { return "counts \(leading.uncommittedBytes) uncommitted bytes" }
    for member in leading.members {
      guard case .replicating(let window) = member.phase, window.isOverfull(settings) else { continue }
      return "has \(window.count) appends of \(window.bytes) bytes on their way to \(member.id)"
    }
    return nil
  }
}
