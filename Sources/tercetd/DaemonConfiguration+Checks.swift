import ClusterAuthority
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

  /// The others dial what `managers` says.
  func checkPorts(_ root: Section) {
    guard let own = managers.firstIndex(where: { $0.id == id }), peers.port > 0 else { return }
    let named = managers[own].peers
    // At another address it may be a forwarded port.
    guard named != peers.port, peers.host == managers[own].address else { return }
    root.sections("managers")[own].complain(
      "peers",
      "managers[\(own)].peers is \(named), but this manager listens for the others at port \(peers.port) "
        + "(listen.peers): give both the same, at all managers")
  }

  /// Certificate, key and authority belong together.
  func checkCredentials(_ root: Section) {
    let parts = [credentials.authorityPEM, credentials.certificatePEM, credentials.keyPEM]
    // Of what is missing or no manager's it has been said already.
    guard parts.allSatisfy({ !$0.isEmpty }), (try? credentials.identity) != nil,
      let section = root.section("certificates"), let misfit = credentials.misfit()
    else { return }
    complain(
      section, of: misfit.part, "\(misfit.reason); copy the manager's folder that `tercet bootstrap` made")
  }

  /// Only when asked: at a start the machine's clock may not have been set yet.
  func checkExpiry(_ root: Section) {
    guard let section = root.section("certificates"), let expiry = credentials.expiry() else { return }
    let remedy =
      switch expiry.part {
      case .authority:
        "set the clock if it is wrong; an authority has to be made anew, with all its certificates"
      case .certificate, .key:
        "set the clock if it is wrong, or replace the manager: `tercet manager replace`"
      }
    complain(section, of: expiry.part, "\(expiry.reason); \(remedy)")
  }

  private func complain(_ section: Section, of part: Credentials.Part, _ reason: String) {
    let (key, file) =
      switch part {
      case .authority: ("authority", certificateFiles.authority)
      case .certificate: ("certificate", certificateFiles.certificate)
      case .key: ("key", certificateFiles.key)
      }
    section.complain(key, "certificates.\(key): \(file): \(reason)")
  }

  /// The manager's folder is its own: the user of the database servers could not pass through it.
  func checkServersFolder(_ root: Section) {
    guard let postgres, let section = root.section("postgres") else { return }
    let own = URL(fileURLWithPath: dataFolder).standardizedFileURL.path
    let servers = URL(fileURLWithPath: postgres.dataFolder).standardizedFileURL.path
    guard servers == own || servers.hasPrefix(own + "/") else { return }
    section.complain(
      "dataFolder",
      "postgres.dataFolder must not lie in \(own), which only tercetd may enter: name another, such as "
        + "\(own)-postgres")
  }

  /// The folders that the data folders lie in. Only when asked: at a start the disk may be on its way, and then to try
  /// again is right.
  func checkSurroundings(_ root: Section) {
    checkFolder(dataFolder, "dataFolder", root)
    if let postgres, let section = root.section("postgres") {
      checkFolder(postgres.dataFolder, "postgres.dataFolder", section)
    }
  }

  /// It is made at the first start, but not the folder around it: that may be missing because the disk that it lies on
  /// is not mounted.
  private func checkFolder(_ path: String, _ name: String, _ section: Section) {
    let parent = URL(fileURLWithPath: path).deletingLastPathComponent().path
    guard !Self.isFolder(parent), !FileManager.default.fileExists(atPath: path) else { return }
    section.complain(
      "dataFolder",
      "\(name): there is no folder \(parent) to make \(path) in; make it, or mount the disk that it lies on")
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
    if getpwnam(postgres.user) == nil {
      section.complain(
        "user",
        "postgres.user: there is no user \(postgres.user) on this machine; install Postgres 15, which makes postgres, "
          + "or name another")
    }
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

  private static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
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
