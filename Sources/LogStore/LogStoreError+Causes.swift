import CSQLite
import Glibc

extension LogStoreError {
  /// What an error met at `file` means to the one who reads it.
  init(_ error: any Error, file: String) {
    switch error {
    case let error as LogStoreError: self = error
    case let failure as SQLiteFailure: self.init(failure, file: file)
    case let failure as SystemFailure: self.init(failure)
    default: self = .ioFailed(file: file, reason: "\(error)")
    }
  }

  private init(_ failure: SQLiteFailure, file: String) {
    switch failure.primaryCode {
    case SQLITE_NOTADB: self = .notALog(file: file)
    case SQLITE_BUSY, SQLITE_LOCKED: self = .inUse(path: file)
    case SQLITE_FULL: self = .diskFull(file: file)
    case SQLITE_CANTOPEN, SQLITE_READONLY, SQLITE_PERM, SQLITE_AUTH:
      self = .unusable(file: file, reason: failure.reason)
    case SQLITE_IOERR where failure.code != SQLite.shortRead:
      self = .ioFailed(file: file, reason: failure.reason)
    case SQLITE_NOMEM, SQLITE_TOOBIG: self = .ioFailed(file: file, reason: failure.reason)
    // A table or column that is missing is as much damage as a page that makes no sense.
    default: self = .damaged(file: file, .structure(failure.reason))
    }
  }

  private init(_ failure: SystemFailure) {
    switch failure.code {
    case ENOSPC, EDQUOT: self = .diskFull(file: failure.path)
    case EACCES, EPERM, EROFS, ENOTDIR, EISDIR:
      self = .unusable(file: failure.path, reason: failure.reason)
    default: self = .ioFailed(file: failure.path, reason: failure.reason)
    }
  }
}

/// Constants that the header defines by expressions, which Swift does not import.
private enum SQLite {
  /// `SQLITE_IOERR_SHORT_READ`: the file ends inside a page.
  static let shortRead: CInt = SQLITE_IOERR | 2 << 8
}
