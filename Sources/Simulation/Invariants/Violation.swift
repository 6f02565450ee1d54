public import Raft

/// A broken rule: which one, where, and what was seen.
public struct Violation: Hashable, Sendable, CustomStringConvertible {
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
