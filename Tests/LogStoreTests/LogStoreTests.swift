import Dispatch
import Foundation
import LogStore
import Raft
import Testing

@Suite("A log store", .timeLimit(.minutes(1)))
struct LogStoreTests {
  let folder: TemporaryFolder
  var path: String { folder.path }

  init() throws {
    folder = try TemporaryFolder()
  }

  @Test("a new store is empty, and keeps the membership it was founded with")
  func founding() async throws {
    let session = try Session(path)
    #expect(session.store.isNew)
    #expect(session.restored == newLog)
    await session.store.close()

    let again = try Session(path)
    #expect(!again.store.isNew)
    #expect(again.restored == newLog)
    await again.store.close()
  }

  @Test("nobody but its owner can read a file of the log, which holds the databases' passwords")
  func permissions() async throws {
    let session = try Session(path)
    await session.write(Write(id: 1, entries: entries(1...3), hardState: HardState(term: 1)))
    let names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    #expect(names == ["raft.acknowledged", "raft.sqlite", "raft.sqlite-wal"])
    func modes() throws -> [Int?] {
      try names.map { name in
        let attributes = try FileManager.default.attributesOfItem(atPath: path + "/" + name)
        return attributes[.posixPermissions] as? Int
      }
    }
    #expect(try modes() == [0o600, 0o600, 0o600])
    await session.store.close()

    // As an earlier version left it.
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path + "/raft.sqlite")
    let again = try Session(path)
    await again.write(Write(id: 1, entries: entries(4...5)))
    #expect(try modes() == [0o600, 0o600, 0o600])
    await again.store.close()
  }

  @Test("what was reported durable is there at the next opening")
  func durability() async throws {
    let joint = Membership(voters: [NodeID(1), NodeID(4)], outgoing: [NodeID(1)], learners: [NodeID(9)])
    let log = [
      Entry(position: Position(index: 1, term: 3), payload: .empty),
      Entry(position: Position(index: 2, term: 3), payload: .command([0, 255, 1])),
      Entry(position: Position(index: 3, term: 4), payload: .membership(joint)),
      Entry(position: Position(index: 4, term: 4), payload: .command([])),
    ]
    let session = try Session(path)
    await session.write(
      Write(id: 1, entries: Array(log[..<2]), hardState: HardState(term: 3, vote: NodeID(2))),
      Write(id: 2, entries: Array(log[2...]), hardState: HardState(term: 5), commit: 3))
    await session.store.close()

    let restored = try await reopened(path)
    #expect(restored.entries == log)
    #expect(restored.hardState == HardState(term: 5))
    #expect(restored.commit == 3)
  }

  @Test("entries that conflict with the leader's are replaced")
  func conflict() async throws {
    let session = try Session(path)
    await session.write(
      Write(id: 1, entries: entries(1...9), hardState: HardState(term: 2)),
      Write(id: 2, removeFrom: 4, entries: entries(4...5, 2)))
    await session.store.close()
    #expect(try await reopened(path).entries == entries(1...3) + entries(4...5, 2))
  }

  @Test("a snapshot and the compaction of the log behind it are one step")
  func compaction() async throws {
    let session = try Session(path)
    await session.write(
      Write(id: 1, entries: entries(1...20), hardState: HardState(term: 1)),
      Write(id: 2, snapshot: snapshot(15), compactThrough: 10, commit: 15))
    await session.store.close()

    let restored = try await reopened(path)
    #expect(restored.snapshot == snapshot(15))
    #expect(restored.entries == entries(11...20))
    #expect(restored.commit == 15)
  }

  @Test("a leader's snapshot beyond the end of the log takes the log's place")
  func snapshotBeyondLog() async throws {
    let session = try Session(path)
    await session.write(
      Write(id: 1, entries: entries(1...5), hardState: HardState(term: 7)),
      Write(id: 2, snapshot: snapshot(100, 7), entries: entries(101...102, 7)))
    await session.store.close()

    let restored = try await reopened(path)
    #expect(restored.snapshot == snapshot(100, 7))
    #expect(restored.entries == entries(101...102, 7))
    #expect(restored.commit == 100)
  }

  @Test("a leader's snapshot inside a log that conflicts with it takes the log's place")
  func snapshotOntoConflict() async throws {
    let session = try Session(path)
    await session.write(
      Write(id: 1, entries: entries(1...50), hardState: HardState(term: 2)),
      Write(id: 2, snapshot: snapshot(30, 2), compactThrough: 30, removeFrom: 20),
      Write(id: 3, entries: entries(31...31, 2)))
    await session.store.close()

    let restored = try await reopened(path)
    #expect(restored.snapshot == snapshot(30, 2))
    #expect(restored.entries == entries(31...31, 2))
  }

  @Test("a log can be emptied to its first entry and grow again")
  func removeAll() async throws {
    let session = try Session(path)
    await session.write(
      Write(id: 1, entries: entries(1...3), hardState: HardState(term: 2)),
      Write(id: 2, removeFrom: 1), Write(id: 3, entries: entries(1...1, 2)))
    await session.store.close()
    #expect(try await reopened(path).entries == entries(1...1, 2))
  }

  @Test("a commit hint beyond the end of the log is taken as its end")
  func commitHint() async throws {
    let session = try Session(path)
    await session.write(
      Write(id: 1, entries: entries(1...3), hardState: HardState(term: 1), commit: 3),
      Write(id: 2, removeFrom: 3), Write(id: 3, commit: 1))
    await session.store.close()
    #expect(try await reopened(path).commit == 2)
  }

  @Test("writes that come while the disk is busy share one transaction")
  func groupCommit() async throws {
    let firstStored = DispatchSemaphore(value: 0)
    let allSubmitted = DispatchSemaphore(value: 0)
    let (completions, continuation) = AsyncStream.makeStream(of: LogStore.Completion.self)
    let (store, _) = try LogStore.open(
      folder: path, identity: StoreIdentity(cluster: cluster, node: NodeID(1)),
      founding: founders
    ) { completion in
      if completion == .stored(through: 1) {
        firstStored.signal()
        allSubmitted.wait()
      }
      continuation.yield(completion)
    }
    store.submit(Write(id: 1, entries: entries(1...1), hardState: HardState(term: 1)))
    firstStored.wait()
    for id in 2...100 as ClosedRange<WriteID> { store.submit(Write(id: id, entries: entries(id...id))) }
    allSubmitted.signal()
    await store.close()
    continuation.finish()

    var reported: [LogStore.Completion] = []
    for await completion in completions { reported.append(completion) }
    #expect(reported == [.stored(through: 1), .stored(through: 100)])
    let statistics = store.statistics
    #expect(statistics.writes == 100)
    #expect(statistics.transactions == 2)
    #expect(statistics.entries == 100)
    #expect(statistics.entryBytes > 100 * 100)
    #expect(statistics.longestCommit >= statistics.lastCommit)
    #expect(statistics.lastCommit > .zero)
  }

  @Test("closing makes durable what was submitted, and later writes are dropped")
  func closing() async throws {
    let session = try Session(path)
    session.store.submit(Write(id: 1, entries: entries(1...10), hardState: HardState(term: 1)))
    await session.store.close()
    session.store.submit(Write(id: 2, entries: entries(11...20)))
    await session.store.close()
    #expect(try await reopened(path).entries == entries(1...10))
  }

  @Test("a store that is let go of frees its folder")
  func abandoning() async throws {
    do { _ = try Session(path) }
    let deadline = ContinuousClock.now + .seconds(60)
    while await refusal(path) != nil, ContinuousClock.now < deadline { await Task.yield() }
    #expect(await refusal(path) == nil)
  }

  @Test("the incarnation stays with the file and differs from any other's")
  func incarnation() async throws {
    let session = try Session(path)
    let first = session.store.incarnation
    await session.store.close()
    let again = try Session(path)
    #expect(again.store.incarnation == first)
    await again.store.close()

    let wiped = try TemporaryFolder()
    let other = try Session(wiped.path)
    #expect(other.store.incarnation != first)
    await other.store.close()
  }

  @Test("a new log belongs to no cluster until it is admitted, and then for ever")
  func admission() async throws {
    var admission = Admission()
    admission[NodeID(2)] = Incarnation(high: 1, low: 2)
    let session = try Session(path)
    #expect(session.restored.admission == nil)
    await session.write(Write(id: 1, admission: admission), Write(id: 2, hardState: HardState(term: 1)))
    await session.store.close()
    #expect(try await reopened(path).admission == admission)
    admission[NodeID(3)] = Incarnation(high: 1, low: 3)
    let again = try Session(path)
    await again.write(Write(id: 1, admission: admission))
    await again.store.close()
    #expect(try await reopened(path).admission == admission)
  }

  @Test("the write-ahead log does not outgrow its bound, and is empty after closing")
  func checkpoints() async throws {
    let session = try Session(path)
    // Each transaction fills at least 15 pages of 4 KiB, all together 3,000.
    for id in 1...200 as ClosedRange<WriteID> {
      await session.write(
        Write(id: id, entries: entries(id * 20 - 19...id * 20, size: 3000), hardState: HardState(term: 1)))
    }
    let writeAheadLog = try #require(FolderImage(of: path).writeAheadLog)
    #expect(writeAheadLog.count < 1100 * 4120)
    await session.store.close()
    #expect(session.store.statistics.longestCheckpoint > .zero)
    #expect(FolderImage(of: path).writeAheadLog == [])
    #expect(try await reopened(path).entries.count == 4000)
  }
}
