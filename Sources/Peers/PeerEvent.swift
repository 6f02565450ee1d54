public import Raft

/// What the link tells its user.
public enum PeerEvent: Hashable, Sendable {
  /// Frames can be sent to the peer: it accepted this manager. `incarnation` is the peer's disk.
  case connected(NodeID, incarnation: Incarnation)
  /// The connection to the peer is lost; frames that were on their way may be.
  case disconnected(NodeID)
  /// Frames from the peer, in the order in which it sent them: all of one read, at least one. `incarnation` is the
  /// peer's disk.
  case received(from: NodeID, incarnation: Incarnation, frames: [[UInt8]])
}
