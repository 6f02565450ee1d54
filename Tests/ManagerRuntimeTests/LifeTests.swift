import Cluster
import LogStore
import Manager
import ManagerAPI
import ManagerRuntime
import Raft
import Testing

extension Suites {
  @Suite("Managers that stop and start")
  struct LifeTests {
    @Test("a manager that shuts down answers everyone who waits", .timeLimit(.minutes(2)))
    func waiters() async throws {
      try await Managers.run { managers in
        let runtime = try await managers[1]
        await managers.stop(2)
        await managers.stop(3)
        // Without a majority nothing is answered, so that the shutdown meets requests old and new.
        let waiting = _Concurrency.Task {
          await GatewayError.thrown { try await runtime.barrier() }
        }
        let answers = Answers()
        for page in 0..<200 {
          runtime.purge([.address(host: nil, path: "/\(page)")], origin: "door/1", done: answers.add)
        }
        // At once, so that the last of them wait together with the shutdown.
        await runtime.shutdown()
        #expect(answers.count == 200)
        #expect(answers.failures.filter(\.isStopped).count == 200)
        #expect(await waiting.value?.isStopped == true)
      }
    }

    @Test("a manager that has shut down answers at once that it has", .timeLimit(.minutes(2)))
    func stopped() async throws {
      try await Managers.run { managers in
        let runtime = try await managers[1]
        await managers.stop(1)
        let submitted = await GatewayError.thrown {
          _ = try await runtime.submit(.drain(node: "zone-1"), request: .random(), origin: "operator/ana")
        }
        #expect(submitted?.isStopped == true)
        #expect(await GatewayError.thrown { try await runtime.barrier() }?.isStopped == true)
        #expect(
          await GatewayError.thrown {
            try await runtime.purge([.ban(expression: "req.url ~ .")], origin: "door/1")
          }?.isStopped == true)
        let view = await runtime.view()
        #expect(view.node == "zone-1")
        #expect(!view.isCurrent)
        await runtime.shutdown()
      }
    }

    @Test(
      "a data folder belongs to its manager until the shutdown, and is free after it", .timeLimit(.minutes(2))
    )
    func folder() async throws {
      try await Managers.run { managers in
        func open() throws -> LogStore {
          try LogStore.open(
            folder: managers.folder(1), identity: StoreIdentity(cluster: Managers.cluster, node: NodeID(1)),
            founding: Membership(voters: Managers.all.map { NodeID(UInt64($0)) }), onCompletion: { _ in }
          ).store
        }
        #expect(throws: LogStoreError.self) { try open() }
        await managers.stop(1)
        let store = try open()
        #expect(!store.isNew)
        await store.close()
      }
    }

    @Test(
      "managers started again have the state that they had, and answer an old request as before",
      .timeLimit(.minutes(2)))
    func restart() async throws {
      try await Managers.run { managers in
        let request = RequestID.random()
        let applied = try await managers[1].submit(
          .drain(node: "zone-2"), request: request, origin: "operator/before")
        try await managers[2].purge([.address(host: "portal", path: "/")], origin: "door/2")
        try await managers[3].barrier()
        let before = await (try managers[3]).view().state.history.records(after: 0)
        for number in Managers.all { await managers.stop(number) }
        for number in Managers.all { try await managers.start(number) }
        try await managers.untilSettled()
        try await eventually("all have the same history again") {
          let views = await managers.views()
          return Set(views.map(\.state.history)).count == 1
            && views.allSatisfy { $0.state.appliedIndex >= before.last?.index ?? 0 }
        }
        for view in await managers.views() {
          let records = view.state.history.records(after: 0)
          #expect(Array(records.prefix(before.count)) == before)
          #expect(view.state.nodes["zone-2"]?.availability == .drained)
        }
        let again = try await managers[2].submit(
          .drain(node: "zone-2"), request: request, origin: "operator/before")
        #expect(again == Applied(index: applied.index, outcome: .accepted, isRepeated: true))
      }
    }

    @Test(
      "a leader that shuts down is replaced: another manager takes an intent within 3 s",
      .timeLimit(.minutes(2)))
    func leaderLost() async throws {
      try await Managers.run { managers in
        let leader = try #require(await managers.leader())
        let follower = try await managers[try await managers.follower()]
        await managers.stop(leader)
        let took = try await ContinuousClock().measure {
          let applied = try await follower.submit(
            .drain(node: Managers.name(leader)), request: .random(), origin: "operator/after")
          #expect(applied.outcome == .accepted)
        }
        #expect(took < .seconds(3))
        try await managers.start(leader)
        try await managers.untilApplied(from: "operator/after")
      }
    }

    @Test("alone of three, a manager says within 6 s that no majority answered", .timeLimit(.minutes(2)))
    func noMajority() async throws {
      try await Managers.run { managers in
        let runtime = try await managers[1]
        await managers.stop(2)
        await managers.stop(3)
        let origin = "operator/alone"
        let took = await ContinuousClock().measure {
          let error = await GatewayError.thrown {
            _ = try await runtime.submit(.drain(node: "zone-1"), request: .random(), origin: origin)
          }
          #expect(error == .noQuorum)
        }
        #expect(took < .seconds(6))
        #expect(await runtime.view().records(from: origin).isEmpty)
        #expect(await GatewayError.thrown { try await runtime.barrier() } == .noQuorum)
      }
    }
  }
}

extension GatewayError {
  var isStopped: Bool { if case .stopped = self { true } else { false } }

  /// What `body` throws, if it does.
  static func thrown(_ body: () async throws -> Void) async -> GatewayError? {
    do {
      try await body()
      return nil
    } catch {
      return error as? GatewayError
    }
  }
}
