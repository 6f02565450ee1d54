import Cluster
import Manager
import NIOHTTP1
import Raft

/// Whether this node's caches may serve, for load balancers: 200 while they are fresh, 503 once one of them may hold
/// pages that were purged longer ago than is tolerated.
struct CacheHealth {
  let reader: ViewReader
  let maximumStaleness: Duration

  /// - Parameter name: the cache that is meant; nil for all of this node.
  func answer(cache name: String?) -> DoorResponse {
    let caches = reader.caches.filter { $0.node == reader.view.node && (name == nil || $0.name == name) }
    guard !caches.isEmpty else {
      return .text(.notFound, "there is no cache \(name.map { "\($0) " } ?? "")on node \(reader.view.node)")
    }
    let report = CacheHealthReport(
      node: reader.view.node, fresh: caches.allSatisfy(isFresh),
      maximumStalenessMilliseconds: maximumStaleness.milliseconds, caches: caches)
    return .json(report.fresh ? .ok : .serviceUnavailable, report)
  }

  /// A manager that was just started and has heard of no leader yet does not know what was purged meanwhile.
  private func isFresh(_ cache: CacheStatus) -> Bool {
    guard reader.view.isCurrent else { return false }
    return cache.staleMilliseconds.map { $0 <= maximumStaleness.milliseconds } ?? false
  }
}

/// The body of `/cache`. Property names are the JSON keys.
public struct CacheHealthReport: Hashable, Codable, Sendable {
  /// The node whose caches are meant: the one that answers.
  public var node: String
  /// No cache is staler than is tolerated. Status 200, otherwise 503.
  public var fresh: Bool
  public var maximumStalenessMilliseconds: Int
  public var caches: [CacheStatus]
}
