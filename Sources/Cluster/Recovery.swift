public import Raft
public import WireFormat

/// That the cluster goes on with one manager alone, because a majority of them was lost for good: an operator's act on
/// that manager's log while it was stopped. It stands there as the record of who did it, when and why.
public struct Recovery: Hashable, Sendable {
  /// Whose log the cluster goes on with.
  public var survivor: NodeID
  /// The members that it goes on without, sorted. They are heard no more, whatever they hold.
  public var givenUp: [NodeID]
  /// In the operator's words.
  public var reason: String

  public init(survivor: NodeID, givenUp: [NodeID], reason: String) {
    self.survivor = survivor
    self.givenUp = givenUp
    self.reason = reason
  }
}

extension State {
  /// A change of the managers that was under way has lost those who were to decide on it: it is over.
  mutating func recover(_ recovery: Recovery) -> Outcome {
    let joining = managers.change?.change.adding?.node
    managers.change = nil
    for id in recovery.givenUp + [joining].compactMap(\.self) where id != recovery.survivor {
      managers.giveUp(id)
    }
    return .accepted
  }
}

extension Recovery {
  /// Such as `recovery: manager 1 goes on alone, without 2 and 3: both zones burnt`.
  var summary: String {
    let lost = givenUp.map { String($0.rawValue) }.joined(separator: " and ")
    return "recovery: manager \(survivor.rawValue) goes on alone, without \(lost): \(reason)"
  }
}

extension Recovery: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, survivor.rawValue)
    writer.packed(2, givenUp.lazy.map(\.rawValue))
    writer.field(3, reason)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    self.init(survivor: NodeID(0), givenUp: [], reason: "")
    while let field = try reader.next() {
      switch field {
      case 1: survivor = NodeID(try reader.uint())
      case 2: givenUp = try reader.packed().map(NodeID.init)
      case 3: reason = try reader.string()
      default: throw reader.unknown(field)
      }
    }
  }
}
