import Cluster
import PlantedBugs
import Raft

extension Controllers {
  /// Commits how far the caches have come, now and then: the queue forgets what all have applied, and a restart repeats
  /// what is not committed.
  ///
  /// A place is committed only when nothing is left to be done a second time before it: a manager that is killed
  /// forgets what it was about to do, and does all of it again when it is back. Nothing waits for it but the queue, and
  /// when that is half full the last of them waits for nothing.
  mutating func decideCaches(_ situation: Situation, _ look: inout Look) {
    var moved: [CachePosition] = []
    // The others' places keep nothing.
    let last = situation.state.caches.values.map(\.position).min()
    for (name, cache) in situation.state.caches {
      guard let node = situation.reports[cache.node],
        let report = node.caches.first(where: { $0.cache == name })
      else { continue }
      if !report.isReachable { look.note("cache \(name) does not answer; its pages may be stale") }
      // A node that lags may still tell of the cache that it had before this one.
      guard report.position > 0, !cache.isNew || report.position >= cache.position else { continue }
      // Only what is of use: past the newest purge there is nothing to be remembered.
      let reached = max(cache.position, min(report.position, situation.state.purges.last))
      let settled: Index
      let isLast = cache.position == last
      if situation.state.purges.isHalfFull && isLast || planted(.placeBeforeSecondPass) {
        settled = reached
      } else if let told = report.settled {
        // A new cache has forgotten what it held when that has settled, too.
        guard !cache.isNew || told >= cache.position else { continue }
        settled = max(cache.position, min(told, reached))
      } else {
        settled =
          situation.state.purges.isLong && isLast
          ? reached : settledPosition(of: cache, at: reached, node, situation, &look)
      }
      if settled > cache.position || cache.isNew {
        moved.append(CachePosition(cache: name, position: settled))
      }
    }
    cacheMarks.removeAll { name, _ in situation.state.caches[name] == nil }
    guard !moved.isEmpty else { return }
    if timers.hasHeld("cache positions", for: settings.cachePositionInterval, &look) {
      look.propose(.cachePositions(moved))
    }
  }

  /// How far a cache has come with all that had to be done a second time, when its node does not tell: as far as it was
  /// when its process had as long to live as that can take.
  private mutating func settledPosition(
    of cache: Cache, at reached: Index, _ report: Report, _ situation: Situation, _ look: inout Look
  ) -> Index {
    var mark = cacheMarks[cache.name]
    // Another process has forgotten what that one was about to do; and whoever was stopped does not know who worked on.
    if let set = mark, set.process != report.process || set.since < situation.listeningSince { mark = nil }
    if mark?.sequence != report.sequence {
      mark?.sequence = report.sequence
      mark?.heard = situation.now
    }
    if mark.map({ $0.position <= cache.position }) ?? true {
      mark = reached > cache.position ? CacheMark(at: reached, report, since: situation.now) : nil
    }
    cacheMarks[cache.name] = mark
    guard let mark else { return cache.position }
    let due = mark.since + settings.secondPassWithin
    if mark.heard >= due { return max(mark.position, cache.position) }
    look.wait(until: max(due, situation.now + .milliseconds(500)))
    return cache.position
  }
}

/// Where a cache was at a time, and until when its node's process has worked on since.
struct CacheMark: Hashable, Sendable {
  var position: Index
  var process: UInt64
  /// Of the process's last report that was seen.
  var sequence: UInt64
  var since: Instant
  /// When that was.
  var heard: Instant

  init(at position: Index, _ report: Report, since now: Instant) {
    self.position = position
    process = report.process
    sequence = report.sequence
    since = now
    heard = now
  }
}
