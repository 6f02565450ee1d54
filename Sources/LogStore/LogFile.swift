import Raft
import WireFormat

/// The open log: applies writes in durable transactions. Used by one thread at a time.
///
/// After an error it must not be used again, since what is on disk is then unknown until the next opening.
final class LogFile {
  let path: String
  private let database: Database
  private let acknowledged: AcknowledgedFile
  private let statements: LogStatements
  private var state: StateRecord
  private var snapshotIndex: Index

  /// The write-ahead log's length, in frames of one page each, from which on it is brought into the main
  /// file. SQLite's own default; a log that only grows is slower, since it cannot reuse its disk space.
  private static let checkpointFrames = 1000

  init(
    path: String, database: Database, acknowledged: consuming AcknowledgedFile, state: StateRecord,
    snapshotIndex: Index
  ) throws(SQLiteFailure) {
    self.path = path
    self.database = database
    self.acknowledged = acknowledged
    self.state = state
    self.snapshotIndex = snapshotIndex
    statements = try LogStatements(database)
  }

  /// Makes the writes durable, all or none, and records that they are. Returns the bytes of their entries'
  /// payloads.
  func store(_ writes: [Write]) throws -> Int {
    try statements.begin.run()
    var entryBytes = 0
    for write in writes { entryBytes += try apply(write) }
    state.number += 1
    try statements.put(state)
    try statements.commit.run()
    try acknowledged.record(state.number)
    return entryBytes
  }

  /// Empties the write-ahead log into the main file if it has grown long. Returns whether it had.
  func checkpointIfDue() throws(SQLiteFailure) -> Bool {
    guard database.framesInLog >= LogFile.checkpointFrames else { return false }
    try database.checkpoint()
    return true
  }

  /// Leaves the files tidy: everything in the main file, the other two small and synced.
  func tidy() throws {
    try database.checkpoint(truncating: true)
    try acknowledged.synchronize()
  }

  private func apply(_ write: Write) throws(SQLiteFailure) -> Int {
    if let snapshot = write.snapshot { try replaceSnapshot(snapshot) }
    if let index = write.removeFrom { try removeEntries(from: index) }
    if let index = write.compactThrough { try compact(through: index) }
    // A leader's snapshot that reaches beyond the log: no entry kept could join what follows it.
    if snapshotIndex > state.last.index { try compact(through: snapshotIndex) }
    var entryBytes = 0
    for entry in write.entries { entryBytes += try append(entry) }
    if let hardState = write.hardState { state.hardState = hardState }
    if let admission = write.admission { try statements.put(AdmissionRecord(disks: admission.encoded())) }
    state.commit = max(state.commit, write.commit)
    return entryBytes
  }

  private func replaceSnapshot(_ snapshot: Snapshot) throws(SQLiteFailure) {
    try statements.put(SnapshotRecord(snapshot))
    snapshotIndex = snapshot.position.index
  }

  private func removeEntries(from index: Index) throws(SQLiteFailure) {
    precondition(index > state.base.index, "entry \(index) is compacted and can no longer conflict")
    guard index <= state.last.index else { return }
    state.last = try link(at: index - 1)
    try statements.removeEntries(from: index)
  }

  private func compact(through index: Index) throws(SQLiteFailure) {
    precondition(index <= snapshotIndex, "entry \(index) is not covered by the snapshot at \(snapshotIndex)")
    guard index > state.base.index else { return }
    if index <= state.last.index {
      state.base = try link(at: index)
    } else {
      state.base = ChainLink(startingAfter: index)
      state.last = state.base
    }
    try statements.removeEntries(through: index)
  }

  private func append(_ entry: Entry) throws(SQLiteFailure) -> Int {
    precondition(entry.index == state.last.index + 1, "entry \(entry.index) follows \(state.last.index)")
    let payload = entry.payload.encoded()
    state.last = state.last.next(term: entry.term, payload: payload)
    try statements.insert(state.last, term: entry.term, payload: payload)
    return payload.count
  }

  /// The checksums' chain as it stood after the entry at `index`, which is stored or the compacted one.
  private func link(at index: Index) throws(SQLiteFailure) -> ChainLink {
    if index == state.base.index { return state.base }
    if index == state.last.index { return state.last }
    return ChainLink(index: index, checksum: try statements.checksum(at: index))
  }
}
