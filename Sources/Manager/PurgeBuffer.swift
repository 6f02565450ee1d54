import Cluster
import DequeModule
import Raft

/// Purges that wait to share an entry: while some are on their way to the log, those that come meanwhile are
/// gathered, so that a busy door makes large entries and an idle one loses no time.
///
/// Identical ones of an entry are folded: they come into force together. One that comes while an identical one is
/// already on its way is *not* folded into that: another zone may have applied it by now, and have cached the page
/// again as it was before this request.
struct PurgeBuffer: Sendable {
  private var waiting: Deque<(request: Manager.PurgeRequest, deadline: Instant)> = []
  private var count = 0
  private var bytes = 0

  /// Entries of purges on their way at the same time.
  static let maximumInFlight = 2
  /// Different purges of one entry, unless one request alone has more.
  static let maximumPerEntry = 2_000
  /// Bytes of the texts of one entry, unless one request alone has more.
  static let maximumEntryBytes = 256 << 10
  /// Purges that wait at one manager, and bytes of their texts; more are refused.
  static let capacity = 50_000
  static let maximumBytes = 16 << 20

  /// An entry to be: its purges, whom to answer for them, and who asked first.
  struct Entry {
    var purges: [Purge] = []
    var tokens: [UInt64] = []
    var origin: String
  }

  var isEmpty: Bool { waiting.isEmpty }
  var isFull: Bool { count >= Self.capacity || bytes >= Self.maximumBytes }

  mutating func add(_ request: Manager.PurgeRequest, until deadline: Instant) {
    waiting.append((request, deadline))
    count += request.purges.count
    bytes += request.byteCount
  }

  /// The next entry. A request is never split.
  mutating func takeEntry() -> Entry {
    var entry = Entry(origin: waiting.first?.request.origin ?? "")
    var known = Set<Purge>(minimumCapacity: min(count, Self.maximumPerEntry))
    var size = 0
    while let next = waiting.first?.request {
      let fits =
        entry.purges.count + next.purges.count <= Self.maximumPerEntry
        && size + next.byteCount <= Self.maximumEntryBytes
      guard entry.tokens.isEmpty || fits else { break }
      removeFirst()
      size += next.byteCount
      entry.purges += next.purges.filter { known.insert($0).inserted }
      entry.tokens.append(next.token)
    }
    return entry
  }

  private mutating func removeFirst() {
    let (request, _) = waiting.removeFirst()
    count -= request.purges.count
    bytes -= request.byteCount
  }

  mutating func removeAll() -> [UInt64] {
    defer { self = PurgeBuffer() }
    return waiting.map(\.request.token)
  }

  /// When the oldest has waited too long.
  var nextDeadline: Instant { waiting.first?.deadline ?? .never }

  /// Whose time is up.
  mutating func expired(at now: Instant) -> [UInt64] {
    var tokens: [UInt64] = []
    while let first = waiting.first, first.deadline <= now {
      tokens.append(first.request.token)
      removeFirst()
    }
    return tokens
  }
}

extension Manager.PurgeRequest {
  var byteCount: Int { purges.reduce(0) { $0 + $1.byteCount } }
}
