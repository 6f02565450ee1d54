import LogStore
import Raft
import Testing

/// What a power failure leaves: everything synced is on the disk, of the transaction under way any part, and
/// `raft.acknowledged` may be older than both.
@Suite("After a power failure", .timeLimit(.minutes(2)))
struct TornTailTests {
  let folder: TemporaryFolder
  var path: String { folder.path }

  init() throws {
    folder = try TemporaryFolder()
  }

  /// The files after each of some transactions of several frames, and the number of the last entry then.
  private func history() async throws -> [(image: FolderImage, last: Index)] {
    let session = try Session(path)
    var states: [(FolderImage, Index)] = [(FolderImage(of: path), 0)]
    for id in 1...6 as ClosedRange<WriteID> {
      await session.write(
        Write(id: id, entries: entries(id * 10 - 9...id * 10, size: 1000), hardState: HardState(term: 1)))
      states.append((FolderImage(of: path), id * 10))
    }
    await session.store.close()
    return states
  }

  @Test("a transaction that was under way is dropped, whichever of its sectors reached the disk")
  func tornTail() async throws {
    var random = Seeded(11)
    let states = try await history()
    for (before, after) in zip(states, states.dropFirst()) {
      let synced = try #require(before.image.writeAheadLog)
      let written = try #require(after.image.writeAheadLog)
      for _ in 0..<12 {
        var torn = before.image
        torn.writeAheadLog = mixed(synced, written, &random)
        try torn.write(to: path)
        let last = try await reopened(path).entries.last?.index ?? 0
        #expect(last == before.last || (last == after.last && torn.writeAheadLog == written))
      }
    }
  }

  /// The longer file, with random ones of its sectors behind the shorter file's end still blank. The header
  /// is there: SQLite syncs it before it writes a frame.
  private func mixed(_ synced: [UInt8], _ written: [UInt8], _ random: inout Seeded) -> [UInt8] {
    var bytes = Array(written[..<Int.random(in: synced.count...written.count, using: &random)])
    let start = max(synced.count, 32)
    for place in bytes.indices.dropFirst(start) where place % 512 == 0 || place == start {
      guard Bool.random(using: &random) else { continue }
      for blank in place..<min(bytes.count, place / 512 * 512 + 512) { bytes[blank] = 0 }
    }
    return bytes
  }

  @Test("damage in a synced transaction is told from a torn one, though the acknowledgement is old")
  func damageInTheMiddle() async throws {
    let states = try await history()
    var image = try #require(states.last).image
    let log = try #require(image.writeAheadLog)
    image.acknowledged = states[0].image.acknowledged
    let ends = try states.map { try #require($0.image.writeAheadLog).count }
    // Any byte of a frame before the last two transactions; see `WriteAheadLog` for those.
    for place in stride(from: 32, to: ends[ends.count - 3], by: 401) {
      var damaged = image
      damaged.writeAheadLog?[place] ^= 0x40
      try damaged.write(to: path)
      let frame = (place - 32) / 4120 + 1
      #expect(
        await refusal(path) == .damaged(file: path + "/raft.sqlite-wal", .writeAheadLog(frame: frame)))
    }
    // A page of the last but one, whose commit frame is whole.
    var damaged = image
    damaged.writeAheadLog?[ends[ends.count - 3] + 100] ^= 1
    try damaged.write(to: path)
    guard case .damaged(_, .writeAheadLog) = await refusal(path) else {
      Issue.record("damage before the last transaction was taken for a torn tail")
      return
    }
    // The header, without which SQLite would ignore the whole file.
    for place in 0..<32 {
      var damaged = image
      damaged.writeAheadLog?[place] ^= 1
      try damaged.write(to: path)
      #expect(await refusal(path) == .damaged(file: path + "/raft.sqlite-wal", .writeAheadLog(frame: 0)))
    }
    #expect(log.count == ends.last)
  }

  @Test("frames that an earlier round of the log left behind are no damage")
  func olderFrames() async throws {
    let session = try Session(path)
    // Over 1,000 frames: the log begins anew and overwrites its old frames from the start.
    for id in 1...60 as ClosedRange<WriteID> {
      await session.write(
        Write(id: id, entries: entries(id * 20 - 19...id * 20, size: 3000), hardState: HardState(term: 1)))
    }
    for id in 61...64 as ClosedRange<WriteID> {
      await session.write(Write(id: id, entries: entries(1140 + id...1140 + id)))
    }
    let image = FolderImage(of: path)
    await session.store.close()
    #expect(session.store.statistics.longestCheckpoint > .zero)
    try image.write(to: path)
    #expect(try await reopened(path).entries == entries(1...1200, size: 3000) + entries(1201...1204))
  }
}
