public import Raft

/// LogStore: the memory of one manager — its term and vote, its log and its snapshot, in the SQLite file
/// `raft.sqlite` of the data folder.
///
/// One thread writes. It gathers all waiting writes into one transaction and syncs it (group commit), so
/// the rate rises with the load while each write waits for one or two syncs. At the opening every row is
/// checked. What an interrupted, never acknowledged transaction left behind is dropped; anything else that
/// does not fit is damage, and refused. Three witnesses tell the two apart:
/// - SQLite's checks of its pages, and a checksum on every row; entries are chained (`LogReader`);
/// - frames of later transactions behind an invalid one in the write-ahead log (`WriteAheadLog`);
/// - the number of the last acknowledged transaction, in a file of its own (`AcknowledgedFile`).
///
/// After a crash of the process no loss of an acknowledged write goes unnoticed. After a power failure the
/// third witness may be some seconds old, and one case remains: the disk lost or damaged the last
/// transaction that it had confirmed. No file can tell that from a transaction that never ended.
public final class LogStore: Sendable {
  /// Drawn when the file was made. A manager whose disk was wiped comes back with others,
  /// so its peers can tell: it has forgotten votes and entries that it once acknowledged.
  public let incarnation: Incarnation
  /// Whether this opening created the file.
  public let isNew: Bool
  private let writer: Writer

  private init(_ opened: OpenedLog, report: @escaping @Sendable (Completion) -> Void) {
    incarnation = opened.incarnation
    isNew = opened.isNew
    writer = Writer(opened.log, report: report)
    writer.start()
  }

  deinit { writer.queue.close() }

  /// Opens the log in `folder`, or creates it there, and reads all of it. Blocks for as long as that takes:
  /// tens of milliseconds for a log of 16 MiB.
  ///
  /// - Parameters:
  ///   - folder: The data folder, which exists. Nothing else may write there; a second opening is refused.
  ///   - identity: Whose log it must be, or will be.
  ///   - founding: The membership with which a new log begins.
  ///   - onCompletion: Called on the writer's thread, in the order of the writes. It must not block.
  /// - Throws: What is wrong, where, and what to do; a log that was there is unchanged then.
  public static func open(
    folder: String, identity: StoreIdentity, founding: Membership,
    onCompletion: @escaping @Sendable (Completion) -> Void
  ) throws(LogStoreError) -> (store: LogStore, restored: Restored) {
    do {
      let opened = try LogFile.open(folder: folder, identity: identity, founding: founding)
      return (LogStore(opened, report: onCompletion), opened.restored)
    } catch {
      throw LogStoreError(error, file: LogFolder(folder).database)
    }
  }

  /// Hands over a write; ids rise from call to call. Never blocks. After a failure, and after `close`, the
  /// write is dropped.
  public func submit(_ write: Write) {
    writer.queue.add(write)
  }

  /// Counters since the opening.
  public var statistics: Statistics { writer.statistics }

  /// Makes durable what was submitted, and returns once the files are closed and free for another opening.
  public func close() async {
    writer.queue.close()
    await writer.queue.untilFinished()
  }
}

extension LogStore {
  /// What became of the writes submitted.
  public enum Completion: Hashable, Sendable {
    /// All writes up to and including this one are durable.
    case stored(through: WriteID)
    /// This write and all later ones are not known to be durable, and nothing more will be written or
    /// reported. The reason says what failed, where, and what to do.
    case failed(from: WriteID, reason: String)
  }
}
