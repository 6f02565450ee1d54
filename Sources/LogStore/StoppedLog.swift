public import Raft

/// The log of a manager that is stopped, for an operator who has to rewrite it. It is taken like an open store: while
/// it is held no manager starts on it, and none that runs lets go of it.
public final class StoppedLog {
  /// What it holds, every row checked.
  public let restored: Restored
  private let log: LogFile

  /// Takes the log in `folder`. One that is not there is not made.
  ///
  /// - Throws: `LogStoreError`: the manager runs, the log is damaged or another one's, or there is none.
  public init(folder: String, identity: StoreIdentity) throws(LogStoreError) {
    let file = LogFolder(folder).database
    guard File.exists(file) else { throw .noLog(folder: folder) }
    do {
      let opened = try LogFile.open(folder: folder, identity: identity, founding: Membership(voters: []))
      (log, restored) = (opened.log, opened.restored)
    } catch {
      throw LogStoreError(error, file: file)
    }
  }

  /// Makes durable what a recovery added: entries at the end, the term, and who belongs to the cluster.
  public func extend(to recovered: Restored) throws(LogStoreError) {
    precondition(recovered.entries.starts(with: restored.entries), "a recovery only adds to the log")
    let added = recovered.entries.dropFirst(restored.entries.count)
    let write = Write(
      id: 1, entries: Array(added), hardState: recovered.hardState, admission: recovered.admission,
      commit: restored.commit)
    do {
      _ = try log.store([write])
      try log.tidy()
    } catch {
      throw LogStoreError(error, file: log.path)
    }
  }
}
