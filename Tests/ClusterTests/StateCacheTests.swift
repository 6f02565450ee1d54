import Cluster
import Raft
import Testing
import WireFormat

@Suite("State: caches and purges")
struct StateCacheTests {
  // MARK: Caches

  @Test("a cache begins at the entry that registered it: older purges are not its concern")
  func cachePosition() {
    var replica = Replica()
    replica.accept(.register(described("a", cache: "one")), .purge([purge]))
    replica.accept(.register(described("b", cache: "two")))
    #expect(replica.state.caches.values.map(\.position) == [1, 3])
    #expect(replica.state.purges.batches.map(\.index) == [2])
  }

  @Test("two spellings of one letter are two pages: neither's purge stands for the other's")
  func spellings() {
    let composed = Purge.address(host: nil, path: "/caf\u{E9}")
    let decomposed = Purge.address(host: nil, path: "/cafe\u{301}")
    #expect(composed != decomposed && Set([composed, decomposed, composed]).count == 2)
    #expect(Purge.address(host: "", path: "/") != .address(host: nil, path: "/"))
    var replica = Replica()
    replica.accept(.register(described("a", cache: "one")), .purge([composed, decomposed]))
    #expect(replica.state.purges.batches.flatMap(\.purges) == [composed, decomposed])
  }

  @Test("a cache that moves to another node begins anew; a node without one any more forgets it")
  func cacheMoves() {
    var replica = Replica()
    replica.accept(.register(described("a", cache: "one")), .register(described("b")))
    replica.accept(.register(described("a")), .register(described("b", cache: "one")))
    #expect(replica.state.caches.values == [Cache(name: "one", node: "b", position: 4, isNew: true)])
    replica.accept(.register(described("b", cache: "other")))
    #expect(replica.state.caches.values == [Cache(name: "other", node: "b", position: 5, isNew: true)])
    replica.accept(.purge([purge]), .register(described("b")))
    #expect(replica.state.caches.isEmpty)
    // Without a cache nobody has to catch up.
    #expect(replica.state.purges.batches.isEmpty)
  }

  @Test("two nodes cannot call their caches the same: one of them would never be purged")
  func sameName() {
    var replica = Replica()
    replica.accept(.register(described("a", cache: "one")))
    #expect(
      replica.apply(.register(described("b", cache: "one")))
        == .refused(
          reason: "node b calls its cache one, as node a does; "
            + "give each a name of its own (varnish.name in tercetd.yaml)"))
    #expect(replica.state.nodes.keys == ["a"])
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

  @Test("of what a cache lacks for long only the last purge of each page is kept")
  func folding() {
    var replica = Replica()
    replica.accept(.register(described("a", cache: "one")))
    let many = Array(repeating: purge, count: State.maximumPurges)
    for _ in 0..<10 { replica.accept(.purge(many)) }
    #expect(replica.state.purges.count == PurgeQueue.capacity)
    replica.accept(.purge([.key(name: "k", soft: false), purge]))
    #expect(replica.state.purges.batches.map(\.purges) == [[.key(name: "k", soft: false), purge]])
    #expect(replica.state.purges.droppedThrough == 0, "nothing is lost")
    #expect(replica.state.purges.pending(after: 1, limit: 9)?.map(\.index) == [12])
  }

  @Test(
    "beyond its capacity the queue drops the oldest and says since when: who lacks them must forget everything"
  )
  func capacity() {
    var replica = Replica()
    replica.accept(.register(described("a", cache: "one")))
    for batch in 0..<11 {
      let paths = (0..<State.maximumPurges).map { Purge.address(host: nil, path: "/\(batch)/\($0)") }
      _ = replica.apply(
        Proposal(
          request: nil, origin: "door/a", wallClockMilliseconds: 1_000 + Int64(batch), intent: .purge(paths)))
    }
    #expect(replica.state.purges.count == 70_000)
    #expect(replica.state.purges.droppedThrough == 5)
    #expect(replica.state.purges.pending(after: 4, limit: 1)?.map(\.index) == nil)
    #expect(replica.state.purges.pending(after: 5, limit: 1)?.map(\.index) == [6])
    #expect(replica.state.caches["one"]?.lackingSinceMilliseconds == 1_000)
    replica.accept(.cachePositions([CachePosition(cache: "one", position: 5)]))
    #expect(replica.state.caches["one"]?.lackingSinceMilliseconds == nil)
    #expect(replica.state.purges.missing(after: 5).oldest?.wallClockMilliseconds == 1_004)
    #expect(replica.state.purges.missing(after: 5).count == 70_000)
  }

  /// Ten purges of the longest addresses.
  private func longPurges(_ batch: Int) -> Intent {
    .purge(
      (0..<10).map {
        let start = "/\(batch)/\($0)/"
        let rest = String(repeating: "x", count: Purge.maximumPathBytes - start.utf8.count)
        return .address(host: nil, path: start + rest)
      })
  }

  @Test("beyond its bytes the queue drops the oldest too: a hundred thousand long addresses fill no memory")
  func bytes() throws {
    var replica = Replica()
    replica.accept(.register(described("a", cache: "one")), .raise(.boundsPurgeBytes))
    let batchBytes = 10 * Purge.maximumPathBytes
    for batch in 0..<1_000 {
      replica.accept(longPurges(batch))
      #expect(replica.state.purges.byteCount <= PurgeQueue.maximumBytes)
      #expect(replica.state.purges.byteCount == replica.state.purges.batches.count * batchBytes)
    }
    #expect(replica.state.purges.byteCount > PurgeQueue.maximumBytes / 2)
    let dropped = replica.state.purges.droppedThrough
    #expect(dropped > 1)
    #expect(replica.state.purges.pending(after: dropped - 1, limit: 1) == nil)
    #expect(replica.state.purges.pending(after: dropped, limit: 1)?.map(\.index) == [dropped + 1])
    let copy = try State(decoding: replica.state.encoded())
    #expect(copy == replica.state, "a snapshot has its bytes counted too")
    replica.accept(.cachePositions([CachePosition(cache: "one", position: .max)]))
    #expect(replica.state.purges.byteCount == 0)
  }

  @Test("the bound by bytes counts once all programs know it, and for all from the same entry on")
  func bytesUnknownToOne() {
    var replica = Replica()
    replica.accept(.register(described("a", cache: "one")))
    for batch in 0..<450 { replica.accept(longPurges(batch)) }
    #expect(replica.state.purges.byteCount > PurgeQueue.maximumBytes)
    #expect(replica.state.purges.droppedThrough == 0)
    replica.accept(.raise(.boundsPurgeBytes))
    #expect(replica.state.purges.droppedThrough == 0)
    replica.accept(longPurges(450))
    #expect(replica.state.purges.byteCount < PurgeQueue.maximumBytes)
    #expect(replica.state.purges.droppedThrough > 0)
  }

  @Test("of the same few long pages only the last purges are kept, and nothing is dropped")
  func foldingBytes() {
    var replica = Replica()
    replica.accept(.register(described("a", cache: "one")), .raise(.boundsPurgeBytes))
    for batch in 0..<1_000 { replica.accept(longPurges(batch % 100)) }
    #expect(replica.state.purges.byteCount <= PurgeQueue.maximumBytes)
    #expect(replica.state.purges.droppedThrough == 0)
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

  @Test(
    "what no cache could carry out is refused, and nothing of its entry counts",
    arguments: [
      Purge.ban(expression: String(repeating: "b", count: 4_001)), .key(name: "", soft: false),
      .key(name: "two words", soft: true), .key(name: "a,b", soft: false),
      .key(name: String(repeating: "k", count: 201), soft: false),
    ])
  func nonsense(bad: Purge) {
    var replica = Replica()
    replica.accept(.register(described("a", cache: "one")))
    #expect(replica.apply(.purge([purge, bad])).isRefused)
    #expect(replica.state.purges.count == 0)
  }

  @Test("a ban that an earlier version has taken is queued, whatever is taken today")
  func earlierBan() {
    let earlier = Purge.ban(expression: "req.url ~ /x.*y")
    #expect(earlier.complaint != nil, "it is no example any more")
    var replica = Replica()
    replica.accept(.register(described("a", cache: "one")))
    replica.accept(.purge([purge, earlier]))
    #expect(replica.state.purges.count == 2)
  }

  // MARK: Caches in containers

  private func varnish(label: String?) -> Intent {
    let service = Service(
      name: "varnish", template: TaskTemplate(image: "varnish"),
      labels: label.map { [Setting(Service.cacheLabel, $0)] } ?? [])
    return .deploy(Stack(name: "shop", services: [service]))
  }

  private let name = ServiceName(stack: "shop", service: "varnish")

  private func place(_ replica: inout Replica, removing old: [TaskID] = []) -> TaskID {
    let revision = replica.state.services[name]?.revision ?? 0
    replica.accept(
      .assign(remove: old, add: [Assignment(service: name, slot: 1, node: "a", revision: revision)]))
    return replica.state.tasks.keys.last!
  }

  @Test("every task of a labelled service is a cache of its own, from its placement to its end")
  func serviceCaches() {
    var replica = Replica()
    var node = described("a", cache: "one")
    node.runsContainers = true
    replica.accept(.register(node), varnish(label: "true"))
    let first = place(&replica)
    let container = "shop_varnish.1.\(first)"
    #expect(replica.state.caches.keys == ["one", container])
    #expect(
      replica.state.caches[container]
        == Cache(name: container, node: "a", position: 3, isNew: true, task: first))
    let second = place(&replica, removing: [first])
    #expect(replica.state.caches.values.compactMap(\.task) == [second])
    replica.accept(varnish(label: nil))
    #expect(replica.state.caches.keys == ["one"])
    replica.accept(varnish(label: "6082"))
    #expect(replica.state.caches.values.compactMap(\.task) == [second])
    replica.accept(.remove(stack: "shop"))
    #expect(replica.state.caches.keys == ["one"], "the node's own cache stays")
  }

  @Test(
    "the label's value is the port of the command line",
    arguments: [("true", 6_082), ("6083", 6_083), ("0", nil), ("70000", nil), ("no", nil), (nil, nil)]
      as [(String?, Int?)])
  func cachePort(label: String?, port: Int?) {
    let service = Service(
      name: "v", template: TaskTemplate(image: "v"),
      labels: label.map { [Setting(Service.cacheLabel, $0)] } ?? [])
    #expect(service.cachePort == port)
  }
}
