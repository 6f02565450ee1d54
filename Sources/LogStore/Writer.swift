import Foundation
import Raft
import Synchronization

/// The thread that writes: takes all waiting writes, makes them durable in one transaction, reports the last
/// one, and looks again. While the disk syncs, the next group gathers.
///
/// It is a thread of its own because a sync blocks for as long as the disk likes, and Swift's cooperative
/// pool has no thread to spare for that. `log` is touched by this thread alone.
final class Writer: @unchecked Sendable {
  let queue = WriteQueue()
  private let counters = Mutex(LogStore.Statistics())
  private let report: @Sendable (LogStore.Completion) -> Void
  private var log: LogFile?

  init(_ log: LogFile, report: @escaping @Sendable (LogStore.Completion) -> Void) {
    self.log = log
    self.report = report
  }

  var statistics: LogStore.Statistics { counters.withLock { $0 } }

  func start() {
    let thread = Thread { self.run() }
    thread.name = "raft-log"
    thread.start()
  }

  private func run() {
    while let writes = queue.takeAll(), let log {
      do {
        try store(writes, in: log)
      } catch {
        stop(error, before: writes[0].id)
        break
      }
      do {
        try checkpoint(log)
      } catch {
        stop(error, before: writes[writes.count - 1].id + 1)
        break
      }
    }
    release()
    queue.finish()
  }

  private func store(_ writes: [Write], in log: LogFile) throws {
    let start = Instant.monotonic()
    let entryBytes = try log.store(writes)
    let duration = Instant.monotonic() - start
    counters.withLock {
      $0.countCommit(writes, entryBytes: entryBytes, took: duration)
    }
    report(.stored(through: writes[writes.count - 1].id))
  }

  private func checkpoint(_ log: LogFile) throws {
    let start = Instant.monotonic()
    guard try log.checkpointIfDue() else { return }
    let duration = Instant.monotonic() - start
    counters.withLock { $0.countCheckpoint(took: duration) }
  }

  /// A failed sync is never tried again: the system may have marked the lost pages as clean, and the second
  /// attempt would succeed without them (<https://lwn.net/Articles/752063>).
  private func stop(_ error: any Error, before id: WriteID) {
    queue.abandon()
    let reason = LogStoreError(error, file: log?.path ?? "").description
    log = nil
    report(.failed(from: id, reason: reason))
  }

  private func release() {
    // Everything acknowledged is durable in the write-ahead log already; the next opening does again what
    // fails here.
    try? log?.tidy()
    log = nil
  }
}

extension Instant {
  /// Now, on the system's monotonic clock.
  static func monotonic() -> Instant {
    Instant(nanoseconds: Int64(DispatchTime.now().uptimeNanoseconds))
  }
}
