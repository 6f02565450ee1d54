import Cluster
import ClusterAuthority
import FakeManager
import Manager
import ManagerAPI
import NIOCore
import NIOPosix
import Raft
import Testing

@Suite("The operators' client")
struct OperatorClientTests {
  /// Three managers with servers of their own, in the order a, b, c.
  private static func withThree(
    _ managers: [FakeManager], cluster: TestCluster,
    _ body: @escaping @Sendable ([(name: String, port: Int)]) async throws -> Void
  ) async throws {
    let names = ["a", "b", "c"]
    @Sendable func run(_ place: Int, _ ports: [(name: String, port: Int)]) async throws {
      guard place < managers.count else { return try await body(ports) }
      try await RunningServer.run { onListening in
        try cluster.server(
          managers[place], name: names[place], id: UInt64(place + 1), onListening: onListening)
      } _: { port, _ in
        try await run(place + 1, ports + [(names[place], port)])
      }
    }
    try await run(0, [])
  }

  /// A port where nobody listens.
  private static func deadPort() async throws -> Int {
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .bind(host: "127.0.0.1", port: 0).get()
    let port = channel.localAddress?.port ?? 0
    try await channel.close()
    return port
  }

  private static func using(
    _ client: OperatorClient, _ body: (OperatorClient) async throws -> Void
  ) async throws {
    do {
      try await body(client)
      await client.shutdown()
    } catch {
      await client.shutdown()
      throw error
    }
  }

  @Test("a manager that cannot be reached is passed over")
  func unreachable() async throws {
    let cluster = try TestCluster()
    let manager = FakeManager(node: "b")
    let dead = try await Self.deadPort()
    try await Self.withThree([FakeManager(), manager], cluster: cluster) { ports async throws in
      try await Self.using(try cluster.client([("a", dead), ("b", ports[1].port)])) { client async throws in
        #expect(try await client.status().answeredBy == "b")
        let start = ContinuousClock.now
        #expect(try await client.status().answeredBy == "b")
        #expect(ContinuousClock.now - start < .seconds(5), "the one that answered is asked first")
      }
    }
  }

  @Test("a manager without a quorum is passed over, with the same request to the next")
  func minority() async throws {
    let cluster = try TestCluster()
    let (cut, well) = (FakeManager(), FakeManager(node: "b"))
    cut.fail(with: .noQuorum)
    well.registerNodes()
    try await Self.withThree([cut, well], cluster: cluster) { ports async throws in
      try await Self.using(try cluster.client(ports)) { client async throws in
        let request = RequestID.random()
        let first = try await client.submit(.drain(node: "a"), request: request)
        let second = try await client.submit(.drain(node: "a"), request: request)
        #expect(first.index == second.index && !first.repeated && second.repeated)
      }
    }
  }

  @Test("when no manager is able, each one's reason is told")
  func noQuorum() async throws {
    let cluster = try TestCluster()
    let cut = FakeManager()
    cut.fail(with: .noQuorum)
    let dead = try await Self.deadPort()
    try await Self.withThree([cut], cluster: cluster) { ports async throws in
      try await Self.using(try cluster.client(ports + [("b", dead)])) { client async throws in
        let error = await #expect(throws: ClientError.self) { try await client.submit(.drain(node: "a")) }
        guard case .noQuorum(let attempts) = error else {
          Issue.record("\(String(describing: error))")
          return
        }
        #expect(attempts.map(\.manager) == ["a", "b"])
        #expect(attempts[0].reason.contains("no majority"))
        #expect(attempts[1].zone == "zone-b")
      }
    }
  }

  @Test(
    "when managers say another reason than a quorum, that is told, and one that lacks a quorum outdoes it")
  func overloaded() async throws {
    let cluster = try TestCluster()
    let (busy, other) = (FakeManager(), FakeManager(node: "b"))
    busy.fail(with: .overloaded)
    other.fail(with: .overloaded)
    let dead = try await Self.deadPort()
    try await Self.withThree([busy, other], cluster: cluster) { ports async throws in
      try await Self.using(try cluster.client(ports + [("c", dead)])) { client async throws in
        let error = await #expect(throws: ClientError.self) { try await client.submit(.drain(node: "a")) }
        guard case .unable(.overloaded, let attempts) = error else {
          Issue.record("\(String(describing: error))")
          return
        }
        #expect(attempts.map(\.code) == [.overloaded, .overloaded, nil])
        other.fail(with: .noQuorum)
        let second = await #expect(throws: ClientError.self) { try await client.submit(.drain(node: "a")) }
        guard case .noQuorum = second else {
          Issue.record("\(String(describing: second))")
          return
        }
      }
    }
  }

  @Test("a refusal is final: nobody else is asked")
  func refusal() async throws {
    let cluster = try TestCluster()
    let (first, second) = (FakeManager(), FakeManager(node: "b"))
    try await Self.withThree([first, second], cluster: cluster) { ports async throws in
      try await Self.using(try cluster.client(ports)) { client async throws in
        await #expect(throws: ClientError.refused(reason: "there is no node z")) {
          try await client.submit(.drain(node: "z"))
        }
        #expect(second.origins.isEmpty)
        #expect(try await client.stack(named: "none") == nil)
      }
    }
  }

  @Test("neither another manager nor an operator can pass for a manager", arguments: ["manager", "operator"])
  func impostor(kind: String) async throws {
    let cluster = try TestCluster()
    let credentials =
      kind == "manager"
      ? try cluster.authority.issueManager(name: "a", id: 1, addresses: ["10.9.9.9"])
      : try cluster.authority.issueOperator(name: "b")
    try await RunningServer.run { onListening in
      try cluster.server(FakeManager(), name: "b") {
        $0.certificatePEM = credentials.certificatePEM
        $0.keyPEM = credentials.keyPEM
      } onListening: {
        onListening($0)
      }
    } _: { port, _ async throws in
      try await Self.using(try cluster.client([("b", port)])) { client async throws in
        let error = await #expect(throws: ClientError.self) { try await client.status() }
        guard case .noQuorum(let attempts) = error else { return }
        #expect(attempts.first?.reason.contains("TLS failed") == true, "\(attempts)")
      }
    }
  }

  @Test("the manager that is named is asked first")
  func preferred() async throws {
    let cluster = try TestCluster()
    try await Self.withThree([FakeManager(), FakeManager(node: "b")], cluster: cluster) {
      ports async throws in
      try await Self.using(try cluster.client(ports, beginningWith: "b")) { client async throws in
        #expect(try await client.status().answeredBy == "b")
      }
    }
  }

  // MARK: Streams

  @Test("progress comes at once, and again whenever it changes")
  func progress() async throws {
    let manager = FakeManager()
    manager.registerNodes()
    manager.decide(.deploy(FakeManager.webStack()))
    try await TestCluster().run(manager) { client, _ async throws in
      var reports = client.progress(ofStack: "shop").makeAsyncIterator()
      let first = try #require(try await reports.next())
      #expect(first.services.map(\.name) == ["shop/web"])
      #expect(!first.services[0].converged)
      await manager.place(ServiceName(stack: "shop", service: "web"))
      await manager.reportTasks(.serving)
      var last = first
      while !last.services[0].converged { last = try #require(try await reports.next()) }
      #expect(last.services[0].serving == 2)
    }
  }

  @Test("who waits for an entry gets the first report that shows it, though nothing else is new in that")
  func progressUntilEntry() async throws {
    let manager = FakeManager()
    manager.registerNodes()
    try await TestCluster().run(manager) { client, _ async throws in
      let behind = await manager.view().state.appliedIndex
      let shown = try await withThrowingTaskGroup(of: [UInt64].self) { group in
        group.addTask {
          var shown: [UInt64] = []
          for try await report in client.progress(ofStack: "-", after: behind + 2) {
            shown.append(report.appliedIndex)
            if report.appliedIndex >= behind + 2 { break }
          }
          return shown
        }
        group.addTask {
          while manager.watchers == 0 { try await _Concurrency.Task.sleep(for: .milliseconds(5)) }
          // Nothing of it is seen in the report.
          for _ in 1...2 { manager.decide(.activate(node: "a")) }
          try await _Concurrency.Task.sleep(for: .seconds(5))
          return []
        }
        defer { group.cancelAll() }
        return try await group.next() ?? []
      }
      #expect(shown == [behind, behind + 2])
    }
  }

  @Test("when its manager goes, a stream goes on at another, where it broke")
  func reconnect() async throws {
    let cluster = try TestCluster()
    let (first, second) = (FakeManager(), FakeManager(node: "b"))
    for manager in [first, second] { manager.registerNodes() }
    second.decide(.drain(node: "a"))
    try await Self.withThree([second], cluster: cluster) { others async throws in
      try await RunningServer.run { onListening in
        try cluster.server(first, name: "b", id: 2, onListening: onListening)
      } _: { port, shutDown async throws in
        try await Self.using(try cluster.client([("b", port), ("a", others[0].port)])) {
          client async throws in
          var records = client.followHistory(after: 0).makeAsyncIterator()
          for index in 1...3 { #expect(try await records.next()?.index == UInt64(index)) }
          await shutDown()
          #expect(try await records.next()?.index == 4)
        }
      }
    }
  }

  @Test("a stream leaves a manager that hears no leader any more, and goes on at one that does")
  func isolated() async throws {
    let cluster = try TestCluster()
    let (cut, well) = (FakeManager(), FakeManager(node: "b"))
    for manager in [cut, well] { manager.registerNodes() }
    well.decide(.drain(node: "a"))
    try await Self.withThree([cut, well], cluster: cluster) { ports async throws in
      try await Self.using(try cluster.client(ports)) { client async throws in
        var reports = client.progress().makeAsyncIterator()
        #expect(try await reports.next()?.answeredBy == "a")
        cut.see { $0.unconfirmedFor = .seconds(6) }
        #expect(try await reports.next()?.answeredBy == "b")
        // Nor does a stream begin there.
        var records = client.followHistory(after: 3).makeAsyncIterator()
        #expect(try await records.next()?.index == 4)
      }
    }
  }

  @Test("log lines come as they are, in both manners")
  func logs() async throws {
    let manager = FakeManager()
    let lines = (1...3).map {
      LogLine(
        task: TaskID(7), slot: 1, node: "a", stream: .output, wallClockMilliseconds: Int64($0),
        text: "line \($0)")
    }
    manager.setLogs(lines)
    try await TestCluster().run(manager) { client, _ async throws in
      let service = ServiceName(stack: "shop", service: "web")
      var all: [LogLine] = []
      for try await line in client.logs(
        of: service, at: client.managers[0], tail: nil, sinceMilliseconds: 2, follows: false)
      {
        all.append(line)
      }
      #expect(all == Array(lines.dropFirst()))
      var following = client.logs(
        of: service, at: client.managers[0], tail: 1, sinceMilliseconds: nil, follows: true
      ).makeAsyncIterator()
      #expect(try await following.next() == lines[2])
    }
  }
}
