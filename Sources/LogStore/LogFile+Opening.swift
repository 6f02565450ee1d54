import Glibc
import Raft
import WireFormat

/// What an opening found.
struct OpenedLog {
  let log: LogFile
  let restored: Restored
  let incarnation: Incarnation
  /// Whether this opening created the file.
  let isNew: Bool
}

extension LogFile {
  /// Takes the folder, creates the log there or checks the one it finds, and reads it.
  static func open(folder: String, identity: StoreIdentity, founding: Membership) throws -> OpenedLog {
    let files = LogFolder(folder)
    let acknowledged = try takeFolder(files)
    let promise = try promise(acknowledged, files)
    try checkWriteAheadLog(files)
    try keepPrivate(files)
    let database = try connect(files.database)
    // One transaction around it all: a file that is refused stays as it was.
    try database.execute("BEGIN IMMEDIATE")
    let isNew = try prepareTables(database, files, promise, identity, founding)
    let content = try LogReader(database: database, path: files.database).content(of: identity)
    try check(content.state.number, keeps: promise, files)
    try database.execute("COMMIT")
    try settle(database, acknowledged, content.state, files)
    return OpenedLog(
      log: try LogFile(
        path: files.database, database: database, acknowledged: acknowledged, state: content.state,
        snapshotIndex: content.snapshot.position.index),
      restored: content.restored, incarnation: content.owner.incarnation, isNew: isNew)
  }

  private static func takeFolder(_ files: LogFolder) throws -> AcknowledgedFile {
    guard File.exists(files.folder) else { throw LogStoreError.folderMissing(folder: files.folder) }
    if File.exists(files.database), !File.exists(files.acknowledged) {
      throw LogStoreError.damaged(file: files.acknowledged, .missing)
    }
    let acknowledged = try AcknowledgedFile(path: files.acknowledged)
    guard try isLocked(acknowledged) else { throw LogStoreError.inUse(path: files.folder) }
    // The file has to be there before the log is, or the check above would refuse a good log.
    try acknowledged.synchronize()
    try File(path: files.folder, mode: .read).synchronize()
    return acknowledged
  }

  /// Takes the lock, within a second: a child that a former process was just starting when it ended holds the lock,
  /// too, until it runs its own program (`flock(2)`, `fork(2)`).
  private static func isLocked(_ acknowledged: borrowing AcknowledgedFile) throws -> Bool {
    for _ in 0..<100 {
      if try acknowledged.lock() { return true }
      usleep(10_000)
    }
    return false
  }

  /// The number of transactions that the log must hold; nil if none was ever acknowledged.
  private static func promise(
    _ acknowledged: borrowing AcknowledgedFile, _ files: LogFolder
  ) throws -> UInt64? {
    switch try acknowledged.read() {
    case .nothing: return nil
    case .damaged: throw LogStoreError.damaged(file: files.acknowledged, .checksum)
    case .number(let number):
      guard File.exists(files.database) else { throw LogStoreError.damaged(file: files.database, .missing) }
      return number
    }
  }

  private static func checkWriteAheadLog(_ files: LogFolder) throws {
    guard File.exists(files.writeAheadLog) else { return }
    let bytes = try File(path: files.writeAheadLog, mode: .read).contents()
    if let frame = WriteAheadLog.firstDamagedFrame(in: bytes) {
      throw LogStoreError.damaged(file: files.writeAheadLog, .writeAheadLog(frame: frame))
    }
  }

  /// SQLite would let everybody read the log, and so did earlier versions. SQLite's other files take over what the
  /// first one allows.
  private static func keepPrivate(_ files: LogFolder) throws {
    try File(path: files.database, mode: .readWrite).makePrivate()
    if File.exists(files.writeAheadLog) {
      try File(path: files.writeAheadLog, mode: .readWrite).makePrivate()
    }
  }

  private static func connect(_ path: String) throws -> Database {
    let database = try Database(path: path)
    // Exclusive mode keeps SQLite's lock until the end and needs no shared memory for the log's index.
    try database.execute("PRAGMA locking_mode = EXCLUSIVE")
    try database.execute("PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF")
    let isEmpty = try database.number("PRAGMA page_count") == 0
    if isEmpty { try database.execute("PRAGMA application_id = \(Schema.applicationID)") }
    guard try database.number("PRAGMA application_id") == Schema.applicationID else {
      throw LogStoreError.notALog(file: path)
    }
    guard try database.text("PRAGMA journal_mode = WAL") == "wal" else {
      throw LogStoreError.unusable(file: path, reason: "SQLite cannot keep a write-ahead log here")
    }
    // FULL syncs the write-ahead log at each commit; NORMAL would only before a checkpoint.
    try database.execute("PRAGMA synchronous = FULL")
    // Appends touch only the end of the log, and the system's own cache serves the compactions: 2 MiB are enough,
    // and more would stay resident for nothing. The write-ahead log grows with a large snapshot, and is cut to
    // 64 MiB afterwards.
    try database.execute("PRAGMA cache_size = -2048; PRAGMA journal_size_limit = \(64 << 20)")
    return database
  }

  /// Creates the tables or brings them to this program's version. Returns whether they are new.
  private static func prepareTables(
    _ database: Database, _ files: LogFolder, _ promise: UInt64?, _ identity: StoreIdentity,
    _ founding: Membership
  ) throws -> Bool {
    let version = try database.number("PRAGMA user_version")
    guard version <= Schema.version else {
      throw LogStoreError.newerFormat(file: files.database, found: version, supported: Schema.version)
    }
    guard version > 0 || (version == 0 && promise == nil) else {
      throw LogStoreError.damaged(file: files.database, .structure("it has no tables"))
    }
    guard version < Schema.version else { return false }
    try Schema.migrate(database, from: version)
    if version == 0 { try insertFirstRows(database, identity, founding) }
    if version == 1 { try admitOlderLog(database) }
    return version == 0
  }

  /// A log of a program that knew nothing of admissions belongs to the cluster if it has ever taken part.
  private static func admitOlderLog(_ database: Database) throws {
    guard try database.number("SELECT term FROM state") > 0 else { return }
    try LogStatements(database).put(AdmissionRecord(disks: Admission().encoded()))
  }

  private static func insertFirstRows(
    _ database: Database, _ identity: StoreIdentity, _ founding: Membership
  ) throws {
    let owner = IdentityRecord(
      identity: identity,
      incarnation: Incarnation(high: .random(in: 0 ... .max), low: .random(in: 0 ... .max)),
      createdSeconds: UInt64(max(0, time(nil))))
    let insert = try database.prepare("INSERT INTO identity VALUES (1, ?1, ?2, ?3, ?4, ?5)")
    insert.bind(1, identity.cluster)
    insert.bind(2, identity.node.rawValue)
    try insert.bind(3, owner.incarnation.bytes)
    insert.bind(4, owner.createdSeconds)
    insert.bind(5, owner.checksum)
    try insert.run()
    let start = ChainLink(startingAfter: 0)
    let statements = try LogStatements(database)
    try statements.put(StateRecord(number: 1, hardState: HardState(), commit: 0, base: start, last: start))
    try statements.put(SnapshotRecord(Restored.fresh(founding).snapshot))
  }

  private static func check(_ number: UInt64, keeps promise: UInt64?, _ files: LogFolder) throws {
    if let promise, number < promise {
      throw LogStoreError.damaged(file: files.database, .writesLost(acknowledged: promise, found: number))
    }
    // The creation, number 1, is recorded before any write is taken.
    if promise == nil, number > 1 { throw LogStoreError.damaged(file: files.acknowledged, .checksum) }
  }

  /// Makes durable what was read, before anyone relies on it. The process before this one may have ended
  /// because a sync failed: then the system's cache holds pages that the disk does not, marked as clean, and
  /// only writing them once more brings them there (<https://lwn.net/Articles/752063>).
  private static func settle(
    _ database: Database, _ acknowledged: borrowing AcknowledgedFile, _ state: StateRecord, _ files: LogFolder
  ) throws {
    try database.checkpoint(truncating: true)
    try acknowledged.record(state.number)
    try acknowledged.synchronize()
    try File(path: files.folder, mode: .read).synchronize()
  }
}

/// The files of a store.
struct LogFolder {
  let folder: String

  init(_ folder: String) { self.folder = folder }

  var database: String { folder + "/raft.sqlite" }
  var writeAheadLog: String { folder + "/raft.sqlite-wal" }
  var acknowledged: String { folder + "/raft.acknowledged" }
}
