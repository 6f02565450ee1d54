import Foundation

// What is checked of a configuration as a whole, and on the machine it is for.

extension DaemonConfiguration {
  /// Each listener needs an address and port of its own. One that listens everywhere takes its port from all addresses.
  func checkListeners(_ section: Section) {
    let listeners = [("operators", operators), ("peers", peers), ("door", door)]
    for (place, (key, listener)) in listeners.enumerated() where listener.port > 0 {
      guard let other = listeners[..<place].first(where: { $0.1.overlaps(listener) }) else { continue }
      // The second one in the file, where a default stands for the other.
      let second = section.has(key) ? key : other.0
      section.complain(
        second,
        "listen.\(key) has the port \(listener.port) of listen.\(other.0); give each an address and port of its own"
      )
    }
  }

  /// The manager's folder is its own: the user of the database servers could not pass through it.
  func checkFolders(_ root: Section) {
    guard let postgres, let section = root.section("postgres") else { return }
    let own = URL(fileURLWithPath: dataFolder).standardizedFileURL.path
    let servers = URL(fileURLWithPath: postgres.dataFolder).standardizedFileURL.path
    guard servers == own || servers.hasPrefix(own + "/") else { return }
    section.complain(
      "dataFolder",
      "postgres.dataFolder must not lie in \(own), which only tercetd may enter: name another, such as "
        + "\(own)-postgres")
  }

  /// Programs and secrets that are not there will not come by themselves, as sockets do when their server starts.
  func checkTools(_ root: Section) {
    checkPostgres(root)
    if let varnish, let section = root.section("varnish"), section.has("secret"),
      !FileManager.default.isReadableFile(atPath: varnish.secret)
    {
      section.complain(
        "secret",
        "varnish.secret: \(varnish.secret) cannot be read; name the file that varnishd was given with -S")
    }
    if haproxy != nil, !Self.searchPath.contains(where: { Self.isProgram("\($0)/haproxy") }) {
      root.complain(
        "haproxy",
        "haproxy: the program is not on the search path; install it (on Debian: apt install haproxy)")
    }
  }

  private func checkPostgres(_ root: Section) {
    guard let postgres, let section = root.section("postgres") else { return }
    let tools = ["postgres", "initdb", "pg_ctl", "pg_basebackup", "pg_rewind", "pg_controldata"]
    guard let missing = tools.first(where: { !Self.isProgram("\(postgres.binaries)/\($0)") }) else { return }
    section.complain(
      "binaries",
      "postgres.binaries: there is no program \(missing) in \(postgres.binaries); install Postgres 15 (on Debian: "
        + "apt install postgresql-15) or name the folder of its programs")
  }

  /// With the folder of servers, which the daemon's path has, and a person's may not.
  private static var searchPath: [Substring] {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":") + ["/usr/sbin"]
  }

  private static func isProgram(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
      && FileManager.default.isExecutableFile(atPath: path)
  }
}

extension DaemonConfiguration.Listener {
  fileprivate func overlaps(_ other: Self) -> Bool {
    let everywhere = ["0.0.0.0", "::"]
    return port == other.port
      && (host == other.host || everywhere.contains(host) || everywhere.contains(other.host))
  }
}
