public import Cluster

/// A cache and how far it has come. Property names are the JSON keys.
public struct CacheStatus: Hashable, Codable, Sendable {
  public var name: String
  public var node: String
  /// Missing when the node is not known any more.
  public var zone: String?
  /// Whether its node reports and reaches it.
  public var reachable: Bool
  /// Purges up to this index are applied there.
  public var position: UInt64
  /// Purges it still lacks; missing when so many were missed that it must forget everything instead.
  public var lag: Int?
  /// When the oldest purge it lacks was accepted, milliseconds since 1970: how stale it may be.
  public var staleSinceMilliseconds: Int64?
  /// For how long it may have been stale: since the oldest purge that it lacks was accepted, or since its node last
  /// heard of the cluster, if that is longer ago. 0 when it is fresh; missing when that is not known.
  public var staleMilliseconds: Int?
  /// Bans on its list; missing while its node does not report.
  public var bans: Int?
  /// Objects it holds, and requests it answered from them or not since it began; missing when nobody tells.
  public var counts: CacheCounts?
}
