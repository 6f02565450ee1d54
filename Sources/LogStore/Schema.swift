/// The tables, and how a file of an older version becomes one of this.
///
/// The version stands in SQLite's `user_version`, which can be read whatever the tables look like;
/// `application_id` tells a Tercet log from any other SQLite file.
enum Schema {
  /// "Trct".
  static let applicationID = 0x5472_6374

  /// The version that this program writes. Version 0 is an empty file.
  static var version: Int { migrations.count }

  /// The statements at place `n` turn version `n` into version `n + 1`. They are never changed once released.
  private static let migrations = [version1, version2]

  /// Brings the tables from a version to this program's. To be called inside a transaction.
  static func migrate(_ database: Database, from version: Int) throws(SQLiteFailure) {
    for statements in migrations[version...] { try database.execute(statements) }
    try database.execute("PRAGMA user_version = \(Schema.version)")
  }

  /// Every row carries a checksum of its other columns, an entry's also of the entry before it.
  /// `state.number` counts transactions; `base` is the last compacted entry, `last` the last stored one.
  private static let version1 = """
    CREATE TABLE identity (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      cluster TEXT NOT NULL,
      node INTEGER NOT NULL,
      incarnation BLOB NOT NULL,
      created_seconds INTEGER NOT NULL,
      checksum INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE state (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      number INTEGER NOT NULL,
      term INTEGER NOT NULL,
      vote INTEGER,
      commit_index INTEGER NOT NULL,
      base_index INTEGER NOT NULL,
      base_checksum INTEGER NOT NULL,
      last_index INTEGER NOT NULL,
      last_checksum INTEGER NOT NULL,
      checksum INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE snapshot (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      log_index INTEGER NOT NULL,
      term INTEGER NOT NULL,
      membership BLOB NOT NULL,
      state BLOB NOT NULL,
      checksum INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE entries (
      log_index INTEGER PRIMARY KEY,
      term INTEGER NOT NULL,
      payload BLOB NOT NULL,
      checksum INTEGER NOT NULL
    ) STRICT;
    """

  /// Which disks belong to the cluster, as `Admission` encodes it. Without a row this one is not known to.
  private static let version2 = """
    CREATE TABLE admission (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      disks BLOB NOT NULL,
      checksum INTEGER NOT NULL
    ) STRICT;
    """
}
