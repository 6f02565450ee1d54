import ManagerAPI

/// All caches that can be reached have come as far as a purge. Those that cannot will, on their return, and may be
/// waited for too.
struct PurgeGoal: Goal {
  /// What holds for a cache that cannot be reached: whether it serves meanwhile nobody knows.
  static let unreachable =
    "not reachable; it is purged as soon as it is, and may serve the old page until then"

  let index: UInt64
  var waitsForAll = false

  func progress(in report: ProgressReport) -> Progress {
    report.caches.allSatisfy { $0.position >= index || !$0.reachable && !waitsForAll } ? .done : .moving
  }

  func items(in report: ProgressReport) -> [ProgressDisplay.Item] {
    report.caches.map { cache in
      let text =
        cache.position >= index
        ? "purged" : cache.reachable ? "behind" : Self.unreachable
      return .init(name: cache.name, text: text)
    }
  }

  /// Caches that lack the purge.
  func behind(in report: ProgressReport) -> [String] {
    report.caches.filter { $0.position < index }.map(\.name)
  }
}
