import Foundation
import LogStore
import Raft
import Testing

/// The formats that later versions must go on reading. A test that fails here says that old logs became
/// unreadable: the remedy is a migration, never another expectation.
@Suite("The format on disk", .timeLimit(.minutes(1)))
struct FormatTests {
  @Test("the checksum is CRC-32C")
  func checksum() {
    // The check value and the vectors of RFC 3720, appendix B.4.
    let vectors: [([UInt8], UInt32)] = [
      (Array("123456789".utf8), 0xe306_9283),
      (Array(repeating: 0, count: 32), 0x8a91_36aa),
      (Array(repeating: 0xff, count: 32), 0x62a8_ab43),
      (Array(0..<32), 0x46dd_794e),
      ([], 0),
    ]
    for (bytes, expected) in vectors {
      var checksum = Checksum()
      checksum.addRaw(bytes)
      #expect(checksum.value == expected)
    }
  }

  @Test("a log of version 1 is read, checked and written on")
  func version1() async throws {
    let folder = try TemporaryFolder()
    try edit(folder.path, FormatTests.version1)
    try Data(FormatTests.acknowledged).write(to: URL(fileURLWithPath: folder.path + "/raft.acknowledged"))

    let membership = Membership(
      voters: [NodeID(1), NodeID(4)], outgoing: [NodeID(1), NodeID(2)], learners: [NodeID(9)])
    let expected = Restored(
      hardState: HardState(term: 3, vote: NodeID(2)), snapshot: snapshot(2),
      entries: entries(2...3, size: 0) + [
        Entry(position: Position(index: 4, term: 2), payload: .empty),
        Entry(position: Position(index: 5, term: 2), payload: .membership(membership)),
        Entry(position: Position(index: 6, term: 2), payload: .command([])),
      ], commit: 4)
    let session = try Session(folder.path)
    #expect(session.restored == expected)
    #expect(session.restored.admission == Admission(), "it has taken part, so its disk is the cluster's")
    #expect(session.store.incarnation.bytes.prefix(4) == [0x6d, 0xf8, 0x5d, 0xe1])
    await session.write(Write(id: 1, entries: entries(7...7, 3)))
    await session.store.close()
    #expect(try await reopened(folder.path).entries == expected.entries + entries(7...7, 3))
  }

  private static let acknowledged: [UInt8] =
    Array("TERCETAK".utf8) + [4, 0, 0, 0, 0, 0, 0, 0, 0x4f, 0xb3, 0x4d, 0x04]

  private static let version1 = """
    PRAGMA application_id = 1416782708;
    PRAGMA user_version = 1;
    CREATE TABLE identity (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      cluster TEXT NOT NULL,
      node INTEGER NOT NULL,
      incarnation BLOB NOT NULL,
      created_seconds INTEGER NOT NULL,
      checksum INTEGER NOT NULL
    ) STRICT;
    INSERT INTO identity
      VALUES (1, 'c-7f3a', 1, x'6df85de1afa989892e3aa13ca69fd108', 1795442728, 4151775387);
    CREATE TABLE state (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      number INTEGER NOT NULL,
      term INTEGER NOT NULL,
      vote INTEGER,
      commit_index INTEGER NOT NULL,
      base_index INTEGER NOT NULL,
      base_checksum INTEGER NOT NULL,
      last_index INTEGER NOT NULL,
      last_checksum INTEGER NOT NULL,
      checksum INTEGER NOT NULL
    ) STRICT;
    INSERT INTO state VALUES (1, 4, 3, 2, 4, 1, 4241675578, 6, 607064118, 801047078);
    CREATE TABLE snapshot (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      log_index INTEGER NOT NULL,
      term INTEGER NOT NULL,
      membership BLOB NOT NULL,
      state BLOB NOT NULL,
      checksum INTEGER NOT NULL
    ) STRICT;
    INSERT INTO snapshot VALUES (1, 2, 1, x'0a020102', x'73746174652061667465722032', 4228548207);
    CREATE TABLE entries (
      log_index INTEGER PRIMARY KEY,
      term INTEGER NOT NULL,
      payload BLOB NOT NULL,
      checksum INTEGER NOT NULL
    ) STRICT;
    INSERT INTO entries VALUES
      (2, 1, x'08021214636f6d6d616e642032206f66207465726d203120', 3942155330),
      (3, 1, x'08021214636f6d6d616e642033206f66207465726d203120', 1196556145),
      (4, 2, x'0801', 2049860883),
      (5, 2, x'08031a0b0a020104120201021a0109', 3356227108),
      (6, 2, x'0802', 607064118);
    """
}
