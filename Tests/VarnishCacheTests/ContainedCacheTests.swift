import Cluster
import Foundation
import Logging
import NIOPosix
import Synchronization
import Testing
import VarnishCache

@Suite("Varnish in containers", .serialized, .timeLimit(.minutes(2)))
struct ContainedCacheTests {
  /// What was last reported of each cache; guarded against the tasks that watch them.
  private final class Reports: Sendable {
    private let last = Mutex<[String: CacheObservation]>([:])
    func take(_ seen: CacheObservation) { last.withLock { $0[seen.cache] = seen } }
    func isReachable(_ cache: String) -> Bool? { last.withLock { $0[cache]?.isReachable } }
  }

  private static func caches(secretFile: String?) -> VarnishCaches {
    VarnishCaches(
      own: nil, secretFile: secretFile, group: MultiThreadedEventLoopGroup.singleton,
      logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
  }

  @Test("one that comes is watched and purged by its command line; one that goes is reported gone")
  func comesAndGoes() async throws {
    try await Varnish.run { varnish, _ in
      let caches = Self.caches(secretFile: varnish.secretFile)
      let reports = Reports()
      let watching = _Concurrency.Task { await caches.run { reports.take($0) } }
      let endpoint = CacheEndpoint(
        cache: "shop_varnish.1.a", host: "127.0.0.1", port: varnish.commandLinePort)
      caches.set([endpoint])
      try await eventually("it is seen") { reports.isReachable(endpoint.cache) == true }
      try await Visitor.visit(port: varnish.publicPort) { visit in
        for page in ["/1", "/2"] { _ = try await visit.request(page, host: "one") }
        let step = CacheAction.Step.purge([.address(host: "one", path: "/1")], through: 1)
        try await caches.carryOut(CacheAction(cache: endpoint.cache, step))
        #expect(try await !visit.hits("/1", host: "one"))
        #expect(try await visit.hits("/2", host: "one"))
      }
      caches.set([])
      try await eventually("it is gone") { reports.isReachable(endpoint.cache) == false }
      await #expect(throws: VarnishError.unknownCache(endpoint.cache, hasSecret: true)) {
        try await caches.carryOut(CacheAction(cache: endpoint.cache, .flush(through: 1)))
      }
      watching.cancel()
      await caches.close()
      await watching.value
    }
  }

  @Test(
    "one whose container is replaced is reported as the new one is, whatever becomes of the old one's connection"
  )
  func replaced() async throws {
    try await Varnish.run { varnish, _ in
      let caches = Self.caches(secretFile: varnish.secretFile)
      let reports = Reports()
      let watching = _Concurrency.Task { await caches.run { reports.take($0) } }
      let name = "shop_varnish.1.a"
      // One server by two addresses stands for two.
      let (old, new) = ("127.0.0.1", "localhost")
      caches.set([CacheEndpoint(cache: name, host: old, port: varnish.commandLinePort)])
      try await eventually("the old one is seen") { reports.isReachable(name) == true }
      caches.set([CacheEndpoint(cache: name, host: new, port: varnish.commandLinePort)])
      // The old one's watcher looks once a second, and finds by then that it is no longer wanted.
      try await _Concurrency.Task.sleep(for: .milliseconds(2_500))
      #expect(reports.isReachable(name) == true)
      try await caches.carryOut(CacheAction(cache: name, .flush(through: 1)))
      caches.set([])
      try await eventually("it is gone") { reports.isReachable(name) == false }
      watching.cancel()
      await caches.close()
      await watching.value
    }
  }

  @Test("without a secret for it the error says which key is missing")
  func withoutSecret() async throws {
    let caches = Self.caches(secretFile: nil)
    caches.set([CacheEndpoint(cache: "c", host: "127.0.0.1", port: 1)])
    let error = await #expect(throws: VarnishError.self) {
      try await caches.carryOut(CacheAction(cache: "c", .flush(through: 1)))
    }
    #expect(error?.description.contains("caches.secret") == true)
    await caches.close()
  }
}
