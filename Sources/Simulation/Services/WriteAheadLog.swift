import Cluster

/// A database server's write-ahead log: records, each with a hash over all before it, so that whether one log begins
/// with another is one comparison.
struct WriteAheadLog: Hashable, Sendable {
  private var hashes: [UInt64] = [Self.origin]
  private static let origin: UInt64 = 0x7e57
  private static let recordBytes: UInt64 = 100
  private static let firstByte: UInt64 = 1_000

  var count: Int { hashes.count - 1 }
  /// After the last record.
  var position: LSN { LSN(Self.firstByte + UInt64(count) * Self.recordBytes) }

  mutating func append(_ record: UInt64) {
    hashes.append(Chance.mix(hashes[count] ^ Chance.mix(record)))
  }

  /// The first `count` records, and no other log's.
  func mark(at count: Int) -> Mark { Mark(count: count, hash: hashes[count]) }
  var mark: Mark { mark(at: count) }

  func begins(with mark: Mark) -> Bool { mark.count <= count && hashes[mark.count] == mark.hash }

  /// Takes over what another log has beyond this one, up to so many records. This one must be its beginning.
  mutating func follow(_ other: WriteAheadLog, upTo count: Int) {
    precondition(other.begins(with: mark), "a standby follows a log that begins with its own")
    let end = min(count, other.count)
    if end > self.count { hashes += other.hashes[self.count + 1...end] }
  }

  struct Mark: Hashable, Sendable {
    var count: Int
    var hash: UInt64
  }
}
