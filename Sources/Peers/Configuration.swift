public import ClusterAuthority
public import Raft

extension Peers {
  /// A manager as the others find it.
  public struct Member: Hashable, Sendable {
    public var node: NodeID
    /// For logs.
    public var name: String
    /// An IP address or a DNS name.
    public var host: String
    public var port: Int

    public init(node: NodeID, name: String, host: String, port: Int) {
      self.node = node
      self.name = name
      self.host = host
      self.port = port
    }
  }

  /// What the link needs to know at its start.
  public struct Configuration: Sendable {
    /// Who this manager is, and whom it trusts. The node and the cluster are those of the certificate.
    public var credentials: Credentials
    /// This manager's disk.
    public var incarnation: Incarnation
    /// For the others' status and logs; ASCII, cut off at 255 bytes.
    public var softwareVersion: String
    /// The address to listen on.
    public var host: String
    /// The port to listen on; 0 takes a free one.
    public var port: Int
    /// The other managers. This one may be among them and is left out.
    public var members: [Member]
    public var limits = Limits()
    public var timings = Timings()

    public init(
      credentials: Credentials, incarnation: Incarnation, softwareVersion: String, host: String, port: Int,
      members: [Member]
    ) {
      self.credentials = credentials
      self.incarnation = incarnation
      self.softwareVersion = softwareVersion
      self.host = host
      self.port = port
      self.members = members
    }
  }

  /// How much a peer, or a stranger, may take.
  public struct Limits: Hashable, Sendable {
    /// The longest frame, in bytes; equal on all managers.
    public var frameBytes = 4 << 20
    /// What may wait for one peer while it is connected: frames, and bytes (at least one frame's).
    public var queuedFrames = 8192
    public var queuedBytes = 16 << 20
    /// How many frames are kept for a peer that is not connected. A few: what is older than an election
    /// only delays what matters when the peer is back.
    public var keptFrames = 64
    /// Connections that have not yet shown who they are. One more closes the oldest of them, so that a flood
    /// of silent connections cannot lock the members out.
    public var unknownConnections = 64

    public init() {}
  }

  /// How long things may take.
  public struct Timings: Hashable, Sendable {
    /// For TCP to connect.
    public var connect = Duration.milliseconds(500)
    /// For TLS and the hellos, on the side that dials.
    public var greeting = Duration.seconds(2)
    /// For TLS and the hello, on the side that accepts.
    public var acceptance = Duration.seconds(5)
    /// From the start of an attempt that failed to the start of the next: doubled each time, with jitter.
    public var shortestRedial = Duration.milliseconds(50)
    /// Half a second bounds how late a healed network is noticed, for two packets a second and peer.
    public var longestRedial = Duration.milliseconds(500)
    /// How long sent bytes may stay unacknowledged before the connection is given up. Retransmissions double
    /// their distance up to here, so it also bounds how late a link that healed in time speaks again.
    public var silence = Duration.seconds(2)

    public init() {}
  }
}

extension Peers.Configuration {
  /// Refuses values that cannot work together.
  func check() throws(PeersError) {
    for (name, value) in [
      ("frameBytes", limits.frameBytes), ("queuedFrames", limits.queuedFrames),
      ("keptFrames", limits.keptFrames), ("unknownConnections", limits.unknownConnections),
    ] where value < 1 {
      throw .badConfiguration("\(name) is \(value); it must be at least 1")
    }
    guard limits.frameBytes < 1 << 31 else {
      throw .badConfiguration("frameBytes is \(limits.frameBytes); it must be under 2 GiB")
    }
    guard limits.queuedBytes >= limits.frameBytes else {
      throw .badConfiguration(
        "queuedBytes is \(limits.queuedBytes); it must hold one frame of \(limits.frameBytes) bytes")
    }
    guard timings.shortestRedial > .zero, timings.shortestRedial <= timings.longestRedial else {
      throw .badConfiguration("shortestRedial must be positive and at most longestRedial")
    }
  }
}
