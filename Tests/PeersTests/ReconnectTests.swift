import ClusterAuthority
import Peers
import Raft
import Testing

@Suite("links come and go")
struct ReconnectTests {
  @Test("a peer that restarts is reached again at once, and both directions work")
  func restart() async throws {
    let one = try await TestManager.start(1)
    let two = try await TestManager.start(2, members: [one.member])
    one.peers.setMembers([two.member])
    try await TestManager.connect([one, two])
    await two.peers.shutdown()
    try await eventually("the loss is noticed") { one.recorder.events.last == .disconnected(two.node) }
    let again = try await TestManager.start(2, port: two.peers.port, members: [one.member])
    try await TestManager.stopping([one, again]) {
      try await eventually("it is back") { try one.isConnected(to: again) }
      try await again.proveLink(to: one)
      try await one.proveLink(to: again)
      #expect(one.recorder.events.contains(.connected(again.node, incarnation: again.incarnation)))
    }
  }

  @Test("while a peer is away the newest few frames are kept, and arrive when it comes")
  func keptFrames() async throws {
    var limits = Peers.Limits()
    limits.keptFrames = 3
    let two = try await TestManager.start(2)
    let port = two.peers.port
    let one = try await TestManager.start(1, members: [two.member], limits: limits)
    two.peers.setMembers([one.member])
    try await TestManager.connect([one, two])
    await two.peers.shutdown()
    try await eventually("the loss is noticed") { one.recorder.events.last == .disconnected(two.node) }
    for number in 1...10 { one.peers.send(to: two.node, frame: [UInt8(number)]) }
    #expect(try one.status(of: two).queuedFrames == 3)
    #expect(try one.status(of: two).droppedFrames == 7)
    try await eventually("the failure is told") { try one.status(of: two).lastFailure != nil }
    let back = try await TestManager.start(2, port: port, members: [one.member])
    try await TestManager.stopping([one, back]) {
      try await eventually("the newest arrive") {
        back.recorder.frames(from: one.node) == [[8], [9], [10]]
      }
    }
  }

  @Test("a peer that does not read makes the oldest frames go, and the queue keeps its bound")
  func peerThatDoesNotRead() async throws {
    let hello = Hello(node: NodeID(2), incarnation: .random(), cluster: "portal", software: "1")
    let stuck = try await Impostor.listen(as: TestManager.credentials(2), answering: hello)
    var limits = Peers.Limits()
    limits.frameBytes = 1 << 20
    limits.queuedBytes = 2 << 20
    let member = Peers.Member(node: NodeID(2), name: "zone-2", host: "127.0.0.1", port: stuck.port)
    let one = try await TestManager.start(1, members: [member], limits: limits)
    try await TestManager.stopping([one]) {
      try await eventually("it is connected") { one.peers.status().first?.connection != nil }
      let frame = [UInt8](repeating: 1, count: 256 << 10)
      try await eventually("frames go") {
        one.peers.send(to: NodeID(2), frame: frame)
        let status = one.peers.status().first
        #expect((status?.queuedBytes ?? 0) <= 2 << 20)
        return (status?.droppedFrames ?? 0) > 20
      }
      // The kernel's and TLS's buffers take some; they do not grow with what is sent.
      #expect((one.peers.status().first?.sent.bytes ?? 0) < 32 << 20)
    }
    try await stuck.close()
  }

  @Test("a removed member is disconnected in both directions and may come back")
  func removal() async throws {
    try await TestManager.together(1, 2, 3) { managers in
      let (one, two, three) = (managers[0], managers[1], managers[2])
      try await TestManager.connect(managers)
      one.peers.setMembers([one.member, three.member], removed: [two.node])
      #expect(one.peers.status().map(\.member.node) == [three.node])
      try await eventually("both directions are closed") {
        try one.recorder.events.contains(.disconnected(two.node)) && !two.isConnected(to: one)
      }
      try await eventually("it learns why") {
        try two.status(of: one).lastFailure?.contains("n2 was removed from the cluster") == true
      }
      try await one.proveLink(to: three)
      one.peers.setMembers(managers.map(\.member))
      try await TestManager.connect(managers)
      try await one.proveLink(to: two)
      try await two.proveLink(to: one)
    }
  }

  @Test("a member that moves is dialed at its new address")
  func move() async throws {
    let one = try await TestManager.start(1)
    let two = try await TestManager.start(2, members: [one.member])
    one.peers.setMembers([two.member])
    try await TestManager.connect([one, two])
    await two.peers.shutdown()
    // It knows no way to the first, so that only the first can find it at its new port.
    let unreachable = Peers.Member(node: one.node, name: "zone-1", host: "127.0.0.1", port: 1)
    let moved = try await TestManager.start(2, members: [unreachable])
    try await TestManager.stopping([one, moved]) {
      one.peers.setMembers([moved.member])
      try await one.proveLink(to: moved)
    }
  }

  @Test("a peer that stays away is one line in the log, not one each attempt")
  func absentPeerIsQuiet() async throws {
    var timings = Peers.Timings()
    timings.shortestRedial = .milliseconds(2)
    timings.longestRedial = .milliseconds(2)
    let closed = try await ClosedDoor.open()
    let absent = Peers.Member(node: NodeID(2), name: "zone-2", host: "127.0.0.1", port: closed.port)
    let one = try await TestManager.start(1, members: [absent], timings: timings)
    try await TestManager.stopping([one]) {
      try await eventually("many attempts were made") { closed.attempts >= 20 }
      #expect(one.recorder.lines.count == 1)
      #expect(one.recorder.lines.first?.contains("No connection to peer zone-2") == true)
    }
    try await closed.close()
  }

  @Test("a port that is taken is an error that names it")
  func portTaken() async throws {
    let one = try await TestManager.start(1)
    try await TestManager.stopping([one]) {
      let error = await #expect(throws: PeersError.self) {
        try await TestManager.start(2, port: one.peers.port)
      }
      #expect(error?.description.contains("cannot listen for peers on 127.0.0.1:\(one.peers.port)") == true)
    }
  }

  @Test("an operator's credentials, another's key or no PEM start no link")
  func badCredentials() async throws {
    let good = try TestManager.credentials(1)
    let other = try TestManager.credentials(1)
    let bad = [
      try TestManager.authority.issueOperator(name: "jane"),
      Credentials(
        authorityPEM: good.authorityPEM, certificatePEM: good.certificatePEM, keyPEM: other.keyPEM),
      Credentials(authorityPEM: "", certificatePEM: good.certificatePEM, keyPEM: good.keyPEM),
      Credentials(authorityPEM: good.authorityPEM, certificatePEM: "x", keyPEM: good.keyPEM),
    ]
    for credentials in bad {
      let error = await #expect(throws: PeersError.self) {
        try await TestManager.start(1, credentials: credentials)
      }
      #expect(error?.description.hasPrefix("the manager's certificate cannot be used") == true)
    }
  }

  @Test("limits and timings that cannot work are refused at the start")
  func badConfiguration() async throws {
    var small = Peers.Limits()
    small.queuedBytes = 1
    await #expect(throws: PeersError.self) { try await TestManager.start(1, limits: small) }
    var backwards = Peers.Timings()
    backwards.longestRedial = .milliseconds(1)
    await #expect(throws: PeersError.self) { try await TestManager.start(1, timings: backwards) }
  }
}
