import WireFormat

/// A leader's reign: at most one leader is elected in a term (Raft paper, section 5.1). The first is 1.
public typealias Term = UInt64

/// A place in the log. The first entry stands at 1; 0 is the empty log.
public typealias Index = UInt64

/// A member of the cluster. An identity belongs to one data folder for ever: a machine that lost its disk
/// gets a new one.
public struct NodeID: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let rawValue: UInt64

  public init(_ rawValue: UInt64) { self.rawValue = rawValue }

  public static func < (left: NodeID, right: NodeID) -> Bool { left.rawValue < right.rawValue }
  public var description: String { "n\(rawValue)" }
}

/// The place of an entry: two logs that agree on it agree on everything before it (Log Matching, 5.3).
public struct Position: Hashable, Sendable {
  public var index: Index
  public var term: Term

  public init(index: Index, term: Term) {
    self.index = index
    self.term = term
  }

  public static let zero = Position(index: 0, term: 0)
}

/// One entry of the log.
public struct Entry: Hashable, Sendable {
  public var position: Position
  public var payload: Payload

  public init(position: Position, payload: Payload) {
    self.position = position
    self.payload = payload
  }

  public var index: Index { position.index }
  public var term: Term { position.term }
}

/// What an entry carries.
public enum Payload: Hashable, Sendable {
  /// The entry with which a new leader opens its term (section 8).
  case empty
  /// The state machine's own bytes.
  case command([UInt8])
  /// A membership; it counts from the moment it is appended (section 6).
  case membership(Membership)
}

/// Who votes and who only replicates. Lists are sorted and without duplicates.
public struct Membership: Hashable, Sendable {
  /// A majority of these decides.
  public private(set) var voters: [NodeID]
  /// During a joint change a majority of these is needed as well; otherwise empty.
  public private(set) var outgoing: [NodeID]
  /// Receive the log and never vote.
  public private(set) var learners: [NodeID]

  public init(voters: [NodeID], outgoing: [NodeID] = [], learners: [NodeID] = []) {
    self.voters = Membership.normalized(voters)
    self.outgoing = Membership.normalized(outgoing)
    self.learners = Membership.normalized(learners)
  }

  private static func normalized(_ nodes: [NodeID]) -> [NodeID] {
    var sorted: [NodeID] = []
    for node in nodes.sorted() where sorted.last != node { sorted.append(node) }
    return sorted
  }
}

/// What must never be forgotten between two messages: one record, so that a vote cannot be separated from
/// the term it was given in.
public struct HardState: Hashable, Sendable {
  public var term: Term
  public var vote: NodeID?

  public init(term: Term = 0, vote: NodeID? = nil) {
    self.term = term
    self.vote = vote
  }
}

/// The state machine's state after the entry at `position`, and the membership in force there.
public struct Snapshot: Hashable, Sendable {
  public var position: Position
  public var membership: Membership
  /// The state machine's own bytes.
  public var state: [UInt8]

  public init(position: Position, membership: Membership, state: [UInt8]) {
    self.position = position
    self.membership = membership
    self.state = state
  }
}
