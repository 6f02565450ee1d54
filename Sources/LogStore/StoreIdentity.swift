public import Raft

/// Whose log a file is. It is written when the file is created and compared at every later opening, so that
/// a folder copied or mounted at the wrong place is refused.
public struct StoreIdentity: Hashable, Sendable {
  /// The cluster's identifier, as `tercet bootstrap` made it.
  public var cluster: String
  /// The member that this machine is.
  public var node: NodeID

  public init(cluster: String, node: NodeID) {
    self.cluster = cluster
    self.node = node
  }
}

/// A random number of 128 bits that is made with the file. A manager whose disk was wiped comes back with
/// another one, so its peers can tell: it has forgotten votes and entries that it once acknowledged.
public struct Incarnation: Hashable, Sendable, CustomStringConvertible {
  /// 16 bytes.
  public let bytes: [UInt8]

  /// Nil unless there are 16 bytes.
  public init?(bytes: [UInt8]) {
    guard bytes.count == 16 else { return nil }
    self.bytes = bytes
  }

  /// Draws a new one from the system's generator.
  static func random() -> Incarnation {
    var generator = SystemRandomNumberGenerator()
    return Incarnation(bytes: (0..<16).map { _ in generator.next() })!  // 16 by construction
  }

  /// 32 hexadecimal digits.
  public var description: String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
