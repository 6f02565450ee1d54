import Cluster
import DequeModule
import Manager
import Raft

extension ViewReader {
  var caches: [CacheStatus] { state.caches.values.map(status(of:)) }

  private func status(of cache: Cache) -> CacheStatus {
    let report = freshReport(of: cache.node)?.caches.first { $0.cache == cache.name }
    // The node's own word runs ahead of the log's; a purge that is applied is applied.
    let position = max(cache.position, report?.position ?? 0)
    let mustForget = cache.isNew && (report?.position ?? 0) == 0
    let missing = mustForget ? (count: nil, oldest: nil) : state.purges.missing(after: position)
    let since =
      missing.oldest?.wallClockMilliseconds
      ?? (missing.count == nil ? cache.lackingSinceMilliseconds : nil)
    return CacheStatus(
      name: cache.name, node: cache.node, zone: zone(of: cache.node),
      reachable: report?.isReachable == true, position: position, lag: missing.count,
      staleSinceMilliseconds: since,
      staleMilliseconds: missing.count == 0 || since != nil ? staleness(since: since, cache) : nil,
      bans: report?.bans, counts: report?.counts)
  }

  /// A purge that this manager has not heard of is missing too; only its own caches wait for it to hear of them.
  private func staleness(since oldest: Int64?, _ cache: Cache) -> Int {
    let lacking = oldest.map { Self.milliseconds(from: $0, to: view.wallClockMilliseconds) } ?? 0
    let unheard = view.unconfirmedFor.milliseconds
    // An election is no reason to take a cache out of service, and heartbeats come ten times a second.
    return cache.node == view.node && unheard > Self.usualSilence ? max(lacking, unheard) : lacking
  }

  /// None when it is still to come; other managers' clocks may show anything.
  private static func milliseconds(from start: Int64, to end: Int64) -> Int {
    guard start < end else { return 0 }
    let (elapsed, overflow) = end.subtractingReportingOverflow(start)
    return overflow ? .max : Int(elapsed)
  }

  private static let usualSilence = 1_000
}
