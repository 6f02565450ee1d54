public import Cluster
public import Raft
import WireFormat

/// What is left when a majority of the managers was lost for good: the log of one that survived. The cluster can go on
/// with it alone, if an operator says so. Entries that only the others had are lost then, though they were committed.
public struct LostMajority: Sendable {
  public let node: NodeID
  private let restored: Restored

  /// - Parameter restored: the log of a manager that is stopped.
  public init(node: NodeID, restored: Restored) {
    self.node = node
    self.restored = restored
  }

  /// Where the log ends. The survivor to go on with is the one whose log ends last: by term, then by index.
  public var last: Position { restored.last }

  /// All members but this one: the cluster would go on without them.
  public var others: [NodeID] { restored.membership.members.filter { $0 != node } }

  /// The newest intent in the log, and where it stands; nil if a snapshot has taken in all of them.
  public var newest: (index: Index, proposal: Proposal)? {
    for entry in restored.entries.reversed() {
      guard case .command(let command) = entry.payload, let proposal = try? Proposal(decoding: command)
      else { continue }
      return (entry.index, proposal)
    }
    return nil
  }

  /// Managers that joined since the cluster's beginning, as far as the log tells, the latest last.
  public var joined: [ManagerMember] {
    let state = try? State(decoding: restored.snapshot.state)
    let later = restored.entries.compactMap { entry -> ManagerMember? in
      guard case .command(let command) = entry.payload, let proposal = try? Proposal(decoding: command),
        case .managers(let change) = proposal.intent
      else { return nil }
      return change.adding
    }
    return (state?.managers.joined.values.map(\.member) ?? []) + later
  }

  /// The log with this manager as the only voter, and with the record of the act as its last entry.
  ///
  /// - Parameters:
  ///   - origin: who does it, such as `operator/ana`.
  ///   - reason: why, in the operator's words.
  ///   - wallClockMilliseconds: when, since 1970.
  /// - Throws: why the log cannot be gone on with.
  public func recovered(
    by origin: String, because reason: String, wallClockMilliseconds: Int64
  ) throws(RecoveryError) -> Restored {
    let recovery = Recovery(survivor: node, givenUp: others, reason: reason)
    let record = Proposal(
      request: nil, origin: origin, wallClockMilliseconds: wallClockMilliseconds, intent: .recovery(recovery))
    return try restored.recovered(at: node, voters: [node], record: record.encoded())
  }
}
