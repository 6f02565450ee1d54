import Foundation
import Glibc
import LogStore
import Raft
import Testing

@Suite("A log store refuses", .timeLimit(.minutes(1)))
struct RefusalTests {
  let folder: TemporaryFolder
  var path: String { folder.path }
  var database: String { path + "/raft.sqlite" }

  init() throws {
    folder = try TemporaryFolder()
  }

  private func makeStore() async throws {
    let session = try Session(path)
    await session.write(Write(id: 1, entries: entries(1...5), hardState: HardState(term: 1)))
    await session.store.close()
  }

  @Test("a folder that does not exist, rather than make one on the wrong disk")
  func missingFolder() async {
    #expect(await refusal(path + "/data") == .folderMissing(folder: path + "/data"))
  }

  @Test("a file where the folder should be")
  func fileForFolder() async throws {
    try Data().write(to: URL(fileURLWithPath: path + "/data"))
    guard case .unusable = await refusal(path + "/data") else {
      Issue.record("a file was taken for a folder")
      return
    }
  }

  @Test("another cluster's and another node's file, and leaves both untouched")
  func foreign() async throws {
    try await makeStore()
    let before = FolderImage(of: path)
    #expect(
      await refusal(path, cluster: "c-other")
        == .foreignCluster(file: database, found: cluster, expected: "c-other"))
    #expect(
      await refusal(path, node: 2) == .foreignNode(file: database, found: NodeID(1), expected: NodeID(2)))
    #expect(FolderImage(of: path) == before)
  }

  @Test("a newer format")
  func newerFormat() async throws {
    try await makeStore()
    try edit(path, "PRAGMA user_version = 7")
    #expect(await refusal(path) == .newerFormat(file: database, found: 7, supported: 2))
  }

  @Test("what a newer program wrote, though its checksum is right")
  func newerContent() async throws {
    try await makeStore()
    let unknownField: [UInt8] = [0xf0, 0x01, 0x01]
    let record = SnapshotRecord(position: .zero, membership: unknownField, state: [])
    try edit(path, "UPDATE snapshot SET membership = x'f00101', checksum = \(record.checksum)")
    guard case .newerContent(_, "the snapshot", let reason) = await refusal(path) else {
      Issue.record("a membership with an unknown field was taken")
      return
    }
    #expect(reason.contains("upgrade this manager"))
  }

  @Test("what is not a SQLite file, and leaves it untouched")
  func notSQLite() async throws {
    try await makeStore()
    var image = FolderImage(of: path)
    image.database = Array(repeating: Array("no database".utf8), count: 1000).flatMap { $0 }
    try image.write(to: path)
    #expect(await refusal(path) == .notALog(file: database))
    #expect(FolderImage(of: path).database == image.database)
  }

  @Test("another program's SQLite file, and leaves it untouched")
  func foreignSQLite() async throws {
    try edit(path, "CREATE TABLE photos (name TEXT)")
    try Data().write(to: URL(fileURLWithPath: path + "/raft.acknowledged"))
    let before = FolderImage(of: path)
    #expect(await refusal(path) == .notALog(file: database))
    #expect(FolderImage(of: path).database == before.database)
  }

  @Test("a folder that this process has open")
  func openHere() async throws {
    let session = try Session(path)
    #expect(await refusal(path) == .inUse(path: path))
    await session.write(Write(id: 1, entries: entries(1...1), hardState: HardState(term: 1)))
    await session.store.close()
    #expect(await refusal(path) == nil)
  }

  @Test("a folder that another process has open")
  func openElsewhere() async throws {
    let session = try Session(path)
    await #expect(processExitsWith: .success) { [path = path as String] in
      #expect(await refusal(path) == .inUse(path: path))
    }
    await session.write(Write(id: 1, entries: entries(1...1), hardState: HardState(term: 1)))
    await session.store.close()
  }

  @Test("a folder in which it may not write")
  func readOnly() async throws {
    chmod(path, 0o555)
    defer { chmod(path, 0o755) }
    await #expect(processExitsWith: .success) { [path = path as String] in
      // The superuser may write everywhere, so become nobody.
      if getuid() == 0 { try #require(setuid(65534) == 0) }
      guard case .unusable(_, let reason) = await refusal(path) else {
        Issue.record("a folder without write permission was taken")
        return
      }
      #expect(reason.contains("Permission denied"))
    }
  }

  @Test("every refusal's text names the file and says what to do")
  func texts() {
    let refusals: [(LogStoreError, String)] = [
      (.folderMissing(folder: "/data"), "create it"),
      (.unusable(file: "/data/x", reason: "no right"), "may read and write"),
      (.inUse(path: "/data"), "stop that one"),
      (.notALog(file: "/data/x"), "name another data folder"),
      (.foreignCluster(file: "/data/x", found: "a", expected: "b"), "correct the configuration"),
      (.foreignNode(file: "/data/x", found: NodeID(1), expected: NodeID(2)), "correct the configuration"),
      (.newerFormat(file: "/data/x", found: 2, supported: 1), "upgrade"),
      (.damaged(file: "/data/x", .entry(7, reason: "it is missing")), "join again"),
      (.diskFull(file: "/data/x"), "make room"),
      (.ioFailed(file: "/data/x", reason: "I/O error"), "check the disk"),
    ]
    for (refusal, remedy) in refusals {
      #expect(refusal.description.contains("/data"))
      #expect(refusal.description.contains(remedy))
    }
    #expect(refusals[7].0.description.contains("entry 7: it is missing"))
  }
}
