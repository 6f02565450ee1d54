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
  /// Another one when the folder is lost.
  private(set) var incarnation: Incarnation
  /// Whether an earlier disk of this machine belonged to the cluster, and this one does not, or not any more.
  private(set) var isStranger = false
  /// When the last write that was begun ends.
  var busyUntil = Instant.origin
  private(set) var begun: UInt64 = 0
  private(set) var truncations = 0

  /// A new disk of the machine at this place.
  init(_ founding: Membership, machine: Int) {
    durable = .fresh(founding, admission: nil)
    incarnation = Incarnation(high: UInt64(machine + 1), low: 1)
  }

  /// Writes under way that hold a vote.
  var waitingVotes: Int { waiting.count { $0.hardState?.vote != nil && $0.hardState != durable.hardState } }

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
    isStranger = isStranger || durable.admission != nil
    durable = .fresh(founding, admission: nil)
    waiting = []
    isDamaged = false
    incarnation = incarnation.next
  }

  /// A disk for a new manager.
  mutating func replace(_ founding: Membership) {
    wipe(founding)
    isStranger = false
  }

  /// An operator rewrites the log.
  mutating func rewrite(_ log: Restored) { durable = log }

  /// The cluster has gone on without this disk.
  mutating func giveUp() { isStranger = true }

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
    if let admission = write.admission { durable.admission = admission }
    durable.commit = max(durable.commit, write.commit)
  }
}

extension Incarnation {
  /// That of the next disk in the same machine.
  fileprivate var next: Incarnation {
    let parts = [bytes.prefix(8), bytes.suffix(8)].map { $0.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
    return Incarnation(high: parts[0], low: parts[1] + 1)
  }
}
