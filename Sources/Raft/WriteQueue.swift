import PlantedBugs

/// What is on its way to the disk, and what is known to be on it.
///
/// The changes of one step become one write. Writes are completed in order; a completion counts only for
/// what the log still holds: if the log was cut back in the meantime, the entries removed are no longer
/// durable, even if others stand at their indices (the race of etcd-io/raft's `newStorageAppendRespMsg` and
/// of openraft #1960).
struct WriteQueue: Hashable, Sendable {
  private struct InFlight: Hashable, Sendable {
    let id: WriteID
    let issuedAt: Instant
    /// Where the log ends once this write is durable, as far as it has not been cut back since.
    var last: Index
  }

  private var inFlight: [InFlight] = []
  private var pending = Write(id: 0)
  private var hasPending = false
  private var issued: WriteID = 0
  private var hardStateWrite: WriteID = 0
  private(set) var stored: WriteID = 0
  /// All of the log's entries up to this index are on disk.
  private(set) var durableIndex: Index

  init(durableIndex: Index) { self.durableIndex = durableIndex }

  /// Whether the term and vote in force are on disk. No message leaves before.
  var hardStateIsDurable: Bool { pending.hardState == nil && hardStateWrite <= stored }

  /// When the oldest write that is not durable yet was issued.
  var oldestIssuedAt: Instant? { inFlight.first?.issuedAt }

  mutating func replace(_ hardState: HardState) {
    hasPending = true
    pending.hardState = hardState
  }

  mutating func replace(_ admission: Admission) {
    hasPending = true
    pending.admission = admission
  }

  mutating func append(_ entry: Entry) {
    hasPending = true
    pending.entries.append(entry)
  }

  mutating func append(contentsOf entries: ArraySlice<Entry>) {
    hasPending = true
    pending.entries.append(contentsOf: entries)
  }

  /// The log was cut back before `index`.
  mutating func remove(from index: Index) {
    hasPending = true
    pending.removeFrom = min(pending.removeFrom ?? index, index)
    pending.entries.removeAll { $0.index >= index }
    forget(after: index - 1)
  }

  mutating func save(_ snapshot: Snapshot, compactThrough: Index?) {
    hasPending = true
    pending.snapshot = snapshot
    pending.compactThrough = compactThrough
  }

  /// The whole log was replaced by a snapshot; only what was committed before stays known to be durable.
  mutating func install(_ snapshot: Snapshot, keptThrough commit: Index) {
    save(snapshot, compactThrough: snapshot.position.index)
    pending.entries = []
    pending.removeFrom = snapshot.position.index + 1
    forget(after: commit)
  }

  /// The node halts: what is not written yet never will be.
  mutating func dropPending() {
    pending = Write(id: 0)
    hasPending = false
  }

  /// The changes since the last call as one write; nil if there are none.
  mutating func flush(last: Index, commit: Index, at now: Instant) -> Write? {
    guard hasPending else { return nil }
    issued += 1
    if pending.hardState != nil { hardStateWrite = issued }
    inFlight.append(InFlight(id: issued, issuedAt: now, last: last))
    var write = Write(id: 0)
    swap(&write, &pending)
    hasPending = false
    write.id = issued
    write.commit = commit
    return write
  }

  /// All writes up to `id` are durable. False if that is nothing new, or was never issued.
  mutating func complete(through id: WriteID) -> Bool {
    guard id > stored, id <= issued else { return false }
    stored = id
    var count = 0
    for write in inFlight {
      guard write.id <= id else { break }
      durableIndex = max(durableIndex, write.last)
      count += 1
    }
    inFlight.removeFirst(count)
    return true
  }

  /// Counts writes from the last durable one on, forgets when they were issued, and returns its number.
  mutating func renumber() -> WriteID {
    let base = stored
    issued -= base
    hardStateWrite -= min(hardStateWrite, base)
    inFlight = inFlight.map { InFlight(id: $0.id - base, issuedAt: .origin, last: $0.last) }
    stored = 0
    return base
  }

  private mutating func forget(after index: Index) {
    if planted(.removedStaysDurable) { return }
    durableIndex = min(durableIndex, index)
    for slot in inFlight.indices { inFlight[slot].last = min(inFlight[slot].last, index) }
  }
}
