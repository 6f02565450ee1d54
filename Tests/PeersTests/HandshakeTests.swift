import ClusterAuthority
import Peers
import Raft
import Testing

/// The course of a connection, driven without sockets: we are n1, n2 and n3 are members, and n5 was one.
@Suite("the course of a connection")
struct HandshakeTests {
  private static let members = MemberTable(
    own: NodeID(1), cluster: "portal",
    members: (1...3).map {
      Peers.Member(node: NodeID($0), name: "zone-\($0)", host: "127.0.0.1", port: 1)
    }, removed: [NodeID(5)])

  private static func manager(_ id: UInt64, cluster: String = "portal") -> PeerIdentity {
    .manager(cluster: cluster, id: id, name: "zone-\(id)")
  }

  private static func hello(_ id: UInt64, cluster: String = "portal") -> Hello {
    Hello(node: NodeID(id), incarnation: Incarnation(high: 0, low: id), cluster: cluster, software: "1")
  }

  private static func frame(_ hello: Hello) -> Frame { Frame(kind: .hello, payload: hello.encoded()) }

  @Test("the one who dials greets first, and its link is open when the other has greeted back")
  func dialer() throws {
    var handshake = Handshake(.dialer(expecting: NodeID(2)))
    #expect(try handshake.secured(by: Self.manager(2), members: Self.members) == .greet)
    #expect(!handshake.isOpen)
    let action = try handshake.received(Self.frame(Self.hello(2)), members: Self.members)
    #expect(action == .open(Self.hello(2), greetingFirst: false))
    #expect(handshake.isOpen)
  }

  @Test("the one who accepts waits for a hello, greets back, and then takes payloads")
  func acceptor() throws {
    var handshake = Handshake(.acceptor)
    #expect(try handshake.secured(by: Self.manager(2), members: Self.members) == .wait)
    let action = try handshake.received(Self.frame(Self.hello(2)), members: Self.members)
    #expect(action == .open(Self.hello(2), greetingFirst: true))
    let payload = Frame(kind: .payload, payload: [1, 2])
    #expect(try handshake.received(payload, members: Self.members) == .deliver([1, 2]))
  }

  @Test("a manager that joined meanwhile may connect, and is not dialed in another one's place")
  func newcomer() throws {
    var acceptor = Handshake(.acceptor)
    #expect(try acceptor.secured(by: Self.manager(4), members: Self.members) == .wait)
    var dialer = Handshake(.dialer(expecting: NodeID(2)))
    #expect(throws: LinkFailure.unexpectedPeer(expected: NodeID(2), found: NodeID(4))) {
      try dialer.secured(by: Self.manager(4), members: Self.members)
    }
  }

  @Test(
    "a certificate that does not belong to a manager of the cluster, or to a removed one, is refused",
    arguments: [
      (PeerIdentity.operator(cluster: "portal", name: "jane"), "not-a-manager"),
      (manager(2, cluster: "other"), "foreign-cluster"),
      (.operator(cluster: "other", name: "jane"), "foreign-cluster"),
      (manager(5), "removed"),
      (manager(1), "ourselves"),
    ])
  func certificates(identity: PeerIdentity, code: String) {
    for role in [Handshake.Role.acceptor, .dialer(expecting: NodeID(2))] {
      var handshake = Handshake(role)
      let failure = #expect(throws: LinkFailure.self) {
        try handshake.secured(by: identity, members: Self.members)
      }
      #expect(failure?.code == code)
    }
  }

  @Test("another member than the one that was dialed is refused")
  func unexpectedPeer() {
    var handshake = Handshake(.dialer(expecting: NodeID(2)))
    #expect(throws: LinkFailure.unexpectedPeer(expected: NodeID(2), found: NodeID(3))) {
      try handshake.secured(by: Self.manager(3), members: Self.members)
    }
  }

  @Test(
    "a hello that does not fit the certificate is refused",
    arguments: [
      (hello(2), "identity-mismatch"),
      (hello(3, cluster: "other"), "foreign-cluster"),
    ])
  func hellos(hello: Hello, code: String) throws {
    for role in [Handshake.Role.acceptor, .dialer(expecting: NodeID(3))] {
      var handshake = Handshake(role)
      _ = try handshake.secured(by: Self.manager(3), members: Self.members)
      let failure = #expect(throws: LinkFailure.self) {
        try handshake.received(Self.frame(hello), members: Self.members)
      }
      #expect(failure?.code == code)
    }
  }

  @Test("a member that is removed while it greets is refused")
  func removedMeanwhile() throws {
    var handshake = Handshake(.acceptor)
    _ = try handshake.secured(by: Self.manager(2), members: Self.members)
    let fewer = MemberTable(own: NodeID(1), cluster: "portal", members: [], removed: [NodeID(2)])
    #expect(throws: LinkFailure.removed(NodeID(2))) {
      try handshake.received(Self.frame(Self.hello(2)), members: fewer)
    }
  }

  @Test("a frame out of turn ends the connection")
  func outOfTurn() throws {
    let payload = Frame(kind: .payload, payload: [1])
    var acceptor = Handshake(.acceptor)
    _ = try acceptor.secured(by: Self.manager(2), members: Self.members)
    #expect(throws: LinkFailure.unexpectedFrame(.payload)) {
      try acceptor.received(payload, members: Self.members)
    }
    _ = try acceptor.received(Self.frame(Self.hello(2)), members: Self.members)
    #expect(throws: LinkFailure.unexpectedFrame(.hello)) {
      try acceptor.received(Self.frame(Self.hello(2)), members: Self.members)
    }
    var dialer = Handshake(.dialer(expecting: NodeID(2)))
    _ = try dialer.secured(by: Self.manager(2), members: Self.members)
    _ = try dialer.received(Self.frame(Self.hello(2)), members: Self.members)
    #expect(throws: LinkFailure.unexpectedFrame(.payload)) {
      try dialer.received(payload, members: Self.members)
    }
  }

  @Test("a refusal is reported in printable words of bounded length")
  func refusal() throws {
    var handshake = Handshake(.dialer(expecting: NodeID(2)))
    _ = try handshake.secured(by: Self.manager(2), members: Self.members)
    let text = "go\naway" + String(repeating: "!", count: 5000)
    let failure = #expect(throws: LinkFailure.self) {
      try handshake.received(Frame(kind: .refusal, payload: Array(text.utf8)), members: Self.members)
    }
    #expect(failure == .refusedByPeer("go?away" + String(repeating: "!", count: 493)))
  }
}
