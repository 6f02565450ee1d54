public import Cluster
public import Logging
public import NIOCore
import Synchronization

/// All Varnish servers of a node: its own, and those in containers, which come and go.
public final class VarnishCaches: Sendable {
  private let own: VarnishCache?
  private let secretFile: String?
  private let group: any EventLoopGroup
  private let logger: Logger

  /// Those in containers, by name; guarded against the manager's loop, which changes them, and whoever uses them.
  private let contained = Mutex<[String: Contained]>([:])
  private let changes: AsyncStream<Void>
  private let changed: AsyncStream<Void>.Continuation

  private struct Contained: Sendable {
    let endpoint: CacheEndpoint
    let cache: VarnishCache
    var isWatched = false
  }

  /// - Parameters:
  ///   - own: the node's own Varnish, if it has one.
  ///   - secretFile: the secret that Varnish in containers was given; nil when there is none, and then a container
  ///     that is a cache cannot be driven.
  public init(
    own: VarnishCache.Configuration?, secretFile: String?, group: any EventLoopGroup, logger: Logger
  ) {
    self.own = own.map { VarnishCache(configuration: $0, group: group, logger: logger) }
    self.secretFile = secretFile
    self.group = group
    self.logger = logger
    (changes, changed) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// Says which containers are caches at present. It does not block.
  public func set(_ endpoints: [CacheEndpoint]) {
    guard let secretFile, !isKnown(endpoints) else { return }
    let gone = contained.withLock { contained -> [VarnishCache] in
      var rest = contained
      var replaced: [VarnishCache] = []
      contained = [:]
      for endpoint in endpoints {
        let known = rest.removeValue(forKey: endpoint.cache)
        if let known, known.endpoint == endpoint {
          contained[endpoint.cache] = known
        } else {
          if let known { replaced.append(known.cache) }
          contained[endpoint.cache] = Contained(endpoint: endpoint, cache: client(endpoint, secretFile))
        }
      }
      return replaced + rest.values.map(\.cache)
    }
    for cache in gone { _Concurrency.Task { await cache.close() } }
    changed.yield()
  }

  /// Carries out one step on one of them.
  ///
  /// - Returns: why everything was forgotten in the place of some purge; nil if it was not.
  @discardableResult
  public func carryOut(_ action: CacheAction) async throws(VarnishError) -> String? {
    guard let cache = cache(named: action.cache) else {
      throw .unknownCache(action.cache, hasSecret: secretFile != nil)
    }
    return try await cache.carryOut(action.step)
  }

  /// Observes all of them until cancelled, and reports what is news.
  public func run(_ report: @escaping @Sendable (CacheObservation) -> Void) async {
    await withDiscardingTaskGroup { group in
      if let own {
        group.addTask {
          await self.watch(own) { seen in
            if let seen { report(seen) }
            return true
          }
        }
      }
      for await _ in changes {
        for entry in takeUnwatched() {
          group.addTask {
            await self.watch(entry.cache) { self.isReported($0, of: entry, to: report) }
            self.reportGone(entry, to: report)
          }
        }
      }
    }
  }

  public func close() async {
    changed.finish()
    await own?.close()
    for cache in contained.withLock({ $0.values.map(\.cache) }) { await cache.close() }
  }

  // MARK: Parts

  private func client(_ endpoint: CacheEndpoint, _ secretFile: String) -> VarnishCache {
    // Only the command line asks for the secret, and the container's network is not the manager's alone.
    VarnishCache(
      configuration: VarnishCache.Configuration(
        name: endpoint.cache, commandLine: Endpoint(host: endpoint.host, port: endpoint.port),
        secretFile: secretFile, purges: nil),
      group: group, logger: logger)
  }

  private func cache(named name: String) -> VarnishCache? {
    if let own, own.name == name { return own }
    return contained.withLock { $0[name]?.cache }
  }

  private func isKnown(_ endpoints: [CacheEndpoint]) -> Bool {
    contained.withLock { contained in
      contained.count == endpoints.count && endpoints.allSatisfy { contained[$0.cache]?.endpoint == $0 }
    }
  }

  /// Reports what was seen of a cache, unless another has taken its place. The lock is held meanwhile: nothing that
  /// was seen of the one may be reported after something of the other.
  private func isReported(
    _ seen: CacheObservation?, of entry: Contained, to report: (CacheObservation) -> Void
  ) -> Bool {
    contained.withLock { contained in
      guard contained[entry.endpoint.cache]?.cache === entry.cache else { return false }
      if let seen { report(seen) }
      return true
    }
  }

  /// A cache's name may have passed to another container, of which its own watcher tells.
  private func reportGone(_ entry: Contained, to report: (CacheObservation) -> Void) {
    contained.withLock { contained in
      guard contained[entry.endpoint.cache] == nil else { return }
      report(CacheObservation(cache: entry.endpoint.cache, isReachable: false))
    }
  }

  private func takeUnwatched() -> [Contained] {
    contained.withLock { contained in
      let new = contained.values.filter { !$0.isWatched }
      for entry in new { contained[entry.endpoint.cache]?.isWatched = true }
      return new
    }
  }

  /// - Parameter report: takes what is news, nil when there is none, and says whether to go on.
  private func watch(_ cache: VarnishCache, _ report: (CacheObservation?) -> Bool) async {
    var last: CacheObservation?
    while !_Concurrency.Task.isCancelled {
      let seen = await cache.observe()
      guard report(seen == last ? nil : seen) else { return }
      last = seen
      // An unreachable cache is asked more often: pages are stale until it has caught up.
      try? await _Concurrency.Task.sleep(for: .milliseconds(seen.isReachable ? 1_000 : 200))
    }
  }
}
