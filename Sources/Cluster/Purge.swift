public import DequeModule
import PlantedBugs
public import Raft

/// Something that every cache must forget.
public enum Purge: Hashable, Codable, Sendable {
  /// One address with all its variants. Without a host it is purged under whatever host it was cached.
  case address(host: String?, path: String)
  /// Everything a ban expression matches (`man vcl`, "Ban expressions").
  case ban(expression: String)
}

/// One Varnish and how far it has come: every purge at or before `position` is applied there.
public struct Cache: Hashable, Codable, Sendable {
  public var name: String
  public var node: String
  public var position: Index

  public init(name: String, node: String, position: Index) {
    self.name = name
    self.node = node
    self.position = position
  }
}

/// A cache's acknowledgement.
public struct CachePosition: Hashable, Sendable {
  public var cache: String
  public var position: Index

  public init(cache: String, position: Index) {
    self.cache = cache
    self.position = position
  }
}

/// The purges that some cache may still lack, in the log's order. It is bounded: what falls out is remembered
/// as `droppedThrough`, and a cache that has not come so far must forget everything instead.
public struct PurgeQueue: Hashable, Sendable {
  public struct Batch: Hashable, Sendable {
    public var index: Index
    public var purges: [Purge]

    public init(index: Index, purges: [Purge]) {
      self.index = index
      self.purges = purges
    }
  }

  public internal(set) var batches: Deque<Batch> = []
  /// Purges in `batches`.
  public internal(set) var count = 0
  /// Purges at or before this index may be missing from `batches` though a cache lacks them.
  public internal(set) var droppedThrough: Index = 0
  /// The index of the newest purge of all; 0 before the first.
  public internal(set) var last: Index = 0

  /// The most purges held for caches that are away.
  public static var capacity: Int {
    // Planted with a short queue, so that small worlds reach its end.
    planted(.flushSkipped) ? 10 : 100_000
  }

  public init() {}

  mutating func append(_ purges: [Purge], at index: Index) {
    batches.append(Batch(index: index, purges: purges))
    count += purges.count
    last = index
    while count > Self.capacity, let first = batches.popFirst() {
      count -= first.purges.count
      droppedThrough = first.index
    }
  }

  /// Forgets what every cache has applied.
  mutating func remove(through index: Index) {
    while let first = batches.first, first.index <= index {
      count -= first.purges.count
      batches.removeFirst()
    }
  }

  /// What a cache at `position` lacks: up to `limit` purges, or nil when the queue no longer reaches back.
  public func pending(after position: Index, limit: Int) -> ArraySlice<Batch>? {
    guard position >= droppedThrough || planted(.flushSkipped) else { return nil }
    var low = 0
    var high = batches.count
    while low < high {
      let middle = (low + high) / 2
      if batches[middle].index <= position { low = middle + 1 } else { high = middle }
    }
    if planted(.replaySkipsOne), batches.count - low > 1 { low += 1 }
    var taken: [Batch] = []
    var purges = 0
    while low < batches.count, purges < limit {
      taken.append(batches[low])
      purges += batches[low].purges.count
      low += 1
    }
    return taken[...]
  }
}
