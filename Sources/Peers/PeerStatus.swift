public import Raft

/// How the link with one peer fares.
public struct PeerStatus: Sendable {
  /// The link on which this manager's frames go out.
  public struct Connection: Hashable, Sendable {
    /// The peer's disk.
    public var incarnation: Incarnation
    public var softwareVersion: String
    /// How long the connection stands.
    public var age: Duration
    /// The kernel's smoothed estimate, at most a second old; nil until it was first read.
    public var roundTrip: Duration?
  }

  public var member: Peers.Member
  /// Nil while the peer cannot be reached.
  public var connection: Connection?
  /// Whether the peer has a connection to this manager.
  public var isReceiving: Bool
  public var queuedFrames: Int
  public var queuedBytes: Int
  /// Frames that found no room, since the peer became a member. Frames that were in a connection when it
  /// broke are not counted: nobody knows whether they arrived.
  public var droppedFrames: UInt64
  public var sent: Traffic
  public var received: Traffic
  /// Why the peer cannot be reached, while it cannot.
  public var lastFailure: String?
}

/// What went over a link since the peer became a member: payloads only, without TLS and framing.
public struct Traffic: Hashable, Sendable {
  public var frames: UInt64
  public var bytes: UInt64

  static let none = Traffic(frames: 0, bytes: 0)
}
