/// Going on after a majority was lost for good: the store of one survivor is rewritten, offline, so that other
/// voters decide from here on. It is an operator's act and never Raft's own: entries that were committed and that
/// the survivor does not hold are lost by it.
///
/// Choose the survivor whose log ends last: the highest term, then the highest index. Whoever is not among the new
/// voters must never start again with its old disk, and joins later, if at all, as a new member.
extension Restored {
  /// How far the term rises in a recovery: above every term that the lost members may have reached meanwhile, so that
  /// one that comes back in spite of everything follows the survivors, not they it.
  static let recoveryTerms: Term = 1 << 20

  /// The membership in force at the log's end.
  public var membership: Membership {
    var memberships = MembershipHistory(snapshot.membership, at: snapshot.position.index)
    for entry in entries where entry.index > snapshot.position.index { memberships.append(entry) }
    return memberships.current
  }

  /// The last entry's position, or that of the snapshot.
  public var last: Position { Log(self).last }

  /// The store after the recovery: all that it held, then an entry with the new membership, then one that records
  /// the act. They are committed like any others, once the new voters have elected a leader. Members that are not
  /// among them are given up: the store does not know their disks any more.
  ///
  /// - Parameters:
  ///   - node: whose store this is.
  ///   - voters: who decides from now on: this node, and other survivors if there are any.
  ///   - record: a command of the state machine's own that tells who did this, when and why.
  /// - Throws: `RecoveryError`; nothing is changed then.
  public func recovered(
    at node: NodeID, voters: [NodeID], record: [UInt8]
  ) throws(RecoveryError) -> Restored {
    if let defect { throw .damaged(defect) }
    guard var admission else { throw .notAdmitted(node) }
    guard !admission.isWithdrawn else { throw .withdrawn(node) }
    let known = membership.members
    guard voters.contains(node) else { throw .withoutThisNode(node) }
    if let stranger = voters.first(where: { !known.contains($0) }) { throw .stranger(stranger, known: known) }
    guard !record.isEmpty else { throw .withoutRecord }

    let last = last
    let term = hardState.term + Self.recoveryTerms
    guard term < Raft.limit else { throw .termsExhausted(hardState.term) }
    func entry(_ offset: Index, _ payload: Payload) -> Entry {
      Entry(position: Position(index: last.index + offset, term: term), payload: payload)
    }
    admission.giveUp(known.filter { !voters.contains($0) })
    var recovered = self
    recovered.admission = admission
    recovered.hardState = HardState(term: term)
    recovered.entries.append(entry(1, .membership(Membership(voters: voters))))
    recovered.entries.append(entry(2, .command(record)))
    return recovered
  }
}

/// Why a store was not recovered. It is as it was.
public enum RecoveryError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The log contradicts itself.
  case damaged(String)
  /// No cluster knows the store's disk: it is new, or takes the place of one that was lost.
  case notAdmitted(NodeID)
  /// The cluster went on without this disk in an earlier recovery.
  case withdrawn(NodeID)
  /// The node whose store is recovered must be one of the voters.
  case withoutThisNode(NodeID)
  /// A voter that the log does not know as a member.
  case stranger(NodeID, known: [NodeID])
  /// Nobody would know later what was done.
  case withoutRecord
  /// The term stored is close to the highest there can be.
  case termsExhausted(Term)

  public var description: String {
    switch self {
    case .damaged(let defect):
      "\(defect); recover another survivor's store instead"
    case .notAdmitted(let node):
      "\(node) never took part with this disk, so the cluster's log is not on it; recover a survivor's store"
    case .withdrawn(let node):
      "the cluster went on without \(node) in an earlier recovery; it must not go on by itself"
    case .withoutThisNode(let node):
      "\(node) must be among the voters: its own log is what the cluster goes on with"
    case .stranger(let node, let known):
      "\(node) is no member; the log knows \(known.map(\.description).joined(separator: ", ")). Recover with "
        + "members only, and add others once there is a leader"
    case .withoutRecord:
      "a recovery must be recorded: say who does it, and why"
    case .termsExhausted(let term):
      "the term stored, \(term), leaves no room for a recovery; the log on disk is damaged"
    }
  }
}
