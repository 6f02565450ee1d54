import Cluster
import ClusterAuthority
import Control
import Foundation
import Logging
import ManagerAPI
import Raft

/// The daemon's configuration file, read and checked.
struct DaemonConfiguration: Sendable {
  var cluster: String
  var name: String
  var id: NodeID
  /// Whether it joins a cluster that exists.
  var isJoining: Bool
  var zone: String
  var address: String
  var dataFolder: String
  var labels: [Setting]
  var operators: Listener
  var peers: Listener
  var door: Listener
  var allowed: NetworkList
  /// Who may purge at the door; nil for all who may come in.
  var purgers: NetworkList?
  var credentials: Credentials
  var certificateFiles: CertificateFiles
  var managers: [ManagerEntry]
  var docker: Docker?
  var postgres: Postgres?
  var varnish: Varnish?
  /// The secret of Varnish in containers.
  var cacheSecret: String?
  var purge: Purge
  var haproxy: HAProxy?
  var raft: Settings
  var control: ControlSettings
  var logLevel: Logger.Level

  struct Listener: Sendable {
    var host: String
    var port: Int
  }

  struct CertificateFiles: Sendable {
    var authority: String
    var certificate: String
    var key: String
  }

  struct ManagerEntry: Sendable {
    var name: String
    var id: NodeID
    var zone: String
    var address: String
    var peers: Int
    var operators: Int
  }

  struct Docker: Sendable {
    var socket: String
  }

  struct Postgres: Sendable {
    var binaries: String
    var dataFolder: String
    var user: String
  }

  struct Varnish: Sendable {
    var name: String
    var commandLine: Listener
    var secret: String
    var http: Listener
    /// The folder of the instance (`varnishd -n`), if it is not the usual one.
    var work: String?
  }

  struct Purge: Sendable {
    var sites = PurgeSites()
    var maximumStaleness = Duration.seconds(30)
  }

  struct HAProxy: Sendable {
    var configuration: String
    var masterSocket: String
    var adminSocket: String
    var bind: String
  }
}

extension DaemonConfiguration {
  /// Reads a file and the certificates that it names.
  ///
  /// - Parameter isChecked: whether programs and secrets that this machine lacks are mistakes. To a manager that starts
  ///   they are not: it takes part, and says in the status what its node cannot do.
  /// - Throws: every mistake with its line.
  static func read(file: String, isChecked: Bool = false) throws(ConfigurationError) -> DaemonConfiguration {
    guard let data = FileManager.default.contents(atPath: file) else {
      throw ConfigurationError(complaints: [
        "\(file): error: cannot be read; name another file with --configuration"
      ])
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw ConfigurationError(complaints: ["\(file): error: is not text in UTF-8"])
    }
    let folder = URL(fileURLWithPath: file).deletingLastPathComponent().path
    return try parse(text, file: file, folder: folder, isChecked: isChecked)
  }

  static func parse(
    _ text: String, file: String, folder: String, isChecked: Bool
  ) throws(ConfigurationError) -> DaemonConfiguration {
    let (root, complaints) = try Section.root(of: text, file: file)
    root.expect([
      "cluster", "node", "id", "joining", "zone", "address", "dataFolder", "labels", "listen", "certificates",
      "managers",
      "door", "purge", "docker", "postgres", "varnish", "caches", "haproxy", "timings", "log",
    ])
    let listen = root.section("listen")
    listen?.expect(["operators", "peers", "door"])
    let address = root.address("address")
    func listener(_ key: String, _ port: Int) -> Listener {
      guard let listen, listen.has(key) else { return Listener(host: address, port: port) }
      let (host, port) = listen.endpoint(key)
      return Listener(host: host, port: port)
    }
    let files = certificateFiles(root, folder: folder)
    let timings = readTimings(root)
    let networks = networks(root)
    let configuration = DaemonConfiguration(
      cluster: root.text("cluster"), name: readName(root, "node"),
      id: NodeID(UInt64(root.integer("id", in: 1...1_000_000))),
      isJoining: root.choice("joining", [("yes", true), ("no", false)], default: false),
      zone: readName(root, "zone"),
      address: address,
      dataFolder: root.text("dataFolder"), labels: labels(root), operators: listener("operators", 7443),
      peers: listener("peers", 7444), door: listener("door", 7480), allowed: networks.allowed,
      purgers: networks.purgers,
      credentials: credentials(files, root), certificateFiles: files, managers: managers(root),
      docker: docker(root), postgres: postgres(root), varnish: varnish(root),
      cacheSecret: cacheSecret(root), purge: purge(root), haproxy: haproxy(root),
      raft: timings.raft, control: timings.control, logLevel: logLevel(root))
    configuration.checkMembership(root)
    configuration.checkCredentials(root)
    configuration.checkListeners(listen ?? root)
    configuration.checkPorts(root)
    let complete = configuration.withPaths(from: folder)
    complete.checkServersFolder(root)
    if isChecked {
      complete.checkSurroundings(root)
      complete.checkTools(root)
      complete.checkExpiry(root)
    }
    try complaints.throwIfAny()
    return complete
  }

  /// Relative paths start from the configuration's own folder.
  private func withPaths(from folder: String) -> DaemonConfiguration {
    func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : "\(folder)/\(path)" }
    var result = self
    result.dataFolder = absolute(dataFolder)
    result.postgres?.dataFolder = absolute(postgres?.dataFolder ?? "")
    result.varnish?.secret = absolute(varnish?.secret ?? "")
    result.varnish?.work = varnish?.work.map(absolute)
    result.cacheSecret = cacheSecret.map(absolute)
    result.haproxy?.configuration = absolute(haproxy?.configuration ?? "")
    result.haproxy?.masterSocket = absolute(haproxy?.masterSocket ?? "")
    result.haproxy?.adminSocket = absolute(haproxy?.adminSocket ?? "")
    return result
  }

  private func checkMembership(_ root: Section) {
    guard let own = managers.first(where: { $0.id == id }) else {
      root.complain("id", "id \(id.rawValue) is not among the managers")
      return
    }
    if own.name != name || own.zone != zone {
      root.complain(
        "node", "managers names \(own.name) in zone \(own.zone) for id \(id.rawValue), not \(name) in \(zone)"
      )
    }
    if Set(managers.map(\.id)).count < managers.count || Set(managers.map(\.name)).count < managers.count {
      root.complain("managers", "two managers have the same id or name")
    }
    guard case .manager(let certified, let node, let certifiedName)? = try? credentials.identity else {
      root.complain("certificates", "the certificate is not that of a manager")
      return
    }
    if certified != cluster || node != id.rawValue || certifiedName != name {
      root.complain(
        "certificates",
        "the certificate is that of manager \(certifiedName) (id \(node)) of cluster \(certified)")
    }
  }

  private static func readName(_ section: Section, _ key: String) -> String {
    let name = section.text(key)
    if !name.isEmpty, !isValidName(name) {
      section.complain(key, "\(key) must be 1 to 63 letters, digits, -, _ or ., not \(name)")
    }
    return name
  }

  private static func labels(_ root: Section) -> [Setting] {
    let labels = root.texts("labels").map { text in
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return Setting(String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
    }.sorted()
    for (one, other) in zip(labels, labels.dropFirst()) where one.name == other.name {
      root.complain("labels", "labels: \(one.name) stands twice")
    }
    return labels
  }

  private static func networks(_ root: Section) -> (allowed: NetworkList, purgers: NetworkList?) {
    guard let door = root.section("door") else { return (NetworkList([]), nil) }
    door.expect(["allow", "purge"])
    let allowed = networks(door, "allow")
    guard door.has("purge") else { return (allowed, nil) }
    let purgers = networks(door, "purge")
    if let outside = purgers.firstOutside(allowed) {
      door.complain("purge", "door.purge: \(outside) is not within door.allow, and could not come in")
    }
    return (allowed, purgers)
  }

  private static func networks(_ door: Section, _ key: String) -> NetworkList {
    do {
      return try NetworkList(parsing: door.texts(key))
    } catch {
      door.complain(key, "door.\(key): \(error)")
      return NetworkList([])
    }
  }

  private static func certificateFiles(_ root: Section, folder: String) -> CertificateFiles {
    guard let section = root.section("certificates") else {
      root.complain("certificates", "the key certificates is missing")
      return CertificateFiles(authority: "", certificate: "", key: "")
    }
    section.expect(["authority", "certificate", "key"])
    func path(_ key: String) -> String {
      let text = section.text(key)
      return text.hasPrefix("/") || text.isEmpty ? text : "\(folder)/\(text)"
    }
    return CertificateFiles(authority: path("authority"), certificate: path("certificate"), key: path("key"))
  }

  private static func credentials(_ files: CertificateFiles, _ root: Section) -> Credentials {
    func contents(_ file: String) -> String {
      guard !file.isEmpty else { return "" }
      guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
        root.complain(
          "certificates", "\(file) cannot be read; copy the manager's folder that `tercet bootstrap` made")
        return ""
      }
      return text
    }
    return Credentials(
      authorityPEM: contents(files.authority), certificatePEM: contents(files.certificate),
      keyPEM: contents(files.key))
  }

  private static func managers(_ root: Section) -> [ManagerEntry] {
    root.sections("managers").map { entry in
      entry.expect(["name", "id", "zone", "address", "peers", "operators"])
      return ManagerEntry(
        name: readName(entry, "name"), id: NodeID(UInt64(entry.integer("id", in: 1...1_000_000))),
        zone: readName(entry, "zone"), address: entry.address("address"),
        peers: entry.integer("peers", in: 1...65_535, default: 7444),
        operators: entry.integer("operators", in: 1...65_535, default: 7443))
    }
  }

  private static func docker(_ root: Section) -> Docker? {
    guard let section = root.section("docker") else { return nil }
    section.expect(["socket"])
    let socket = section.text("socket", default: "/var/run/docker.sock")
    if !socket.isEmpty, !socket.hasPrefix("/") {
      let path = socket.firstIndex(of: "/").map { socket[$0...].drop { $0 == "/" } } ?? "var/run/docker.sock"
      section.complain(
        "socket",
        "docker.socket must be an absolute path, not \(socket): write the path alone, such as /\(path)")
    }
    return Docker(socket: socket)
  }

  private static func postgres(_ root: Section) -> Postgres? {
    guard let section = root.section("postgres") else { return nil }
    section.expect(["binaries", "dataFolder", "user"])
    return Postgres(
      binaries: section.text("binaries", default: "/usr/lib/postgresql/15/bin"),
      dataFolder: section.text("dataFolder"), user: section.text("user", default: "postgres"))
  }

  private static func varnish(_ root: Section) -> Varnish? {
    guard let section = root.section("varnish") else { return nil }
    section.expect(["name", "cli", "secret", "http", "work"])
    let (cli, http) = (section.endpoint("cli"), section.endpoint("http"))
    return Varnish(
      name: readName(section, "name"), commandLine: Listener(host: cli.host, port: cli.port),
      secret: section.text("secret"), http: Listener(host: http.host, port: http.port),
      work: section.has("work") ? section.text("work") : nil)
  }

  private static func cacheSecret(_ root: Section) -> String? {
    guard let section = root.section("caches") else { return nil }
    section.expect(["secret"])
    return section.text("secret")
  }

  private static func purge(_ root: Section) -> Purge {
    guard let section = root.section("purge") else { return Purge() }
    section.expect(["sites", "hosts", "maximumStalenessSeconds"])
    var sites = PurgeSites(all: section.texts("sites"))
    for text in section.texts("hosts") {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
        section.complain("hosts", "purge.hosts: '\(text)' should be HOST=SITE, such as plone=www.example.org")
        continue
      }
      sites.byHost[parts[0].lowercased(), default: []].append(String(parts[1]))
    }
    let named = sites.all + section.texts("hosts")
    if let bad = named.first(where: { $0.isEmpty || $0.contains { " /#?".contains($0) } }) {
      section.complain(
        "sites", "purge: '\(bad)' is no host; write it as browsers send it, like www.example.org")
    }
    return Purge(
      sites: sites,
      maximumStaleness: .seconds(section.integer("maximumStalenessSeconds", in: 1...86_400, default: 30)))
  }

  private static func haproxy(_ root: Section) -> HAProxy? {
    guard let section = root.section("haproxy") else { return nil }
    section.expect(["configuration", "masterSocket", "adminSocket", "bind"])
    return HAProxy(
      configuration: section.text("configuration"), masterSocket: section.text("masterSocket"),
      adminSocket: section.text("adminSocket"), bind: section.bindAddress("bind", default: "0.0.0.0"))
  }

  private static func logLevel(_ root: Section) -> Logger.Level {
    guard let section = root.section("log") else { return .info }
    section.expect(["level"])
    return section.choice("level", Logger.Level.allCases.map { ("\($0)", $0) }, default: .info)
  }

  private static func readTimings(_ root: Section) -> (raft: Settings, control: ControlSettings) {
    var control = ControlSettings()
    guard let section = root.section("timings") else { return (.standard, control) }
    section.expect([
      "heartbeatMilliseconds", "electionMinimumMilliseconds", "electionMaximumMilliseconds",
      "nodeLostMilliseconds",
      "databaseFailoverMilliseconds", "rebalanceSeconds",
    ])
    func milliseconds(_ key: String, _ fallback: Duration) -> Duration {
      .milliseconds(section.integer(key, in: 1...3_600_000, default: fallback.milliseconds))
    }
    control.nodeLostAfter = milliseconds("nodeLostMilliseconds", control.nodeLostAfter)
    control.databaseFailoverAfter = milliseconds(
      "databaseFailoverMilliseconds", control.databaseFailoverAfter)
    control.rebalanceAfter = .seconds(section.integer("rebalanceSeconds", in: 0...86_400, default: 30))
    if control.nodeLostAfter < .seconds(1) {
      section.complain(
        "nodeLostMilliseconds",
        "timings.nodeLostMilliseconds must be at least 1000: nodes report twice a second")
    }
    let standard = Settings.standard
    let heartbeat = milliseconds("heartbeatMilliseconds", standard.heartbeatInterval)
    if control.databaseFailoverAfter.milliseconds < 3 * heartbeat.milliseconds {
      section.complain(
        "databaseFailoverMilliseconds",
        "timings.databaseFailoverMilliseconds must be at least three heartbeats, \(3 * heartbeat.milliseconds)"
      )
    }
    let (minimum, maximum) = (
      milliseconds("electionMinimumMilliseconds", standard.electionTimeout.lowerBound),
      milliseconds("electionMaximumMilliseconds", standard.electionTimeout.upperBound)
    )
    guard minimum < maximum else {
      section.complain(
        "electionMaximumMilliseconds", "timings.electionMaximumMilliseconds must be above the minimum")
      return (standard, control)
    }
    do {
      let raft = try Settings(
        heartbeatInterval: heartbeat,
        electionTimeout: minimum...maximum)
      return (raft, control)
    } catch {
      root.complain("timings", "timings: \(error)")
      return (standard, control)
    }
  }
}
