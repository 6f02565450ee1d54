import LogStore
import Raft
import Testing

@Suite("A damaged log", .timeLimit(.minutes(2)))
struct DamageTests {
  let folder: TemporaryFolder
  var path: String { folder.path }
  var database: String { path + "/raft.sqlite" }

  init() throws {
    folder = try TemporaryFolder()
  }

  /// A closed store with a snapshot at 10 and the entries 6 to 30, the last ten of term 2.
  private func makeStore() async throws {
    let session = try Session(path)
    await session.write(
      Write(id: 1, entries: entries(1...20), hardState: HardState(term: 1)),
      Write(id: 2, snapshot: snapshot(10), compactThrough: 5),
      Write(id: 3, entries: entries(21...30, 2), hardState: HardState(term: 2, vote: NodeID(3)), commit: 22))
    await session.store.close()
  }

  @Test(
    "is refused with the place of the damage",
    arguments: [
      ("DELETE FROM entries WHERE log_index = 12", .entry(12, reason: "it is missing")),
      ("DELETE FROM entries WHERE log_index = 6", .entry(6, reason: "it is missing")),
      ("DELETE FROM entries WHERE log_index = 30", .entry(30, reason: "it is missing")),
      ("DELETE FROM entries", .entry(6, reason: "it is missing")),
      ("UPDATE entries SET payload = x'0a0161' WHERE log_index = 9", .entry(9, reason: mismatch)),
      ("UPDATE entries SET term = 2 WHERE log_index = 20", .entry(20, reason: mismatch)),
      ("UPDATE entries SET checksum = checksum + 1 WHERE log_index = 8", .entry(8, reason: mismatch)),
      (
        "INSERT INTO entries SELECT 31, term, payload, checksum FROM entries WHERE log_index = 30",
        .entry(31, reason: mismatch)
      ),
      (
        """
        UPDATE entries SET log_index = -1 WHERE log_index = 13;
        UPDATE entries SET log_index = 13 WHERE log_index = 14;
        UPDATE entries SET log_index = 14 WHERE log_index = -1;
        """, .entry(13, reason: mismatch)
      ),
      ("UPDATE state SET vote = 1", .record(table: "state", reason: rowMismatch)),
      ("UPDATE state SET vote = NULL", .record(table: "state", reason: rowMismatch)),
      ("UPDATE state SET commit_index = 23", .record(table: "state", reason: rowMismatch)),
      ("DELETE FROM state", .record(table: "state", reason: "its row is missing")),
      ("UPDATE snapshot SET state = x'00'", .record(table: "snapshot", reason: rowMismatch)),
      ("UPDATE snapshot SET log_index = 11", .record(table: "snapshot", reason: rowMismatch)),
      ("DELETE FROM snapshot", .record(table: "snapshot", reason: "its row is missing")),
      ("UPDATE identity SET incarnation = zeroblob(16)", .record(table: "identity", reason: rowMismatch)),
      ("UPDATE identity SET node = 2", .record(table: "identity", reason: rowMismatch)),
      ("DELETE FROM identity", .record(table: "identity", reason: "its row is missing")),
      ("DROP TABLE entries", .structure("no such table: entries (SQLite code 1)")),
      ("PRAGMA user_version = 0", .structure("it has no tables")),
    ] as [(String, LogStoreError.Damage)])
  func refusedWithPlace(sql: String, damage: LogStoreError.Damage) async throws {
    try await makeStore()
    try edit(path, sql)
    #expect(await refusal(path) == .damaged(file: database, damage))
  }

  private static let mismatch = "it does not match its checksum"
  private static let rowMismatch = "its row does not match its checksum"

  @Test("is refused when a file is missing")
  func missingFiles() async throws {
    try await makeStore()
    let whole = FolderImage(of: path)

    var image = whole
    image.database = nil
    try image.write(to: path)
    #expect(await refusal(path) == .damaged(file: database, .missing))

    image = whole
    image.acknowledged = nil
    try image.write(to: path)
    #expect(await refusal(path) == .damaged(file: path + "/raft.acknowledged", .missing))

    try whole.write(to: path)
    #expect(await refusal(path) == nil)
  }

  @Test("is refused when the file of acknowledgements is damaged")
  func acknowledgedFile() async throws {
    try await makeStore()
    let whole = FolderImage(of: path)
    let bytes = try #require(whole.acknowledged)
    for length in 0..<bytes.count {
      var image = whole
      image.acknowledged = Array(bytes[..<length])
      try image.write(to: path)
      #expect(await refusal(path) == .damaged(file: path + "/raft.acknowledged", .checksum))
    }
    for place in bytes.indices {
      var image = whole
      image.acknowledged?[place] ^= 0x10
      try image.write(to: path)
      #expect(await refusal(path) == .damaged(file: path + "/raft.acknowledged", .checksum))
    }
  }

  @Test("is refused when the database is replaced by an older copy of itself")
  func olderCopy() async throws {
    try await makeStore()
    let older = FolderImage(of: path)
    let session = try Session(path)
    await session.write(Write(id: 1, hardState: HardState(term: 3, vote: NodeID(2))))
    await session.store.close()
    var image = FolderImage(of: path)
    image.database = older.database
    try image.write(to: path)
    let lost = try #require(await refusal(path)).description
    #expect(lost.contains("transactions were acknowledged, and it ends after"))
  }

  @Test(
    "never loses an acknowledged write silently: random bytes of any file changed",
    arguments: 1...8 as ClosedRange<UInt64>)
  func randomDamage(seed: UInt64) async throws {
    var random = Seeded(seed)
    let (image, expected) = try await openStore()
    for _ in 0..<60 {
      var damaged = image
      damage(&damaged, &random)
      try await expectWholeOrRefused(damaged, expected)
    }
  }

  @Test("never loses an acknowledged write silently: each file cut at each page")
  func truncation() async throws {
    let (image, expected) = try await openStore()
    let database = try #require(image.database)
    let log = try #require(image.writeAheadLog)
    for length in stride(from: 0, to: database.count, by: 4096) {
      var cut = image
      cut.database = Array(database[..<length])
      try await expectWholeOrRefused(cut, expected)
    }
    for length in [0, 1, 31, 32] + stride(from: 32, to: log.count, by: 4120) + [log.count - 1] {
      var cut = image
      cut.writeAheadLog = Array(log[..<length])
      try await expectWholeOrRefused(cut, expected)
    }
    var gone = image
    gone.writeAheadLog = nil
    try gone.write(to: path)
    guard case .damaged(_, .writesLost) = await refusal(path) else {
      Issue.record("a store without its write-ahead log was taken")
      return
    }
  }

  /// The files of an open store, as a crash of the process leaves them, and what they hold: some of it in
  /// the main file, the rest in the write-ahead log.
  private func openStore() async throws -> (FolderImage, Restored) {
    let first = try Session(path)
    await first.write(
      Write(id: 1, entries: entries(1...60, size: 300), hardState: HardState(term: 1)),
      Write(id: 2, snapshot: snapshot(40), compactThrough: 20))
    await first.store.close()
    let second = try Session(path)
    for id in 1...8 as ClosedRange<WriteID> {
      await second.write(
        Write(
          id: id, entries: entries(60 + id * 5 - 4...60 + id * 5, 2, size: 300),
          hardState: HardState(term: 2, vote: NodeID(1)), commit: 50))
    }
    let image = FolderImage(of: path)
    await second.store.close()
    return (image, try await reopened(path))
  }

  private func damage(_ image: inout FolderImage, _ random: inout Seeded) {
    switch UInt8.random(in: 0..<8, using: &random) {
    case 0: damage(&image.acknowledged, &random)
    case 1...3: damage(&image.writeAheadLog, &random)
    default: damage(&image.database, &random)
    }
  }

  /// Flips a bit, blanks a sector, or puts noise in its place.
  private func damage(_ bytes: inout [UInt8]?, _ random: inout Seeded) {
    guard var changed = bytes, !changed.isEmpty else { return }
    let place = Int.random(in: 0..<changed.count, using: &random)
    let sector = place & ~511..<min(changed.count, (place & ~511) + 512)
    switch UInt8.random(in: 0..<4, using: &random) {
    case 0: for place in sector { changed[place] = 0 }
    case 1: for place in sector { changed[place] = .random(in: 0...255, using: &random) }
    default: changed[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    }
    bytes = changed
  }

  private func expectWholeOrRefused(_ image: FolderImage, _ expected: Restored) async throws {
    try image.write(to: path)
    do {
      let session = try Session(path)
      await session.store.close()
      #expect(session.restored == expected)
    } catch {
      #expect(!error.description.isEmpty)
    }
  }
}
