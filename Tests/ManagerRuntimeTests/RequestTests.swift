import Cluster
import Manager
import ManagerAPI
import ManagerRuntime
import Raft
import Synchronization
import Testing

extension Suites {
  @Suite("What clients ask of a manager")
  struct RequestTests {
    @Test(
      "an intent submitted at any manager is answered, and applied at all of them", .timeLimit(.minutes(2)))
    func submit() async throws {
      try await Managers.run { managers in
        for number in Managers.all {
          let origin = "operator/at-\(number)"
          let applied = try await managers[number].submit(
            .drain(node: Managers.name(number)), request: .random(), origin: origin)
          #expect(applied.outcome == .accepted)
          #expect(!applied.isRepeated)
          let own = await (try managers[number]).view().records(from: origin)
          #expect(own.map(\.index) == [applied.index], "the answer came before it was applied here")
          try await managers.untilApplied(from: origin)
        }
        for view in await managers.views() {
          for number in Managers.all {
            #expect(view.state.nodes[Managers.name(number)]?.availability == .drained)
          }
        }
      }
    }

    @Test("an intent that cannot be is answered with the reason", .timeLimit(.minutes(2)))
    func refused() async throws {
      try await Managers.run { managers in
        let applied = try await managers[1].submit(
          .drain(node: "nowhere"), request: .random(), origin: "operator/ana")
        #expect(applied.outcome.isRefused)
      }
    }

    @Test(
      "one request sent to two managers at once, and again later, is applied once", .timeLimit(.minutes(2)))
    func once() async throws {
      try await Managers.run { managers in
        let request = RequestID.random()
        let (one, two) = (try await managers[1], try await managers[2])
        let intent = Intent.drain(node: Managers.name(3))
        async let first = one.submit(intent, request: request, origin: "operator/once")
        async let second = two.submit(intent, request: request, origin: "operator/once")
        let answers = try await [first, second]
        #expect(answers[0].index == answers[1].index)
        let third = try await managers[3].submit(intent, request: request, origin: "operator/once")
        #expect(third.index == answers[0].index)
        #expect(third.outcome == .accepted)
        try await managers.untilApplied(from: "operator/once")
      }
    }

    @Test("a purge is answered once, through the callback and through the call", .timeLimit(.minutes(2)))
    func purge() async throws {
      try await Managers.run { managers in
        for number in Managers.all {
          let runtime = try await managers[number]
          let answers = Answers()
          for page in 0..<20 {
            runtime.purge(
              [.address(host: nil, path: "/\(page)")], origin: "door/\(number)", done: answers.add)
          }
          try await eventually("20 purges are answered") { answers.count >= 20 }
          try await runtime.purge([.ban(expression: "req.url ~ .")], origin: "door/\(number)")
          #expect(answers.count == 20)
          #expect(answers.failures.isEmpty)
          let view = await runtime.view()
          #expect(view.state.history.purges.contains { $0.origin == "door/\(number)" })
        }
      }
    }

    @Test("after a barrier a manager's view holds what another acknowledged before", .timeLimit(.minutes(2)))
    func barrier() async throws {
      try await Managers.run { managers in
        let leader = try #require(await managers.leader())
        let follower = try await managers.follower()
        for round in 0..<10 {
          let origin = "operator/round-\(round)"
          _ = try await managers[leader].submit(
            round.isMultiple(of: 2) ? .drain(node: "zone-1") : .activate(node: "zone-1"), request: .random(),
            origin: origin)
          try await managers[follower].barrier()
          let records = await (try managers[follower]).view().records(from: origin)
          #expect(records.count == 1)
        }
      }
    }

    @Test("a view shows the cluster as its manager knows it", .timeLimit(.minutes(2)))
    func view() async throws {
      try await Managers.run { managers in
        try await eventually("all managers are heard") {
          await managers.views().allSatisfy { $0.managers.allSatisfy(\.isReachable) }
        }
        for (number, view) in zip(Managers.all, await managers.views()) {
          #expect(view.node == Managers.name(number))
          #expect(view.managers.map(\.name) == Managers.all.map(Managers.name))
          #expect(view.state.cluster == Managers.cluster)
          #expect(view.commitIndex >= view.state.appliedIndex)
        }
        #expect(await managers.views().filter(\.leadership.isLeader).count == 1)
      }
    }

    @Test(
      "the stream of changes ticks at once, at a change made elsewhere, and ends with the manager",
      .timeLimit(.minutes(2)))
    func changes() async throws {
      try await Managers.run { managers in
        let runtime = try await managers[1]
        let changes = await runtime.changes()
        let watching = _Concurrency.Task {
          var hasSeen = false
          for await _ in changes where !hasSeen {
            hasSeen = await !runtime.view().records(from: "operator/elsewhere").isEmpty
          }
          return hasSeen
        }
        _ = try await managers[2].submit(
          .drain(node: "zone-3"), request: .random(), origin: "operator/elsewhere")
        try await managers.untilApplied(from: "operator/elsewhere")
        await managers.stop(1)
        #expect(await watching.value)
        var late = await runtime.changes().makeAsyncIterator()
        while await late.next() != nil {}
      }
    }
  }
}

/// Counts what came back.
final class Answers: Sendable {
  private let results = Mutex<[Result<Void, GatewayError>]>([])

  var count: Int { results.withLock { $0.count } }
  var failures: [GatewayError] {
    results.withLock { results in
      results.compactMap { if case .failure(let error) = $0 { error } else { nil } }
    }
  }

  @Sendable func add(_ result: Result<Void, GatewayError>) { results.withLock { $0.append(result) } }
}

/// One cluster at a time: the machine's processors are few and the managers' clocks are real.
@Suite(.serialized) enum Suites {}
