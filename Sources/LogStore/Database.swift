import CSQLite
import Glibc

/// One connection to a SQLite file through the C interface, as a durable log needs it.
///
/// Not thread-safe: the connection is opened without SQLite's own locks and used by one thread at a time.
final class Database {
  private let handle: OpaquePointer
  /// The frames in the write-ahead log after the latest commit; 0 before the first.
  private(set) var framesInLog = 0

  /// Opens the file, creating an empty one if there is none. Nothing is read before the first statement.
  init(path: String) throws(SQLiteFailure) {
    var opened: OpaquePointer?
    let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
    let code = sqlite3_open_v2(path, &opened, flags, nil)
    // Without a handle there was not even memory for one, and SQLite cannot say more.
    guard let opened else { throw SQLiteFailure(code: code, message: "out of memory") }
    handle = opened
    sqlite3_extended_result_codes(handle, 1)
    guard code == SQLITE_OK else { throw failure(code) }
    try check(tercet_sqlite_keep_log_on_close(handle))
    reportFramesInLog()
  }

  deinit {
    // Statements that are still alive keep the connection until they go ("zombie" connections).
    sqlite3_close_v2(handle)
  }

  /// Has SQLite tell the log's length after each commit. This takes the place of its automatic checkpoints,
  /// whose errors nobody would see.
  private func reportFramesInLog() {
    let context = Unmanaged.passUnretained(self).toOpaque()
    sqlite3_wal_hook(
      handle,
      { context, _, _, frames in
        Unmanaged<Database>.fromOpaque(context!).takeUnretainedValue().framesInLog = Int(frames)
        return SQLITE_OK
      }, context)
  }

  /// Runs statements that return no rows that matter.
  func execute(_ sql: String) throws(SQLiteFailure) {
    try check(sqlite3_exec(handle, sql, nil, nil, nil))
  }

  /// A statement that is kept for repeated use.
  func prepare(_ sql: String) throws(SQLiteFailure) -> Statement {
    var prepared: OpaquePointer?
    try check(sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil))
    // Only an empty text yields no statement.
    return Statement(prepared!, of: self)
  }

  /// The first column of the first row, as a text; nil if there is no row.
  func text(_ sql: String) throws(SQLiteFailure) -> String? {
    let statement = try prepare(sql)
    return try statement.step() ? statement.text(0) : nil
  }

  /// The first column of the first row, as a number; 0 if there is no row.
  func number(_ sql: String) throws(SQLiteFailure) -> Int {
    let statement = try prepare(sql)
    return try statement.step() ? Int(truncatingIfNeeded: statement.number(0)) : 0
  }

  /// Brings the write-ahead log's pages into the main file and syncs that. The next transaction then starts
  /// at the log's beginning, in a file of the old size or, if `truncating`, in an empty one.
  func checkpoint(truncating: Bool = false) throws(SQLiteFailure) {
    let mode = truncating ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE
    try check(sqlite3_wal_checkpoint_v2(handle, nil, mode, nil, nil))
    framesInLog = 0
  }

  fileprivate func check(_ code: CInt) throws(SQLiteFailure) {
    guard code == SQLITE_OK else { throw failure(code) }
  }

  fileprivate func failure(_ code: CInt) -> SQLiteFailure {
    let message = String(cString: sqlite3_errmsg(handle))
    let cause = sqlite3_system_errno(handle)
    let callFailed = [SQLITE_IOERR, SQLITE_CANTOPEN].contains(code & 0xff) && cause != 0
    return SQLiteFailure(
      code: code, message: callFailed ? "\(message): \(String(cString: strerror(cause)))" : message)
  }
}

/// A prepared statement: bind from parameter 1 on, step, read from column 0 on, reset.
final class Statement {
  private let handle: OpaquePointer
  private let database: Database

  fileprivate init(_ handle: OpaquePointer, of database: Database) {
    self.handle = handle
    self.database = database
  }

  deinit { sqlite3_finalize(handle) }

  /// SQLite copies what is bound before the call returns.
  private static let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

  /// SQLite's integers are signed; the bits are kept.
  func bind(_ parameter: Int, _ value: UInt64) {
    sqlite3_bind_int64(handle, CInt(parameter), Int64(bitPattern: value))
  }

  /// Nil is SQL's NULL.
  func bind(_ parameter: Int, _ value: UInt64?) {
    if let value { bind(parameter, value) } else { sqlite3_bind_null(handle, CInt(parameter)) }
  }

  func bind(_ parameter: Int, _ value: UInt32) {
    bind(parameter, UInt64(value))
  }

  func bind(_ parameter: Int, _ value: String) {
    sqlite3_bind_text(handle, CInt(parameter), value, -1, Statement.copied)
  }

  func bind(_ parameter: Int, _ value: [UInt8]) throws(SQLiteFailure) {
    let code = value.withUnsafeBytes {
      sqlite3_bind_blob64(handle, CInt(parameter), $0.baseAddress, UInt64($0.count), Statement.copied)
    }
    try database.check(code)
  }

  /// Moves to the next row; false at the end.
  func step() throws(SQLiteFailure) -> Bool {
    switch sqlite3_step(handle) {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    case let code:
      let failure = database.failure(code)
      sqlite3_reset(handle)
      throw failure
    }
  }

  /// Runs to the end and makes the statement ready for its next use.
  func run() throws(SQLiteFailure) {
    while try step() {}
    reset()
  }

  func reset() {
    sqlite3_reset(handle)
  }

  /// Lets go of what is bound, which may be large.
  func clear() {
    sqlite3_clear_bindings(handle)
  }

  func number(_ column: Int) -> UInt64 {
    UInt64(bitPattern: sqlite3_column_int64(handle, CInt(column)))
  }

  func isNull(_ column: Int) -> Bool {
    sqlite3_column_type(handle, CInt(column)) == SQLITE_NULL
  }

  func text(_ column: Int) -> String {
    sqlite3_column_text(handle, CInt(column)).map { String(cString: $0) } ?? ""
  }

  func bytes(_ column: Int) -> [UInt8] {
    guard let start = sqlite3_column_blob(handle, CInt(column)) else { return [] }
    return Array(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, CInt(column)))))
  }
}

/// SQLite refused or failed.
struct SQLiteFailure: Error {
  /// The extended result code (<https://sqlite.org/rescode.html>).
  let code: CInt
  let message: String

  /// The kind of failure, without its refinement.
  var primaryCode: CInt { code & 0xff }

  /// For example "database or disk is full (SQLite code 13)".
  var reason: String { "\(message) (SQLite code \(code))" }
}
