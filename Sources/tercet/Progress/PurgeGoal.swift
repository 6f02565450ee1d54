import ManagerAPI

/// All caches that can be reached have come as far as a purge. Those that cannot will, on their return, and may be
/// waited for too.
struct PurgeGoal: Goal {
  let index: UInt64
  var waitsForAll = false

  func progress(in report: ProgressReport) -> Progress {
    report.caches.allSatisfy { $0.position >= index || !$0.reachable && !waitsForAll } ? .done : .moving
  }

  func items(in report: ProgressReport) -> [ProgressDisplay.Item] {
    report.caches.map { cache in
      let text =
        cache.position >= index
        ? "purged" : cache.reachable ? "behind" : "not reachable; it will be purged before it serves again"
      return .init(name: cache.name, text: text)
    }
  }

  /// Caches that lack the purge.
  func behind(in report: ProgressReport) -> [String] {
    report.caches.filter { $0.position < index }.map(\.name)
  }
}
