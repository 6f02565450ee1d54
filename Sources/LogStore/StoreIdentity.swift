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
