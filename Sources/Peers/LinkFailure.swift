package import ClusterAuthority
package import Raft

/// Why a connection between managers ended, or never came to be.
package enum LinkFailure: Error, Hashable, Sendable, CustomStringConvertible {
  /// No connection: refused, no route, timed out, name not found.
  case unreachable(String)
  /// TLS failed: no certificate, another authority's, an old version, or bytes that are no TLS.
  case tls(String)
  /// TLS or the hello did not come to an end in time.
  case tooSlow
  /// More connections than allowed had not yet shown who they are, and this was the oldest.
  case crowdedOut(limit: Int)
  /// The certificate is the authority's and names nobody.
  case noIdentity(String)
  /// The certificate names an operator.
  case notAManager(PeerIdentity)
  /// The certificate or the hello names another cluster.
  case foreignCluster(String)
  /// The certificate or the hello names this very manager.
  case ourselves
  /// The manager was removed.
  case removed(NodeID)
  /// At this address another manager than the expected one answered.
  case unexpectedPeer(expected: NodeID, found: NodeID)
  /// The hello names another node than the certificate.
  case identityMismatch(certificate: NodeID, hello: NodeID)
  /// The two programs are too many versions apart.
  case noCommonVersion(theirs: ClosedRange<UInt16>, ours: ClosedRange<UInt16>)
  /// The first frame is no hello.
  case malformedHello(String)
  /// A frame that breaks the format.
  case malformedFrame(String)
  /// A frame of a kind that has no place here.
  case unexpectedFrame(Frame.Kind)
  /// A length above the limit.
  case oversizedFrame(bytes: Int, limit: Int)
  /// The peer said why it closes.
  case refusedByPeer(String)
  /// The peer closed, or the network did.
  case closed(String)
  /// The same peer opened a newer connection.
  case replaced
  /// The peer's address changed.
  case moved
  /// This manager stops.
  case stopping

  /// A word for logs and metrics; the reasons are few, so that it may be a key.
  package var code: String {
    switch self {
    case .unreachable: "unreachable"
    case .tls: "tls"
    case .tooSlow: "too-slow"
    case .crowdedOut: "crowded-out"
    case .noIdentity: "no-identity"
    case .notAManager: "not-a-manager"
    case .foreignCluster: "foreign-cluster"
    case .ourselves: "ourselves"
    case .removed: "removed"
    case .unexpectedPeer: "unexpected-peer"
    case .identityMismatch: "identity-mismatch"
    case .noCommonVersion: "no-common-version"
    case .malformedHello: "malformed-hello"
    case .malformedFrame: "malformed-frame"
    case .unexpectedFrame: "unexpected-frame"
    case .oversizedFrame: "oversized-frame"
    case .refusedByPeer: "refused-by-peer"
    case .closed: "closed"
    case .replaced: "replaced"
    case .moved: "moved"
    case .stopping: "stopping"
    }
  }

  package var description: String {
    switch self {
    case .unreachable(let reason): "it cannot be reached: \(reason)"
    case .tls(let reason):
      "TLS failed: \(reason); both sides need a certificate of the cluster's own authority and TLS 1.3"
    case .tooSlow: "it did not show who it is in time"
    case .crowdedOut(let limit):
      "more than \(limit) connections have not shown who they are; this was the oldest"
    case .noIdentity(let reason): reason
    case .notAManager(let identity): "the certificate belongs to \(identity); only managers speak here"
    case .foreignCluster(let cluster): "it belongs to another cluster, '\(cluster)'"
    case .ourselves:
      "it carries this manager's own identity; each manager needs the folder that was made for it"
    case .removed(let node): "\(node) was removed from the cluster"
    case .unexpectedPeer(let expected, let found):
      "\(found) answered where \(expected) was expected; check the members' addresses"
    case .identityMismatch(let certificate, let hello):
      "it calls itself \(hello), and its certificate belongs to \(certificate)"
    case .noCommonVersion(let theirs, let ours):
      "it speaks protocol versions \(theirs.lowerBound) to \(theirs.upperBound), this manager "
        + "\(ours.lowerBound) to \(ours.upperBound); upgrade the older one"
    case .malformedHello(let what): "its hello is malformed: \(what)"
    case .malformedFrame(let what): "it sent a malformed frame: \(what)"
    case .unexpectedFrame(let kind): "it sent a \(kind) frame out of turn"
    case .oversizedFrame(let bytes, let limit):
      "it announced a frame of \(bytes) bytes; at most \(limit) are allowed here"
    case .refusedByPeer(let reason): "it refused this manager: \(reason)"
    case .closed(let reason): "the connection ended: \(reason)"
    case .replaced: "the same manager opened a newer connection"
    case .moved: "its address changed"
    case .stopping: "this manager stops"
    }
  }

  /// Whether it belongs to the ordinary life of a link, rather than being somebody's mistake or attack.
  package var isOrdinary: Bool {
    switch self {
    case .closed, .replaced, .moved, .stopping: true
    default: false
    }
  }
}
