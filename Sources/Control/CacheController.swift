import Cluster
import Raft

extension Controllers {
  /// Commits how far the caches have come, now and then: a restart then repeats a second's purges at most, and
  /// the queue forgets what all have applied.
  mutating func decideCaches(_ situation: Situation, _ look: inout Look) {
    var moved: [CachePosition] = []
    for (name, cache) in situation.state.caches {
      guard let report = situation.reports[cache.node]?.caches.first(where: { $0.cache == name }) else {
        continue
      }
      if !report.isReachable { look.note("cache \(name) does not answer; its pages may be stale") }
      // A node that lags may still tell of the cache that it had before this one.
      guard report.position > 0, !cache.isNew || report.position >= cache.position else { continue }
      // Only what is of use: past the newest purge there is nothing to be remembered.
      let reached = max(cache.position, min(report.position, situation.state.purges.last))
      if reached > cache.position || cache.isNew {
        moved.append(CachePosition(cache: name, position: reached))
      }
    }
    guard !moved.isEmpty else { return }
    if timers.hasHeld("cache positions", for: settings.cachePositionInterval, &look) {
      look.propose(.cachePositions(moved))
    }
  }
}
