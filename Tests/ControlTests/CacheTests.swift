import Cluster
import Control
import Raft
import Testing

@Suite("Caches")
struct CacheTests {
  private func scene() -> Scene {
    var scene = Scene(nodes: ["a"]) { $0.cache = "one" }
    for _ in 0..<3 { scene.accept(.purge([.address(host: nil, path: "/")])) }
    return scene
  }

  private func report(
    at position: Index, settled: Index? = nil, isReachable: Bool = true
  ) -> CacheReport {
    CacheReport(cache: "one", isReachable: isReachable, position: position, settled: settled, bans: 0)
  }

  private let moved = Intent.cachePositions([CachePosition(cache: "one", position: 4)])

  @Test("a cache's progress is committed when its second pass is through, and not beyond the newest purge")
  func progress() {
    var scene = scene()
    begin(&scene)
    scene.caches["a"] = report(at: 99)
    #expect(scene.look() == [])
    #expect(scene.look(after: .milliseconds(64_999)) == [])
    #expect(scene.look(after: .milliseconds(1)) == [])
    #expect(scene.look(after: .milliseconds(999)) == [], "several caches' share an entry")
    #expect(scene.act(after: .milliseconds(1)) == [moved])
    #expect(scene.look(after: .seconds(100)) == [])
  }

  @Test("a node that tells how far its second passes are is believed, and nothing is waited for")
  func settled() {
    var scene = scene()
    begin(&scene)
    scene.caches["a"] = report(at: 4, settled: 1)
    #expect(scene.look() == [])
    #expect(scene.look(after: .seconds(100)) == [], "a slow page holds it up")
    scene.caches["a"] = report(at: 4, settled: 4)
    #expect(scene.look() == [])
    #expect(scene.act(after: .seconds(1)) == [moved])
  }

  @Test("a new cache is one no longer when what it forgot first has settled")
  func newAndSettled() {
    var scene = scene()
    scene.caches["a"] = report(at: 4, settled: 0)
    #expect(scene.look() == [])
    #expect(scene.look(after: .seconds(100)) == [])
    scene.caches["a"] = report(at: 4, settled: 4)
    #expect(scene.look() == [])
    #expect(scene.act(after: .seconds(1)) == [moved])
    #expect(scene.state.caches["one"]?.isNew == false)
  }

  @Test("the cache that holds a queue of more than half its length waits for nothing, the others do")
  func halfFull() {
    var scene = Scene(nodes: ["a", "b"])
    for node in ["a", "b"] {
      var description = scene.state.nodes[node]!.description
      description.cache = node == "a" ? "one" : "two"
      scene.accept(.register(description))
    }
    let known = ["one", "two"].map { CachePosition(cache: $0, position: scene.state.appliedIndex) }
    scene.accept(.cachePositions(known))
    for batch in 0..<6 {
      scene.accept(.purge((0..<10_000).map { .address(host: nil, path: "/\(batch)/\($0)") }))
      if batch == 0 {
        scene.accept(.cachePositions([CachePosition(cache: "two", position: scene.state.appliedIndex)]))
      }
    }
    let last = scene.state.appliedIndex
    scene.caches["a"] = report(at: last, settled: 0)
    scene.caches["b"] = CacheReport(cache: "two", isReachable: true, position: last, settled: 0, bans: 0)
    #expect(scene.look() == [])
    let moved = Intent.cachePositions([CachePosition(cache: "one", position: last)])
    #expect(scene.look(after: .seconds(1)) == [moved])
  }

  @Test("what comes while a place settles waits for its own turn")
  func laterPurges() {
    var scene = scene()
    begin(&scene)
    scene.caches["a"] = report(at: 4)
    #expect(scene.look() == [])
    scene.accept(.purge([.address(host: nil, path: "/2")]))
    scene.caches["a"] = report(at: scene.state.appliedIndex)
    #expect(scene.look(after: .seconds(65)) == [])
    #expect(scene.act(after: .seconds(1)) == [moved])
    #expect(scene.look() == [])
    #expect(scene.look(after: .seconds(64)) == [])
    #expect(scene.look(after: .seconds(1)) == [])
    #expect(scene.act(after: .seconds(1)).count == 1)
    #expect(scene.state.purges.batches.isEmpty)
  }

  @Test("what a killed manager was to purge a second time is purged anew: its place was not committed")
  func killed() {
    var scene = scene()
    begin(&scene)
    scene.caches["a"] = report(at: 4)
    #expect(scene.look() == [])
    #expect(scene.look(after: .seconds(60)) == [])
    // Its last report lies there, whatever time goes by.
    scene.silence("a")
    _ = scene.act(after: .seconds(10))
    #expect(scene.act(after: .seconds(200)) == [])
    #expect(scene.state.caches["one"]?.position == 1)
    scene.speak("a")
    scene.processes["a"] = 2
    scene.caches["a"] = report(at: 1)
    _ = scene.act(after: .seconds(1))
    scene.caches["a"] = report(at: 4)
    _ = scene.act(after: .seconds(1))
    #expect(scene.look(after: .seconds(64)) == [], "the new process has its own second pass")
    #expect(scene.look(after: .seconds(1)) == [])
    #expect(scene.act(after: .seconds(1)) == [moved])
  }

  @Test("a leader that was stopped for a while does not know who worked on meanwhile")
  func stoppedLeader() {
    var scene = scene()
    begin(&scene)
    scene.caches["a"] = report(at: 4)
    #expect(scene.look() == [])
    scene.pass(.seconds(100))
    scene.listeningSince = scene.now
    #expect(scene.look() == [])
    #expect(scene.look(after: .seconds(2)) == [])
    #expect(scene.look(after: .seconds(65)) == [])
    #expect(scene.act(after: .seconds(1)) == [moved])
  }

  @Test("a queue that is long is not kept longer")
  func longQueue() {
    var scene = Scene(nodes: ["a"]) { $0.cache = "one" }
    begin(&scene)
    for batch in 0..<2 {
      scene.accept(.purge((0..<10_000).map { .address(host: nil, path: "/\(batch)/\($0)") }))
    }
    scene.caches["a"] = report(at: scene.state.appliedIndex)
    #expect(scene.look() == [])
    #expect(scene.act(after: .seconds(1)).count == 1)
    #expect(scene.state.purges.count == 0)
  }

  /// The cache is known, and has forgotten what it held.
  private func begin(_ scene: inout Scene) {
    scene.accept(.cachePositions([CachePosition(cache: "one", position: 1)]))
  }

  @Test("a new cache is one no longer once it says that it has forgotten what it held, and not before")
  func newCache() {
    var scene = Scene(nodes: ["a"]) { $0.cache = "one" }
    #expect(scene.state.caches["one"]?.isNew == true)
    scene.caches["a"] = report(at: 0)
    #expect(scene.look(after: .seconds(2)) == [])
    scene.caches["a"] = report(at: 1)
    #expect(scene.look() == [])
    let begun = Intent.cachePositions([CachePosition(cache: "one", position: 1)])
    #expect(scene.act(after: .seconds(1)) == [begun])
    #expect(scene.state.caches["one"]?.isNew == false)
  }

  @Test(
    "what a node that lags tells of the cache that it had before does not count for the one taken in anew")
  func takenInAnew() {
    var scene = scene()
    let description = scene.state.nodes["a"]?.description ?? NodeDescription(name: "", zone: "", address: "")
    scene.accept(.health(node: "a", .lost), .forget(node: "a"), .register(description))
    scene.accept(.purge([.address(host: nil, path: "/")]))
    let taken = scene.state.caches["one"]?.position ?? 0
    scene.caches["a"] = report(at: taken - 1)
    _ = scene.look()
    #expect(scene.look(after: .seconds(2)) == [])
    scene.caches["a"] = report(at: taken)
    _ = scene.look()
    #expect(
      scene.act(after: .seconds(1)) == [.cachePositions([CachePosition(cache: "one", position: taken)])])
  }

  @Test("a cache that does not answer is a problem")
  func unreachable() {
    var scene = scene()
    scene.caches["a"] = report(at: 1, isReachable: false)
    #expect(scene.look() == [])
    #expect(scene.controllers.problems == ["cache one does not answer; its pages may be stale"])
  }
}
