public import Raft

/// Why a store could not be opened, or stopped. Nothing was changed in a file that is refused.
public enum LogStoreError: Error, Hashable, Sendable {
  /// There is no such folder. It is not created: a folder that is missing may be a disk that is not mounted.
  case folderMissing(folder: String)
  /// The folder holds no log.
  case noLog(folder: String)
  /// The folder or a file in it cannot be read or written.
  case unusable(file: String, reason: String)
  /// Another process has the folder, or the file in it.
  case inUse(path: String)
  /// The file was not made by this program.
  case notALog(file: String)
  /// The file belongs to another cluster.
  case foreignCluster(file: String, found: String, expected: String)
  /// The file belongs to another member of this cluster.
  case foreignNode(file: String, found: NodeID, expected: NodeID)
  /// A newer version of the program wrote the file.
  case newerFormat(file: String, found: Int, supported: Int)
  /// A newer version of the program wrote something that this one does not understand.
  case newerContent(file: String, place: String, reason: String)
  /// The content is not what was once acknowledged.
  case damaged(file: String, Damage)
  /// There is no room on the disk.
  case diskFull(file: String)
  /// Reading, writing or syncing failed.
  case ioFailed(file: String, reason: String)
}

extension LogStoreError {
  /// What is wrong with a file's content.
  public enum Damage: Hashable, Sendable {
    /// The file is missing, although the other files tell that it was there.
    case missing
    /// SQLite's own check of the file's pages and tables fails.
    case structure(String)
    /// A frame in the write-ahead log, counted from 1, is invalid, and later transactions follow; 0 is the
    /// log's header.
    case writeAheadLog(frame: Int)
    /// The only row of a table is missing, does not match its checksum, or contradicts another.
    case record(table: String, reason: String)
    /// An entry is missing, does not match its checksum, or contradicts its neighbours.
    case entry(Index, reason: String)
    /// The file does not match its checksum.
    case checksum
    /// Transactions through number `acknowledged` were reported durable; the log ends at `found`.
    case writesLost(acknowledged: UInt64, found: UInt64)
  }
}

extension LogStoreError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .folderMissing(let folder):
      "the data folder \(folder) does not exist; create it, or mount the disk it lies on"
    case .noLog(let folder):
      "there is no log in \(folder); name the data folder of a manager that took part"
    case .unusable(let file, let reason):
      "\(file) cannot be used: \(reason); it has to be a folder in which this user may read and write"
    case .inUse(let path):
      "\(path) is in use by another process; stop that one first"
    case .notALog(let file):
      "\(file) is not a Raft log of Tercet; name another data folder, or move the file away"
    case .foreignCluster(let file, let found, let expected):
      """
      \(file) belongs to the cluster \(found), but this manager is configured for \(expected); \
      correct the configuration, or name another data folder
      """
    case .foreignNode(let file, let found, let expected):
      """
      \(file) belongs to the manager \(found), but this one is \(expected); two managers must never share \
      a log: correct the configuration, or name another data folder
      """
    case .newerFormat(let file, let found, let supported):
      "\(file) has format \(found), and this version knows up to \(supported); upgrade this manager"
    case .newerContent(let file, let place, let reason):
      "\(file): \(place) cannot be understood: \(reason)"
    case .damaged(let file, let damage):
      """
      \(file) is damaged: \(damage). Entries or votes that this manager acknowledged may be lost, so it must \
      not go on: check the disk, take this manager out of the cluster, move its data folder away and let it \
      join again as a new member
      """
    case .diskFull(let file):
      "the disk that holds \(file) is full; make room and start this manager again"
    case .ioFailed(let file, let reason):
      "\(file): \(reason); check the disk, then start this manager again"
    }
  }
}

extension LogStoreError.Damage: CustomStringConvertible {
  public var description: String {
    switch self {
    case .missing: "it is missing"
    case .structure(let reason): reason
    case .writeAheadLog(let frame): "frame \(frame) is invalid, and synced transactions follow it"
    case .record(let table, let reason): "table \(table): \(reason)"
    case .entry(let index, let reason): "entry \(index): \(reason)"
    case .checksum: "it does not match its checksum"
    case .writesLost(let acknowledged, let found):
      "\(acknowledged) transactions were acknowledged, and it ends after \(found)"
    }
  }
}
