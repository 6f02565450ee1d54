internal import Cluster
internal import Glibc

/// The folder of one database on this node: where its parts lie, and what of it survives a crash.
package struct DatabaseFolder: Hashable, Sendable {
  package let path: String

  package init(dataFolder: String, database: String) { path = dataFolder + "/" + database }

  /// The server's data, once an initialization or a copy is complete.
  package var data: String { path + "/data" }
  /// A copy being made; only whole copies leave this name.
  package var cloning: String { path + "/cloning" }
  /// A new database being made.
  var initializing: String { path + "/initializing" }
  package var run: String { path + "/run" }
  package var log: String { path + "/log" }
  var tls: String { path + "/tls" }
  private var epochFile: String { path + "/epoch" }
  private var barrierFile: String { path + "/barrier" }

  /// Makes the folder and its parts. The folder itself stays this process's own, so that the server's user
  /// cannot change what the manager remembers there.
  func make(owner: Owner?) throws {
    try Folder.make(path, mode: 0o755, owner: nil)
    for part in [run, log] { try Folder.make(part, mode: 0o755, owner: owner) }
    try Folder.make(tls, mode: 0o700, owner: owner)
  }

  // MARK: The fence

  /// The highest epoch a step was taken under; 0 before the first.
  func epoch() throws -> UInt64 {
    guard access(epochFile, F_OK) == 0 else { return 0 }
    let text = String(decoding: try DurableFile.read(epochFile), as: UTF8.self)
    guard let epoch = UInt64(text.filter { !$0.isNewline }) else {
      throw PostgresError.unreadableData(
        folder: epochFile,
        reason: "it should hold a number; write the database's epoch (tercet status) into it")
    }
    return epoch
  }

  /// Refuses an epoch below one seen before, and remembers a new one before anything is done under it.
  func admit(epoch: UInt64, of database: String) throws {
    let seen = try self.epoch()
    guard epoch >= seen else {
      throw PostgresError.staleEpoch(database: database, epoch: epoch, seen: seen)
    }
    if epoch > seen { try DurableFile.write("\(epoch)\n", to: epochFile) }
  }

  // MARK: The barrier

  /// Remembers that every commit of this server process waits for the standby.
  func record(barrier standby: String, of server: ServerProcess) throws {
    try DurableFile.write(Self.barrier(standby, server), to: barrierFile)
  }

  /// Takes back what was proven, before another name is set: the old one may come again unproven.
  func forgetBarrier() throws { try DurableFile.remove(barrierFile) }

  func hasPassedBarrier(_ standby: String, of server: ServerProcess) -> Bool {
    DurableFile.text(barrierFile) == Self.barrier(standby, server)
  }

  private static func barrier(_ standby: String, _ server: ServerProcess) -> String {
    "\(standby) \(server.pid) \(server.started)\n"
  }

  // MARK: What lies in the data folder

  /// Nothing was ever put there.
  var isEmpty: Bool { Folder.names(in: data).isEmpty }

  var isMarkedAsStandby: Bool { Self.isMarkedAsStandby(data) }

  static func isMarkedAsStandby(_ folder: String) -> Bool { access(folder + "/standby.signal", F_OK) == 0 }

  /// The epoch under which `initialize` made this data; nil when it did not.
  var initializedEpoch: UInt64? {
    DurableFile.text(data + "/tercet.initialized").flatMap { UInt64($0.filter { !$0.isNewline }) }
  }

  /// Takes a finished copy into use; what was there is kept aside. A crash between the two renames leaves the
  /// old data aside and the copy to be made anew.
  func adopt(_ folder: String, epoch: UInt64, timestamp: String) throws {
    if Folder.exists(data) {
      try Folder.move(data, to: path + "/kept-\(epoch)-\(timestamp)")
    }
    try Folder.move(folder, to: data)
  }

  /// At most two former data folders stay: those of former primaries before those of standbys, since only they
  /// can hold what was never replicated.
  func removeOldKept() throws {
    let kept = Folder.names(in: path).filter { $0.hasPrefix("kept-") }.map { path + "/" + $0 }
    let standbys = kept.filter { Self.isMarkedAsStandby($0) }.sorted(by: Self.isOlder)
    let primaries = kept.filter { !Self.isMarkedAsStandby($0) }.sorted(by: Self.isOlder)
    for folder in (standbys + primaries).dropLast(2) { try Folder.remove(folder) }
  }

  /// The server begins a new log each day and at 16 MB; the ten newest stay.
  func removeOldLogs() throws {
    let logs = Folder.names(in: log).filter { $0.hasPrefix("postgres-") }
    for name in logs.dropLast(10) { try DurableFile.remove(log + "/" + name) }
  }

  /// By time, which stands last in the name.
  private static func isOlder(_ left: String, _ right: String) -> Bool {
    func time(_ path: String) -> Substring { path[path.lastIndex(of: "-")!...] }
    return time(left) < time(right)
  }
}

/// The present time for a folder's name, to the millisecond: `20260131T235959.123`.
func timestamp() -> String {
  var now = timespec()
  clock_gettime(CLOCK_REALTIME, &now)
  var parts = tm()
  gmtime_r(&now.tv_sec, &parts)
  func digits(_ number: Int, _ count: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, count - text.count)) + text
  }
  return digits(Int(parts.tm_year) + 1900, 4) + digits(Int(parts.tm_mon) + 1, 2)
    + digits(Int(parts.tm_mday), 2) + "T" + digits(Int(parts.tm_hour), 2) + digits(Int(parts.tm_min), 2)
    + digits(Int(parts.tm_sec), 2) + "." + digits(now.tv_nsec / 1_000_000, 3)
}
