package import ClusterAuthority
package import Raft

/// Whom this manager speaks with, and the judgement on whoever claims to be a manager of the cluster.
package struct MemberTable: Sendable {
  package let own: NodeID
  package let cluster: String
  private let members: [NodeID: Peers.Member]
  private let removed: [NodeID]

  /// `members` may name this manager itself; it is left out.
  package init(own: NodeID, cluster: String, members: [Peers.Member], removed: [NodeID] = []) {
    self.own = own
    self.cluster = cluster
    self.removed = removed
    self.members = Dictionary(
      members.filter { $0.node != own }.map { ($0.node, $0) }, uniquingKeysWith: { _, last in last })
  }

  /// In ascending order of their numbers.
  package var sorted: [Peers.Member] { members.values.sorted { $0.node < $1.node } }

  package subscript(node: NodeID) -> Peers.Member? { members[node] }

  /// Whether frames are taken from a manager. It need not be a member: one that was away has to hear a leader that
  /// joined meanwhile (Raft thesis 4.1).
  package func takes(_ node: NodeID) -> Bool { !removed.contains(node) }

  /// The manager to whom a verified certificate belongs.
  package func manager(presenting identity: PeerIdentity) throws(LinkFailure) -> NodeID {
    guard identity.cluster == cluster else { throw .foreignCluster(identity.cluster) }
    guard case .manager(_, let id, _) = identity else { throw .notAManager(identity) }
    let node = NodeID(id)
    guard node != own else { throw .ourselves }
    guard takes(node) else { throw .removed(node) }
    return node
  }

  /// Refuses a hello that does not fit the certificate behind which it came. Which disk is the member's is for the
  /// manager to judge.
  package func check(_ hello: Hello, from node: NodeID) throws(LinkFailure) {
    guard hello.cluster == cluster else { throw .foreignCluster(hello.cluster) }
    guard hello.node == node else { throw .identityMismatch(certificate: node, hello: hello.node) }
    guard takes(node) else { throw .removed(node) }
  }
}
