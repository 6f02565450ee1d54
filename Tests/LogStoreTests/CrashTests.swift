import CSQLite
import Foundation
import Glibc
import LogStore
import Raft
import Synchronization
import Testing

/// Processes that end, and disks that fail, in the middle of writing. Each happens in a process of its own.
@Suite("A crash", .timeLimit(.minutes(2)))
struct CrashTests {
  let folder: TemporaryFolder
  var path: String { folder.path }

  init() throws {
    folder = try TemporaryFolder()
  }

  @Test("SIGKILL at any moment loses no acknowledged write", arguments: 1...8)
  func kill(round: Int) async throws {
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, round = round as Int] in
      try await appendUntilKilled(path, afterMilliseconds: round * round * 4)
    }
    let acknowledged = try acknowledgedIndex(path)
    let restored = try await reopened(path)
    #expect(acknowledged > 0)
    #expect(restored.snapshot.position.index <= acknowledged)
    let last = restored.entries.last?.index ?? restored.snapshot.position.index
    #expect(last >= acknowledged)
    for entry in restored.entries { #expect(entry == LogStoreTests.appended(entry.index)) }
  }

  @Test("SIGKILL while the store is being made leaves a folder that can be opened", arguments: 0..<24)
  func killedCreation(round: Int) async throws {
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, round = round as Int] in
      failWrites(after: round) { Glibc.kill(getpid(), SIGKILL) }
      let session = try Session(path)
      for id in 1...100 as ClosedRange<WriteID> { await session.write(Write(id: id)) }
    }
    #expect(try await reopened(path) == newLog)
  }

  @Test("after a failed write nothing more is written, and what was acknowledged stays")
  func failedWrite() async throws {
    await #expect(processExitsWith: .success) { [path = path as String] in
      let session = try Session(path)
      #expect(
        await session.write(Write(id: 1, entries: entries(1...5), hardState: HardState(term: 1)))
          == .stored(through: 1))
      failWrites(after: 1) { errno = EIO }
      let outcome = await session.write(Write(id: 2, entries: entries(6...9)))
      guard case .failed(from: 2, let reason) = outcome else {
        Issue.record("a failed write was reported as \(String(describing: outcome))")
        return
      }
      #expect(reason.contains("disk I/O error"))
      succeedAgain()
      session.store.submit(Write(id: 3, entries: entries(6...9)))
      await session.store.close()
      #expect(session.store.statistics.transactions == 1)
    }
    #expect(try await reopened(path).entries == entries(1...5))
  }

  @Test("a full disk is named, in a running store and at the start")
  func fullDisk() async throws {
    await #expect(processExitsWith: .success) { [path = path as String] in
      let session = try Session(path)
      failWrites(after: 0) { errno = ENOSPC }
      let outcome = await session.write(Write(id: 1, entries: entries(1...5), hardState: HardState(term: 1)))
      let text = LogStoreError.diskFull(file: path + "/raft.sqlite").description
      #expect(outcome == .failed(from: 1, reason: text))
      await session.store.close()

      let fresh = try TemporaryFolder()
      #expect(await refusal(fresh.path) == .diskFull(file: fresh.path + "/raft.sqlite"))
      succeedAgain()
      #expect(await refusal(fresh.path) == nil)
    }
    #expect(try await reopened(path) == newLog)
  }
}

extension LogStoreTests {
  /// The entry that `appendUntilKilled` writes at an index.
  static func appended(_ index: Index) -> Entry { entry(index, size: Int(index * 37 % 900)) }
}

/// Appends, compacts now and then, and notes in a file what is acknowledged, until a second thread kills the
/// process.
private func appendUntilKilled(_ folder: String, afterMilliseconds delay: Int) async throws {
  let note = open(folder + "/acknowledged-index", O_WRONLY | O_CREAT, 0o600)
  let session = try Session(folder)
  var last: Index = 0
  for id in 1...WriteID.max {
    var write = Write(id: id, hardState: HardState(term: 1, vote: NodeID(1)), commit: last)
    if id.isMultiple(of: 20) {
      write.snapshot = snapshot(last)
      write.compactThrough = last - min(last, 10)
    }
    let count = 1 + id * 7 % 30
    write.entries = (last + 1...last + count).map(LogStoreTests.appended)
    last += count
    try #require(await session.write(write) == .stored(through: id))
    _ = withUnsafeBytes(of: last) { pwrite(note, $0.baseAddress, 8, 0) }
    guard id == 1 else { continue }
    Thread.detachNewThread {
      usleep(UInt32(delay * 1000))
      kill(getpid(), SIGKILL)
    }
  }
}

private func acknowledgedIndex(_ folder: String) throws -> Index {
  let bytes = try #require(FileManager.default.contents(atPath: folder + "/acknowledged-index"))
  return bytes.withUnsafeBytes { $0.loadUnaligned(as: Index.self) }
}

/// How many more of SQLite's writes succeed in this process; beyond them `onWriteFailure` decides.
private let writesLeft = Atomic(Int.max)
private nonisolated(unsafe) var onWriteFailure: @Sendable () -> Void = {}

/// Makes SQLite's writes to files fail in this process, after some that succeed. `failure` sets `errno`.
private func failWrites(after count: Int, _ failure: @escaping @Sendable () -> Void) {
  onWriteFailure = failure
  writesLeft.store(count, ordering: .sequentiallyConsistent)
  typealias PositionedWrite = @convention(c) (CInt, UnsafeRawPointer?, Int, off_t) -> Int
  let replacement: PositionedWrite = { descriptor, bytes, count, offset in
    if writesLeft.wrappingSubtract(1, ordering: .sequentiallyConsistent).newValue >= 0 {
      return pwrite(descriptor, bytes, count, offset)
    }
    onWriteFailure()
    return -1
  }
  let system = sqlite3_vfs_find(nil)
  for name in ["pwrite", "pwrite64"] {
    _ = system?.pointee.xSetSystemCall(system, name, unsafeBitCast(replacement, to: sqlite3_syscall_ptr.self))
  }
}

private func succeedAgain() {
  writesLeft.store(.max, ordering: .sequentiallyConsistent)
}
