import Manager
import Raft

/// A manager's log store: what is durable, and the writes under way. It keeps the promises of `LogStore`: a write is
/// there whole or not at all, in order, and damage is found when the log is opened.
struct Disk: Sendable {
  private(set) var durable: Restored
  /// Writes that have not ended, oldest first.
  private(set) var waiting: [Write] = []
  var isStalled = false
  var isFull = false
  private(set) var isDamaged = false
  /// Rises when the folder is lost: an incarnation is never taken for an earlier one.
  private(set) var incarnation = 1
  /// When the last write that was begun ends.
  var busyUntil = Instant.origin
  private(set) var begun: UInt64 = 0
  private(set) var truncations = 0

  init(_ founding: Membership) { durable = .fresh(founding) }

  mutating func begin(_ write: Write) {
    waiting.append(write)
    begun += 1
  }

  /// The oldest write is on disk now.
  mutating func completeNext() -> Write? {
    guard !waiting.isEmpty else { return nil }
    let write = waiting.removeFirst()
    apply(write)
    return write
  }

  /// The manager has ended. Of its writes under way the first `kept` had reached the disk.
  mutating func end(keeping kept: Int) {
    for write in waiting.prefix(kept) { apply(write) }
    waiting = []
  }

  mutating func wipe(_ founding: Membership) {
    durable = .fresh(founding)
    waiting = []
    isDamaged = false
    incarnation += 1
  }

  /// What opening the log gives; nil if damage is found.
  func open() -> Restored? { isDamaged ? nil : durable }

  mutating func corrupt() {
    if !durable.entries.isEmpty || !durable.snapshot.state.isEmpty { isDamaged = true }
  }

  private mutating func apply(_ write: Write) {
    if let snapshot = write.snapshot { durable.snapshot = snapshot }
    if let through = write.compactThrough, let first = durable.entries.first, first.index <= through {
      durable.entries.removeFirst(min(durable.entries.count, Int(through - first.index) + 1))
    }
    if let from = write.removeFrom, let first = durable.entries.first {
      let kept = from > first.index ? Int(from - first.index) : 0
      if kept < durable.entries.count {
        durable.entries.removeLast(durable.entries.count - kept)
        truncations += 1
      }
    }
    durable.entries += write.entries
    if let hardState = write.hardState { durable.hardState = hardState }
    durable.commit = max(durable.commit, write.commit)
  }
}
