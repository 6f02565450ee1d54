public import DequeModule
import PlantedBugs
public import Raft

/// The purges that some cache may still lack, in the log's order. It is bounded, by their number and their bytes: what
/// falls out is remembered as `droppedThrough`, and a cache that has not come so far must forget everything instead.
public struct PurgeQueue: Hashable, Sendable {
  public struct Batch: Hashable, Sendable {
    public var index: Index
    public var purges: [Purge]
    /// When they were proposed, milliseconds since 1970 by the proposing manager's clock: for people.
    public var wallClockMilliseconds: Int64

    public init(index: Index, purges: [Purge], wallClockMilliseconds: Int64 = 0) {
      self.index = index
      self.purges = purges
      self.wallClockMilliseconds = wallClockMilliseconds
    }
  }

  public internal(set) var batches: Deque<Batch> = []
  /// Purges in `batches`.
  public internal(set) var count = 0
  /// Bytes of their texts.
  public internal(set) var byteCount = 0
  /// Purges at or before this index may be missing from `batches` though a cache lacks them.
  public internal(set) var droppedThrough: Index = 0
  /// The index of the newest purge of all; 0 before the first.
  public internal(set) var last: Index = 0

  /// The most purges held for caches that are away.
  public static var capacity: Int {
    // Planted with a short queue, so that small worlds reach its end.
    planted(.flushSkipped) ? 10 : 100_000
  }
  /// The most bytes that their texts may have: an address can have 8 kilobytes.
  public static let maximumBytes = 32 << 20
  /// What is left at most once there were too many: room for so many new ones that making room stays rare.
  static var roomyCount: Int { capacity * 3 / 4 }
  static var roomyBytes: Int { maximumBytes * 3 / 4 }

  /// It should not be made to keep what it need not: all of it is in every snapshot.
  public var isLong: Bool { count > Self.capacity / 10 || byteCount > Self.maximumBytes / 10 }

  /// Half of it is left before a cache that lacks some has to forget everything.
  public var isHalfFull: Bool { count > Self.capacity / 2 || byteCount > Self.maximumBytes / 2 }

  public init() {}

  /// Takes a batch in; returns those that had to be dropped for it, in order.
  ///
  /// - Parameter boundsBytes: whether `maximumBytes` counts, which older programs do not know.
  mutating func append(_ batch: Batch, boundsBytes: Bool = false) -> [Batch] {
    take(batch)
    let isFull = count > Self.capacity || boundsBytes && byteCount > Self.maximumBytes
    return isFull ? makeRoom(boundsBytes: boundsBytes) : []
  }

  mutating func take(_ batch: Batch) {
    batches.append(batch)
    count += batch.purges.count
    byteCount += batch.byteCount
    last = batch.index
  }

  /// While a cache is away for long, the same few pages are edited again and again: only the last purge of each
  /// counts. When that is not enough the oldest go.
  private mutating func makeRoom(boundsBytes: Bool) -> [Batch] {
    fold()
    var dropped: [Batch] = []
    while count > Self.roomyCount || boundsBytes && byteCount > Self.roomyBytes, batches.count > 1 {
      let first = removeFirst()
      droppedThrough = first.index
      dropped.append(first)
    }
    return dropped
  }

  /// Removes every purge that stands again further back. A cache comes by the later one, so it forgets the page
  /// at a time at which it would have had to anyway.
  private mutating func fold() {
    var known: Set<Purge> = []
    for place in batches.indices.reversed() {
      let before = batches[place]
      let kept = Array(before.purges.reversed().filter { known.insert($0).inserted }.reversed())
      batches[place].purges = kept
      count -= before.purges.count - kept.count
      byteCount -= before.byteCount - batches[place].byteCount
    }
    batches.removeAll { $0.purges.isEmpty }
  }

  /// Forgets what every cache has applied.
  mutating func remove(through index: Index) {
    while let first = batches.first, first.index <= index { _ = removeFirst() }
  }

  private mutating func removeFirst() -> Batch {
    let first = batches.removeFirst()
    count -= first.purges.count
    byteCount -= first.byteCount
    return first
  }

  /// What a cache at `position` lacks: whole batches until they hold `limit` purges, or nil when the queue no
  /// longer reaches back.
  public func pending(after position: Index, limit: Int) -> ArraySlice<Batch>? {
    guard position >= droppedThrough || planted(.flushSkipped) else { return nil }
    var place = firstPlace(after: position)
    if planted(.replaySkipsOne), batches.count - place > 1 { place += 1 }
    var taken: [Batch] = []
    var purges = 0
    while place < batches.count, purges < limit {
      taken.append(batches[place])
      purges += batches[place].purges.count
      place += 1
    }
    return taken[...]
  }

  /// How many purges a cache at `position` lacks, and the oldest batch of them. The count is nil when the queue no
  /// longer reaches back.
  public func missing(after position: Index) -> (count: Int?, oldest: Batch?) {
    guard position < last else { return (0, nil) }
    guard position >= droppedThrough else { return (nil, nil) }
    let place = firstPlace(after: position)
    // Most caches lack little, so this counts a few batches only.
    let lacking = batches[place...].reduce(0) { $0 + $1.purges.count }
    return (lacking, place < batches.count ? batches[place] : nil)
  }

  private func firstPlace(after position: Index) -> Int {
    var low = 0
    var high = batches.count
    while low < high {
      let middle = (low + high) / 2
      if batches[middle].index <= position { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension PurgeQueue.Batch {
  fileprivate var byteCount: Int { purges.reduce(0) { $0 + $1.byteCount } }
}
