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

  private func report(at position: Index, isReachable: Bool = true) -> CacheReport {
    CacheReport(cache: "one", isReachable: isReachable, position: position, bans: 0)
  }

  @Test("a cache's progress is committed at most once a second, and not beyond the newest purge")
  func progress() {
    var scene = scene()
    scene.caches["a"] = report(at: 99)
    #expect(scene.look() == [])
    #expect(scene.look(after: .milliseconds(999)) == [])
    let moved = Intent.cachePositions([CachePosition(cache: "one", position: 4)])
    #expect(scene.act(after: .milliseconds(1)) == [moved])
    #expect(scene.look(after: .seconds(2)) == [])
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
