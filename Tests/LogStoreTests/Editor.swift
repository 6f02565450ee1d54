import CSQLite
import Foundation

/// Changes a closed store's file as nobody should.
func edit(_ folder: String, _ sql: String) throws {
  var handle: OpaquePointer?
  defer { sqlite3_close(handle) }
  guard sqlite3_open(folder + "/raft.sqlite", &handle) == SQLITE_OK,
    sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK
  else { throw EditFailure(message: String(cString: sqlite3_errmsg(handle))) }
}

struct EditFailure: Error {
  var message: String
}
