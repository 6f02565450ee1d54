import Cluster
import DequeModule
import Manager
import Raft

extension ViewReader {
  var caches: [CacheStatus] { state.caches.values.map(status(of:)) }

  private func status(of cache: Cache) -> CacheStatus {
    let report = freshReport(of: cache.node)?.cache.flatMap { $0.cache == cache.name ? $0 : nil }
    // The node's own word runs ahead of the log's; a purge that is applied is applied.
    let position = max(cache.position, report?.position ?? 0)
    let missing = state.purges.missing(after: position)
    return CacheStatus(
      name: cache.name, node: cache.node, zone: zone(of: cache.node),
      reachable: report?.isReachable == true, position: position, lag: missing.count,
      staleSinceMilliseconds: missing.first.flatMap(acceptedMilliseconds), bans: report?.bans)
  }

  private func acceptedMilliseconds(_ index: Index) -> Int64? {
    state.history.purges.last { $0.index <= index }.flatMap {
      $0.index == index ? $0.wallClockMilliseconds : nil
    }
  }
}

extension PurgeQueue {
  /// How many purges a cache at `position` lacks, and the index of the first. The count is nil when the queue
  /// no longer reaches back.
  fileprivate func missing(after position: Index) -> (count: Int?, first: Index?) {
    guard position < last else { return (0, nil) }
    guard position >= droppedThrough else { return (nil, nil) }
    // Most caches lack little: count from the newest.
    var count = 0
    var first: Index?
    for batch in batches.reversed() {
      guard batch.index > position else { break }
      count += batch.purges.count
      first = batch.index
    }
    return (count, first)
  }
}
