import Cluster
import Raft
import Testing
import WireFormat

@Suite("State: requests, history and snapshots")
struct StateHistoryTests {
  private func request(_ number: Int) -> RequestID { RequestID(high: 1, low: UInt64(number)) }

  private func proposal(_ intent: Intent, request: RequestID?) -> Proposal {
    Proposal(request: request, origin: "operator/ana", wallClockMilliseconds: 0, intent: intent)
  }

  // MARK: Exactly once

  @Test("a request that comes again is answered as the first time and changes nothing, also when refused")
  func exactlyOnce() {
    var replica = Replica()
    let first = replica.apply(proposal(.deploy(shop()), request: request(1)))
    replica.accept(.scale(shopWeb, replicas: 5))
    let again = replica.apply(proposal(.deploy(shop()), request: request(1)))
    #expect(again == Applied(index: first.index, outcome: .accepted, isRepeated: true))
    #expect(replica.state.services[shopWeb]?.specification.mode == .replicated(5))
    #expect(replica.state.history.intents.map(\.index) == [1, 2])
    let refused = replica.apply(proposal(.drain(node: "a"), request: request(2)))
    replica.accept(.register(described("a")))
    let refusedAgain = replica.apply(proposal(.drain(node: "a"), request: request(2)))
    #expect(refusedAgain.outcome == refused.outcome)
    #expect(refusedAgain.isRepeated)
    #expect(replica.state.nodes["a"]?.availability == .active)
  }

  @Test("the last 10 000 requests are remembered, the one before them is not")
  func window() {
    var replica = Replica()
    for number in 0...RequestLedger.capacity {
      replica.apply(.drain(node: "x"), request: request(number))
    }
    #expect(replica.state.requests[request(0)] == nil)
    #expect(replica.state.requests[request(1)]?.index == 2)
    #expect(replica.state.requests[request(RequestLedger.capacity)] != nil)
  }

  @Test("purges gathered at a door do not push requests out of the ledger; one with a request counts once")
  func sharedPurgesAreNotRemembered() {
    var replica = Replica()
    replica.accept(.register(described("a", cache: "one")))
    var gathered = Proposal(
      request: request(1), origin: "door/a", wallClockMilliseconds: 0,
      intent: .purge([.ban(expression: "obj.age > 1s")]), isShared: true)
    #expect(!replica.apply(gathered).isRepeated)
    #expect(replica.state.requests[request(1)] == nil)
    gathered.isShared = false
    gathered.request = request(2)
    #expect(!replica.apply(gathered).isRepeated)
    #expect(replica.apply(gathered) == Applied(index: 3, outcome: .accepted, isRepeated: true))
    #expect(replica.state.purges.count == 2)
  }

  // MARK: History

  @Test("the history keeps the last 1 000 intents and 200 purges, apart; positions of caches stay out")
  func rings() {
    var replica = Replica()
    let purge = Intent.purge([.address(host: nil, path: "/")])
    for _ in 0..<1_005 {
      replica.apply(.drain(node: "x"))
      replica.apply(purge)
    }
    replica.apply(.cachePositions([CachePosition(cache: "c", position: 1)]))
    let history = replica.state.history
    #expect(history.intents.count == History.intentCapacity)
    #expect(history.purges.count == History.purgeCapacity)
    #expect(history.intents.first?.index == 11)
    #expect(history.purges.last?.index == 2_010)
    #expect(history.records(after: 2_006).map(\.index) == [2_007, 2_008, 2_009, 2_010])
  }

  @Test("a line of the history says who wanted what, when, and what came of it")
  func line() {
    var replica = Replica()
    replica.apply(.scale(shopWeb, replicas: 4))
    #expect(
      replica.state.history.intents.last
        == HistoryRecord(
          index: 1, wallClockMilliseconds: 1_000, origin: "operator/ana", summary: "scale shop/web to 4",
          outcome: .refused(reason: "there is no service shop/web")))
  }

  // MARK: Snapshots

  /// A life of sensible intents with random ones between them.
  private func lived(seed: UInt64) -> Replica {
    var random = RandomValues(seed: seed)
    var replica = Replica()
    for number in 0..<120 {
      if random.below(3) == 0 {
        _ = replica.apply(random.proposal())
      } else {
        replica.apply(sensible(&random, replica.state), request: request(random.below(number + 1)))
      }
    }
    return replica
  }

  private func sensible(_ random: inout RandomValues, _ state: State) -> Intent {
    let node = ["a", "b"][random.below(2)]
    let revision = state.services[shopWeb]?.revision ?? 0
    switch random.below(9) {
    case 0: return .register(described(node, cache: random.optional { _ in "cache-\(node)" }))
    case 1:
      var stack = shop(template("web:\(random.below(3))"), replicas: random.below(5))
      stack.databases = [DatabaseSpecification(name: "db", zones: ["a", "b"], owner: "ana")]
      return .deploy(stack)
    case 2: return .assign(remove: [], add: [task(1 + random.below(4), on: node, revision: revision)])
    case 3: return .assign(remove: Array(state.tasks.keys.prefix(1)), add: [])
    case 4: return .purge([.address(host: "h", path: "/\(random.below(9))")])
    case 5: return .cachePositions([CachePosition(cache: "cache-\(node)", position: state.appliedIndex)])
    case 6: return .rollout(shopWeb, revision: revision, random.rolloutEvent())
    case 7:
      return .database(
        DatabaseStep(
          database: "db", expectedEpoch: state.databases["db"]?.epoch ?? 0,
          mode: [
            .initializing(primary: "a"), .solo(primary: "a"), .syncing(primary: "a", secondary: "b"),
            .sync(primary: "a", secondary: "b"),
          ][random.below(4)]))
    default: return random.below(2) == 0 ? .drain(node: node) : .activate(node: node)
    }
  }

  @Test(
    "a snapshot is the state: read back it is equal, and goes on equally", arguments: 0..<40 as Range<UInt64>)
  func snapshot(seed: UInt64) throws {
    var original = lived(seed: seed).state
    var restored = try State(decoding: original.encoded())
    #expect(restored == original)
    var random = RandomValues(seed: seed + 1_000)
    for _ in 0..<40 {
      let intent = sensible(&random, original)
      let next = proposal(intent, request: request(random.below(200)))
      let index = original.appliedIndex + 1
      #expect(original.apply(next, at: index) == restored.apply(next, at: index))
    }
    #expect(restored == original)
    #expect(restored.encoded() == original.encoded())
  }

  @Test("equal entries give equal bytes, also when read from the log", arguments: 0..<20 as Range<UInt64>)
  func equalBytes(seed: UInt64) throws {
    let first = lived(seed: seed)
    var second = State(cluster: "c1")
    for proposal in first.log {
      let read = try Proposal(decoding: proposal.encoded())
      _ = second.apply(read, at: second.appliedIndex + 1)
    }
    #expect(second.encoded() == first.state.encoded())
  }

  @Test("an entry without an intent only moves the state on")
  func skip() {
    var replica = Replica()
    replica.accept(.deploy(shop()))
    var state = replica.state
    state.skip(2)
    #expect(state.appliedIndex == 2)
    #expect(state.services == replica.state.services)
  }
}
