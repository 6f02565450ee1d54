import Raft

/// The statements that change a log, prepared once.
struct LogStatements {
  let begin: Statement
  let commit: Statement
  private let putState: Statement
  private let putSnapshot: Statement
  private let putAdmission: Statement
  private let insertEntry: Statement
  private let removeFrom: Statement
  private let removeThrough: Statement
  private let selectChecksum: Statement

  init(_ database: Database) throws(SQLiteFailure) {
    begin = try database.prepare("BEGIN IMMEDIATE")
    commit = try database.prepare("COMMIT")
    putState = try database.prepare("REPLACE INTO state VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")
    putSnapshot = try database.prepare("REPLACE INTO snapshot VALUES (1, ?1, ?2, ?3, ?4, ?5)")
    putAdmission = try database.prepare("REPLACE INTO admission VALUES (1, ?1, ?2)")
    insertEntry = try database.prepare("INSERT INTO entries VALUES (?1, ?2, ?3, ?4)")
    removeFrom = try database.prepare("DELETE FROM entries WHERE log_index >= ?1")
    removeThrough = try database.prepare("DELETE FROM entries WHERE log_index <= ?1")
    selectChecksum = try database.prepare("SELECT checksum FROM entries WHERE log_index = ?1")
  }

  func put(_ state: StateRecord) throws(SQLiteFailure) {
    putState.bind(1, state.number)
    putState.bind(2, state.hardState.term)
    putState.bind(3, state.hardState.vote?.rawValue)
    putState.bind(4, state.commit)
    putState.bind(5, state.base.index)
    putState.bind(6, state.base.checksum)
    putState.bind(7, state.last.index)
    putState.bind(8, state.last.checksum)
    putState.bind(9, state.checksum)
    try putState.run()
  }

  func put(_ snapshot: SnapshotRecord) throws(SQLiteFailure) {
    putSnapshot.bind(1, snapshot.position.index)
    putSnapshot.bind(2, snapshot.position.term)
    try putSnapshot.bind(3, snapshot.membership)
    try putSnapshot.bind(4, snapshot.state)
    putSnapshot.bind(5, snapshot.checksum)
    try putSnapshot.run()
    putSnapshot.clear()
  }

  func put(_ admission: AdmissionRecord) throws(SQLiteFailure) {
    try putAdmission.bind(1, admission.disks)
    putAdmission.bind(2, admission.checksum)
    try putAdmission.run()
    putAdmission.clear()
  }

  func insert(_ link: ChainLink, term: Term, payload: [UInt8]) throws(SQLiteFailure) {
    insertEntry.bind(1, link.index)
    insertEntry.bind(2, term)
    try insertEntry.bind(3, payload)
    insertEntry.bind(4, link.checksum)
    try insertEntry.run()
  }

  func removeEntries(from index: Index) throws(SQLiteFailure) {
    removeFrom.bind(1, index)
    try removeFrom.run()
  }

  func removeEntries(through index: Index) throws(SQLiteFailure) {
    removeThrough.bind(1, index)
    try removeThrough.run()
  }

  /// The checksum of a stored entry.
  func checksum(at index: Index) throws(SQLiteFailure) -> UInt32 {
    selectChecksum.bind(1, index)
    defer { selectChecksum.reset() }
    let found = try selectChecksum.step()
    precondition(found, "entry \(index) is stored: the log is consecutive between base and last")
    return UInt32(truncatingIfNeeded: selectChecksum.number(0))
  }
}
