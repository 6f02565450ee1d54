import Cluster
import Raft
import Testing

@Suite("State: nodes, caches and purges")
struct StateNodeTests {
  // MARK: Nodes

  @Test("a drained node takes no tasks until it is activated; again is unchanged; an unknown one is refused")
  func drain() {
    var replica = Replica()
    replica.accept(.register(described("a")))
    #expect(replica.apply(.drain(node: "a")) == .accepted)
    #expect(replica.state.nodes["a"]?.takesTasks == false)
    #expect(replica.apply(.drain(node: "a")) == .unchanged)
    #expect(replica.apply(.activate(node: "a")) == .accepted)
    #expect(replica.apply(.activate(node: "a")) == .unchanged)
    #expect(replica.state.nodes["a"]?.takesTasks == true)
    for intent in [Intent.drain(node: "x"), .activate(node: "x"), .health(node: "x", .lost)] {
      expect(replica.apply(intent), refusedWith: "no node x")
    }
  }

  @Test("a node that registers anew stays drained, and stays lost")
  func registerKeeps() {
    var replica = Replica()
    replica.accept(.register(described("a")), .drain(node: "a"), .health(node: "a", .lost))
    #expect(replica.apply(.register(described("a"))) == .unchanged)
    replica.accept(.register(described("a", zone: "z")))
    #expect(replica.state.nodes["a"]?.availability == .drained)
    #expect(replica.state.nodes["a"]?.health == .lost)
    #expect(replica.state.nodes["a"]?.zone == "z")
  }

  @Test("a node without a valid name or zone is refused", arguments: [("", "a"), ("a", ""), ("a/b", "a")])
  func badNames(name: String, zone: String) {
    var replica = Replica()
    expect(replica.apply(.register(described(name, zone: zone))), refusedWith: "no valid name")
    #expect(replica.state.nodes.isEmpty)
  }

  // MARK: Caches

  @Test("a cache begins at the entry that registered it: older purges are not its concern")
  func cachePosition() {
    var replica = Replica()
    replica.accept(.register(described("a", cache: "one")), .purge([purge]))
    replica.accept(.register(described("b", cache: "two")))
    #expect(replica.state.caches.values.map(\.position) == [1, 3])
    #expect(replica.state.purges.batches.map(\.index) == [2])
  }

  @Test("a cache that moves to another node begins anew; a node without one any more forgets it")
  func cacheMoves() {
    var replica = Replica()
    replica.accept(.register(described("a", cache: "one")), .purge([purge]))
    replica.accept(.register(described("b", cache: "one")))
    #expect(replica.state.caches.values == [Cache(name: "one", node: "b", position: 3)])
    replica.accept(.register(described("b", cache: "other")))
    #expect(replica.state.caches.values == [Cache(name: "other", node: "b", position: 4)])
    replica.accept(.purge([purge]), .register(described("b")))
    #expect(replica.state.caches.isEmpty)
    // Without a cache nobody has to catch up.
    #expect(replica.state.purges.batches.isEmpty)
  }

  @Test("a node's cache keeps its position when only its description changes")
  func cacheKeepsPosition() {
    var replica = Replica()
    replica.accept(
      .register(described("a", cache: "one")), .purge([purge]),
      .register(described("a", zone: "z", cache: "one")))
    #expect(replica.state.caches["one"]?.position == 1)
    #expect(replica.state.purges.count == 1)
  }

  @Test("a cache's position never goes back, nor beyond what is applied; an unknown cache is nobody's")
  func positions() {
    var replica = Replica()
    replica.accept(.register(described("a", cache: "one")), .purge([purge]), .purge([purge]))
    func moved(to position: Index, _ replica: inout Replica) -> Index? {
      replica.accept(
        .cachePositions([
          CachePosition(cache: "one", position: position), CachePosition(cache: "x", position: 1),
        ]))
      return replica.state.caches["one"]?.position
    }
    #expect(moved(to: 2, &replica) == 2)
    #expect(moved(to: 1, &replica) == 2)
    #expect(moved(to: .max, &replica) == replica.state.appliedIndex)
    #expect(replica.state.caches.count == 1)
  }

  // MARK: Purges

  private let purge = Purge.address(host: "example.org", path: "/")

  @Test(
    "a purge names from 1 to 10 000 addresses",
    arguments: [(0, false), (1, true), (10_000, true), (10_001, false)])
  func limits(count: Int, isTaken: Bool) {
    var replica = Replica()
    replica.accept(.register(described("a", cache: "one")))
    #expect(replica.apply(.purge(Array(repeating: purge, count: count))).isRefused == !isTaken)
    #expect(replica.state.purges.count == (isTaken ? count : 0))
  }

  @Test("a purge is kept until the slowest cache has applied it")
  func trimming() {
    var replica = Replica()
    replica.accept(.register(described("a", cache: "one")), .register(described("b", cache: "two")))
    replica.accept(.purge([purge]), .purge([purge]))
    replica.accept(.cachePositions([CachePosition(cache: "one", position: 4)]))
    #expect(replica.state.purges.batches.map(\.index) == [3, 4])
    replica.accept(.cachePositions([CachePosition(cache: "two", position: 3)]))
    #expect(replica.state.purges.batches.map(\.index) == [4])
    replica.accept(.cachePositions([CachePosition(cache: "two", position: 4)]))
    #expect(replica.state.purges.batches.isEmpty)
    #expect(replica.state.purges.count == 0)
    #expect(replica.state.purges.last == 4)
    #expect(replica.state.purges.droppedThrough == 0)
  }

  @Test("beyond its capacity the queue drops the oldest and says so: who lacks them must forget everything")
  func capacity() {
    var replica = Replica()
    replica.accept(.register(described("a", cache: "one")))
    let many = Array(repeating: purge, count: State.maximumPurges)
    for _ in 0..<10 { replica.accept(.purge(many)) }
    #expect(replica.state.purges.count == PurgeQueue.capacity)
    #expect(replica.state.purges.droppedThrough == 0)
    replica.accept(.purge([purge]))
    #expect(replica.state.purges.count == PurgeQueue.capacity - State.maximumPurges + 1)
    #expect(replica.state.purges.droppedThrough == 2)
    #expect(replica.state.purges.pending(after: 1, limit: 1)?.map(\.index) == nil)
    #expect(replica.state.purges.pending(after: 2, limit: 1)?.map(\.index) == [3])
  }

  @Test(
    "what a cache lacks comes in order, whole batches up to the limit",
    arguments: [
      (Index(1), 100, [2, 3, 4] as [Index]), (2, 100, [3, 4]), (3, 1, [4]), (1, 1, [2]), (1, 3, [2, 3]),
      (4, 100, []), (99, 100, []), (1, 0, []),
    ])
  func pending(position: Index, limit: Int, expected: [Index]) {
    var replica = Replica()
    replica.accept(.register(described("a", cache: "one")))
    for _ in 0..<3 { replica.accept(.purge([purge, purge])) }
    #expect(replica.state.purges.pending(after: position, limit: limit)?.map(\.index) == expected)
  }
}
