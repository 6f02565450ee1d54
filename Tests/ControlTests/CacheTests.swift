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

  @Test("a cache that does not answer is a problem")
  func unreachable() {
    var scene = scene()
    scene.caches["a"] = report(at: 1, isReachable: false)
    #expect(scene.look() == [])
    #expect(scene.controllers.problems == ["cache one does not answer; its pages may be stale"])
  }
}
