package import Glibc

/// A running postmaster, known by the `postmaster.pid` of its data folder.
package struct ServerProcess: Hashable, Sendable {
  package var pid: pid_t
  /// Seconds since 1970 by the server's clock: tells two servers of one pid apart.
  var started: String
  var port: String
  var socketFolder: String
  /// `starting`, `stopping`, `ready`, `standby` (recovering, no connections yet); empty while it comes up.
  package var status: String

  /// The postmaster of a data folder; nil when none runs. The pid in the file may long belong to another
  /// process: only one that works in this very folder is taken.
  package static func running(in dataFolder: String) -> ServerProcess? {
    guard let text = DurableFile.text(dataFolder + "/postmaster.pid") else { return nil }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    guard let pid = lines.first.flatMap({ pid_t($0) }), pid > 1, works(pid, in: dataFolder) else {
      return nil
    }
    func line(_ index: Int) -> String {
      index < lines.count ? String(lines[index].trimmingSuffix(while: { $0 == " " })) : ""
    }
    return ServerProcess(
      pid: pid, started: line(2), port: line(3), socketFolder: line(4), status: line(7))
  }

  /// All processes of PostgreSQL whose working folder is this one: a postmaster, its children, or those that outlived
  /// it. Somebody's shell may stand there, too.
  package static func all(in folder: String) -> [pid_t] {
    Folder.names(in: "/proc").compactMap { pid_t($0) }.filter { works($0, in: folder) && isPostgres($0) }
  }

  /// By the name of its program: `postgres`, `initdb`, `pg_basebackup`, `pg_ctl` and their like.
  private static func isPostgres(_ pid: pid_t) -> Bool {
    guard let name = DurableFile.text("/proc/\(pid)/comm") else { return false }
    return ["postgres", "initdb", "pg_"].contains { name.hasPrefix($0) }
  }

  /// Ends all processes of a folder at once and waits until the kernel has removed them: a matter of
  /// milliseconds, which blocks and is not given up when the step is.
  package static func kill(allIn folder: String) throws {
    let deadline = ContinuousClock.now + .seconds(10)
    while true {
      let left = all(in: folder)
      if left.isEmpty { return }
      guard ContinuousClock.now < deadline else {
        throw PostgresError.timeout(
          "processes \(left) of \(folder) do not end on SIGKILL: they wait for the disk; look at it or restart the machine"
        )
      }
      for pid in left { Glibc.kill(pid, SIGKILL) }
      usleep(5_000)
    }
  }

  /// Whether it still lives, in this very folder.
  func works(in folder: String) -> Bool { Self.works(pid, in: folder) }

  func signal(_ number: Int32) { Glibc.kill(pid, number) }

  /// A zombie has no working folder, so a process that only waits to be reaped does not count.
  private static func works(_ pid: pid_t, in folder: String) -> Bool {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
      let count = readlink("/proc/\(pid)/cwd", buffer.baseAddress!, buffer.count)
      guard count > 0 else { return false }
      return String(decoding: UnsafeRawBufferPointer(buffer).prefix(count), as: UTF8.self) == folder
    }
  }
}

extension String {
  fileprivate func trimmingSuffix(while predicate: (Character) -> Bool) -> Substring {
    var end = endIndex
    while end > startIndex, predicate(self[index(before: end)]) { end = index(before: end) }
    return self[..<end]
  }
}
