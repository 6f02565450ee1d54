import ClusterAuthority
import NIOSSL
import Peers
import Raft
import Testing

/// Whoever is not of the cluster is closed with its reason in the log, and a good link does not notice.
@Suite("strangers at the port")
struct StrangerTests {
  /// Two managers whose link works before and after `body`, without a break between; n3 is a member that
  /// never came.
  private func amidGoodLink(
    limits: Peers.Limits = Peers.Limits(), timings: Peers.Timings = TestManager.patient,
    _ body: (TestManager) async throws -> Void
  ) async throws {
    try await TestManager.together(1, 2, limits: limits, timings: timings) { managers in
      let (one, two) = (managers[0], managers[1])
      // Nobody listens on port 1.
      let absent = Peers.Member(node: NodeID(3), name: "zone-3", host: "127.0.0.1", port: 1)
      one.peers.setMembers([two.member, absent])
      try await TestManager.connect(managers)
      try await one.proveLink(to: two)
      try await two.proveLink(to: one)
      try await body(one)
      try await one.proveLink(to: two)
      try await two.proveLink(to: one)
      for manager in managers {
        #expect(!manager.recorder.events.contains { if case .disconnected = $0 { true } else { false } })
      }
      #expect(one.recorder.frames(from: NodeID(3)).isEmpty)
    }
  }

  private func expectLine(_ reason: String, _ manager: TestManager) async throws {
    try await eventually("a line with the reason \(reason)") {
      !manager.recorder.lines(reason: reason).isEmpty
    }
    let line = try #require(manager.recorder.lines(reason: reason).first)
    #expect(line.contains("remote=127.0.0.1:"))
    #expect(!line.contains("BEGIN"))
  }

  @Test("without a certificate TLS fails")
  func noCertificate() async throws {
    try await amidGoodLink { one in
      let stranger = try await Stranger.connect(to: one, as: nil)
      stranger.hello(as: 3)
      try await stranger.untilClosed()
      try await expectLine("tls", one)
      #expect(one.recorder.lines.contains { $0.contains("TLS failed: peer did not return a certificate;") })
      #expect(stranger.received.isEmpty)
    }
  }

  @Test("another authority's certificate is refused, even for the same cluster and member")
  func foreignAuthority() async throws {
    try await amidGoodLink { one in
      let forged = try TestManager.credentials(3, from: TestManager.foreignAuthority)
      let stranger = try await Stranger.connect(to: one, as: forged)
      stranger.hello(as: 3)
      try await stranger.untilClosed()
      try await expectLine("tls", one)
      #expect(stranger.received.isEmpty)
    }
  }

  @Test("TLS 1.2 is refused")
  func oldTLS() async throws {
    try await amidGoodLink { one in
      let stranger = try await Stranger.connect(to: one, as: TestManager.credentials(3), highest: .tlsv12)
      try await stranger.untilClosed()
      try await expectLine("tls", one)
    }
  }

  @Test("an operator's certificate opens no link between managers")
  func operatorsCertificate() async throws {
    try await amidGoodLink { one in
      let stranger = try await Stranger.connect(
        to: one, as: TestManager.authority.issueOperator(name: "jane"))
      stranger.hello(as: 3)
      try await stranger.untilClosed()
      try await expectLine("not-a-manager", one)
    }
  }

  @Test("a manager of the cluster that is not known yet is heard, but not dialed")
  func unknownManager() async throws {
    try await amidGoodLink { one in
      let stranger = try await Stranger.connect(to: one, as: TestManager.credentials(9))
      stranger.hello(as: 9)
      stranger.send(Frame(kind: .payload, payload: [1, 2, 3]))
      try await eventually("its frame is there") { one.recorder.frames(from: NodeID(9)) == [[1, 2, 3]] }
      #expect(!one.peers.status().contains { $0.member.node == NodeID(9) })
      try await stranger.close()
    }
  }

  @Test("a manager that was removed is refused, and told so")
  func notAMember() async throws {
    try await amidGoodLink { one in
      one.peers.setMembers(one.peers.status().map(\.member), removed: [NodeID(9)])
      let stranger = try await Stranger.connect(to: one, as: TestManager.credentials(9))
      try await stranger.untilClosed()
      try await expectLine("removed", one)
      #expect(
        String(decoding: stranger.received, as: UTF8.self).contains("n9 was removed from the cluster"))
    }
  }

  @Test("this manager's own identity on another machine is refused")
  func ourselves() async throws {
    try await amidGoodLink { one in
      let stranger = try await Stranger.connect(to: one, as: TestManager.credentials(1))
      try await stranger.untilClosed()
      try await expectLine("ourselves", one)
    }
  }

  @Test(
    "a hello that contradicts the certificate, or of a far version, is refused",
    arguments: [
      (2 as UInt64, "portal", 1...1 as ClosedRange<UInt16>, "identity-mismatch"),
      (3, "other", 1...1, "foreign-cluster"),
      (3, "portal", 2...7, "no-common-version"),
    ])
  func hello(id: UInt64, cluster: String, versions: ClosedRange<UInt16>, reason: String) async throws {
    try await amidGoodLink { one in
      let stranger = try await Stranger.connect(to: one, as: TestManager.credentials(3))
      stranger.hello(as: id, cluster: cluster, versions: versions)
      try await stranger.untilClosed()
      try await expectLine(reason, one)
    }
  }

  @Test(
    "bytes that are no TLS are refused",
    arguments: [
      Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8),
      (0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ 13) },
      // A TLS record that announces a ClientHello, and junk in its place.
      [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc] + [UInt8](repeating: 0xee, count: 508),
      [UInt8](repeating: 0, count: 70_000),
    ])
  func garbage(bytes: [UInt8]) async throws {
    try await amidGoodLink { one in
      let stranger = try await Stranger.connect(to: one)
      stranger.send(bytes)
      try await stranger.untilClosed()
      try await expectLine("tls", one)
    }
  }

  @Test(
    "inside TLS, what is no hello is refused",
    arguments: [
      // A length of 1 GiB.
      ([0x40, 0, 0, 0, 1], "oversized-frame"),
      // More than a hello may have, less than a frame.
      ([0, 0, 0x20, 0, 1], "oversized-frame"),
      ([0, 0, 0, 0], "malformed-frame"),
      ([0, 0, 0, 5, 99, 1, 2, 3, 4], "malformed-frame"),
      (Array("GET / HTTP/1.1\r\n\r\n".utf8), "oversized-frame"),
      ([0, 0, 0, 2, 1, 7], "malformed-hello"),
      ([0, 0, 0, 2, 3, 7], "unexpected-frame"),
      ([0, 0, 0, 3, 2, 0x6e, 0x6f], "refused-by-peer"),
    ] as [([UInt8], String)])
  func insideTLS(bytes: [UInt8], reason: String) async throws {
    try await amidGoodLink { one in
      let stranger = try await Stranger.connect(to: one, as: TestManager.credentials(3))
      stranger.send(bytes)
      try await stranger.untilClosed()
      try await expectLine(reason, one)
    }
  }

  @Test("a member that announces a frame of 1 GiB is closed; what it sent before is taken")
  func oversizedAfterHello() async throws {
    try await TestManager.together(1) { managers in
      let one = managers[0]
      one.peers.setMembers([Peers.Member(node: NodeID(3), name: "zone-3", host: "127.0.0.1", port: 1)])
      let member = try await Stranger.connect(to: one, as: TestManager.credentials(3))
      member.hello(as: 3)
      member.send(Frame(kind: .payload, payload: [1, 2, 3]))
      member.send([0x40, 0, 0, 0])
      try await member.untilClosed()
      try await expectLine("oversized-frame", one)
      #expect(one.recorder.frames(from: NodeID(3)) == [[1, 2, 3]])
    }
  }

  @Test("whoever does not show who it is in time is closed")
  func slow() async throws {
    var timings = Peers.Timings()
    timings.acceptance = .milliseconds(400)
    try await amidGoodLink(timings: timings) { one in
      let silent = try await Stranger.connect(to: one)
      let securedOnly = try await Stranger.connect(to: one, as: TestManager.credentials(3))
      securedOnly.send([0, 0])
      try await silent.untilClosed()
      try await securedOnly.untilClosed()
      try await expectLine("too-slow", one)
    }
  }

  @Test("a flood of silent connections crowds out only its own oldest, and locks no member out")
  func flood() async throws {
    var limits = Peers.Limits()
    limits.unknownConnections = 8
    try await amidGoodLink(limits: limits) { one in
      var flood: [Stranger] = []
      for _ in 0..<60 { flood.append(try await Stranger.connect(to: one)) }
      try await eventually("no more than the limit are open") { flood.count(where: \.isOpen) == 8 }
      #expect(flood.suffix(8).filter { $0.isOpen }.count == 8)
      try await expectLine("crowded-out", one)
      #expect(one.recorder.lines(reason: "crowded-out").count < 10)
      let member = try await Stranger.connect(to: one, as: TestManager.credentials(3))
      member.hello(as: 3)
      try await eventually("the member is accepted") {
        one.peers.status().contains { $0.member.node == NodeID(3) && $0.isReceiving }
      }
      for stranger in flood + [member] { try await stranger.close() }
    }
  }

  @Test("a port check, which connects and leaves, is no line in the log")
  func portCheck() async throws {
    try await TestManager.together(1) { managers in
      for _ in 0..<3 { try await Stranger.connect(to: managers[0]).close() }
      let stranger = try await Stranger.connect(to: managers[0])
      stranger.send(Array("hello\r\n".utf8))
      try await expectLine("tls", managers[0])
      #expect(managers[0].recorder.lines.count == 1)
    }
  }

  @Test("a peer's newer connection takes the place of its older one")
  func newerConnection() async throws {
    try await TestManager.together(1) { managers in
      let one = managers[0]
      one.peers.setMembers([Peers.Member(node: NodeID(3), name: "zone-3", host: "127.0.0.1", port: 1)])
      let older = try await Stranger.connect(to: one, as: TestManager.credentials(3))
      older.hello(as: 3)
      try await eventually("it is accepted") { !older.received.isEmpty }
      let newer = try await Stranger.connect(to: one, as: TestManager.credentials(3))
      newer.hello(as: 3)
      try await older.untilClosed()
      newer.send(Frame(kind: .payload, payload: [5]))
      try await eventually("the newer one speaks") { one.recorder.frames(from: NodeID(3)) == [[5]] }
      #expect(try #require(one.peers.status().first).isReceiving)
      try await newer.close()
      try await eventually("it is gone") { one.peers.status().first?.isReceiving == false }
    }
  }

  @Test(
    "at a member's address nobody but the member is believed",
    arguments: ["operator", "foreign authority", "another member", "no hello"])
  func impostor(kind: String) async throws {
    let credentials =
      switch kind {
      case "operator": try TestManager.authority.issueOperator(name: "jane")
      case "foreign authority": try TestManager.credentials(2, from: TestManager.foreignAuthority)
      case "another member": try TestManager.credentials(3)
      default: try TestManager.credentials(2)
      }
    let reason = ["another member": "unexpected-peer", "no hello": "too-slow"][kind] ?? "tls"
    let hello = Hello(node: NodeID(2), incarnation: .random(), cluster: "portal", software: "1")
    let impostor = try await Impostor.listen(as: credentials, answering: kind == "no hello" ? nil : hello)
    var timings = Peers.Timings()
    timings.greeting = .milliseconds(300)
    let member = Peers.Member(node: NodeID(2), name: "zone-2", host: "127.0.0.1", port: impostor.port)
    let third = Peers.Member(node: NodeID(3), name: "zone-3", host: "127.0.0.1", port: 1)
    let one = try await TestManager.start(1, members: [member, third], timings: timings)
    try await TestManager.stopping([one]) {
      one.peers.send(to: NodeID(2), frame: [1])
      try await expectLine(reason, one)
      #expect(one.recorder.events.isEmpty)
      #expect(one.peers.status().first?.connection == nil)
      #expect(one.peers.status().first?.lastFailure != nil)
    }
    try await impostor.close()
  }
}
