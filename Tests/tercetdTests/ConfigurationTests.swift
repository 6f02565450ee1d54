import ClusterAuthority
import Foundation
import Testing

/// One mistake in an otherwise sound file, and what is said of it.
struct Mistake: Sendable, CustomTestStringConvertible {
  var name: String
  var replacing: String
  var with: String
  var line: Int
  var message: String

  init(_ name: String, _ replacing: String, _ with: String, line: Int, says message: String) {
    self.name = name
    self.replacing = replacing
    self.with = with
    self.line = line
    self.message = message
  }

  var testDescription: String { name }
  var text: String { ManagerFolder.sound.replacingOccurrences(of: replacing, with: with) }
}

@Suite("The daemon's configuration")
struct ConfigurationTests {
  @Test("a sound file is called sound, with the manager and the cluster that it names")
  func soundFile() async throws {
    try await ManagerFolder.with { folder in
      let daemon = try await folder.check()
      #expect(daemon.code == 0)
      #expect(daemon.output == "\(folder.configuration) is sound: manager a of cluster portal\n")
      #expect(daemon.errors.isEmpty)
    }
  }

  @Test("what is not named has a default or is not managed: a short file is sound too")
  func shortFile() async throws {
    let optional = ["listen:", "door:", "timings:", "docker:", "varnish:", "log:", "caches:", "purge:"]
    let short = ManagerFolder.sound.split(separator: "\n")
      .filter { line in !optional.contains { line.hasPrefix($0) } }.joined(separator: "\n")
      .replacingOccurrences(of: ", peers: 17444", with: "")
    try await ManagerFolder.with(short) { folder in
      let daemon = try await folder.check()
      #expect(daemon.code == 0, "\(daemon.errors)")
    }
  }

  @Test("fewer networks may purge than may come in")
  func purgers() async throws {
    let text = ManagerFolder.sound.replacing(
      "\"::1\"]}", with: "\"::1\"], purge: [\"127.0.0.0/24\", \"::1\"]}")
    try await ManagerFolder.with(text) { folder in
      let daemon = try await folder.check()
      #expect(daemon.code == 0, "\(daemon.errors)")
    }
  }

  static let mistakes = [
    // Keys.
    Mistake(
      "a typing error", "zone: zone-a\n", "zome: zone-a\n", line: 4,
      says: "unknown key zome; did you mean zone?"),
    Mistake(
      "a typing error further in", "secret:", "secert:", line: 16,
      says: "unknown key varnish.secert; did you mean secret?"),
    Mistake(
      "a key like none", "log:", "xy:", line: 17, says: "unknown key xy; known here: cluster, node, id,"),
    Mistake(
      "an empty key", "log:", "\"\":", line: 17, says: "a key must be one word; known here: cluster, node"),
    Mistake("a missing key", "cluster: portal\n", "", line: 1, says: "the key cluster is missing"),
    Mistake(
      "a key missing further in", "name: b, ", "", line: 11, says: "the key managers[1].name is missing"),
    Mistake("a key without a value", "cluster: portal", "cluster:", line: 1, says: "cluster needs a value"),
    Mistake("a key given twice", "id: 1\n", "id: 1\nnode: b\n", line: 2, says: "the key node is given twice"),
    // Values.
    Mistake(
      "a number out of range", "id: 1\n", "id: 0\n", line: 3,
      says: "id must be a whole number from 1 to 1000000"),
    Mistake(
      "no number", "heartbeatMilliseconds: 100", "heartbeatMilliseconds: 0.1s", line: 14,
      says: "timings.heartbeatMilliseconds must be a whole number"),
    Mistake(
      "a table of hosts without sites", "plone=www", "plone www", line: 19,
      says: "purge.hosts: 'plone www.example.org' should be HOST=SITE"),
    Mistake(
      "a site that is an address", "sites: [www.example.org]", "sites: [https://www.example.org/]", line: 19,
      says: "purge: 'https://www.example.org/' is no host"),
    Mistake(
      "a bound that bounds nothing", "maximumStalenessSeconds: 5", "maximumStalenessSeconds: 0", line: 19,
      says: "purge.maximumStalenessSeconds must be a whole number from 1 to 86400"),
    Mistake(
      "a port out of range", "peers: 17444}", "peers: 70000}", line: 10,
      says: "managers[0].peers must be a whole number from 1 to 65535"),
    Mistake(
      "an address without a port", "\"127.0.0.1:17443\"", "\"127.0.0.1\"", line: 7,
      says: "listen.operators must be an IP address and a port such as 10.0.0.1:7443, not 127.0.0.1"),
    Mistake(
      "an address with a port that is none", "\"127.0.0.1:17480\"", "\"127.0.0.1:http\"", line: 7,
      says: "listen.door must be an IP address and a port"),
    Mistake(
      "a name that is none", "node: a", "node: a b", line: 2,
      says: "node must be 1 to 63 letters, digits, -, _ or ., not a b"),
    Mistake("a network that is none", "\"127.0.0.0/8\"", "\"127.0.0.0/33\"", line: 13, says: "door.allow:"),
    Mistake(
      "a network that may purge and is none", "\"::1\"]}", "\"::1\"], purge: [x]}", line: 13,
      says: "door.purge:"),
    Mistake(
      "a network that may purge and not come in", "\"::1\"]}", "\"::1\"], purge: [\"126.0.0.0/7\"]}",
      line: 13,
      says: "door.purge: 126.0.0.0/7 is not within door.allow, and could not come in"),
    Mistake(
      "a network with bits beyond its prefix", "\"127.0.0.0/8\"", "\"127.0.0.1/8\"", line: 13,
      says: "bits beyond the prefix are set"),
    Mistake(
      "a word that is none of the choices", "level: info", "level: loud", line: 17,
      says: "log.level is one of trace, debug, info"),
    // Shapes.
    Mistake(
      "a list where a mapping belongs", "{level: info}", "[info]", line: 17,
      says: "log must be a mapping of keys to values"),
    Mistake(
      "a mapping where a list has texts", "[\"127.0.0.0/8\", \"::1\"]", "[\"::1\", {a: b}]", line: 13,
      says: "door.allow[1] must be a text, not a list or mapping of its own"),
    Mistake(
      "a mapping where a list belongs", "[\"127.0.0.0/8\", \"::1\"]", "{a: b}", line: 13,
      says: "door.allow must be a list"),
    Mistake(
      "a manager that is a word", "{name: b, id: 2, zone: zone-b, address: 127.0.0.2}", "b", line: 11,
      says: "managers[1] must be a mapping of keys to values"),
    Mistake("no YAML", "listen: {", "listen: {[", line: 7, says: "no valid YAML"),
    // Sense.
    Mistake(
      "an election sooner than a heartbeat", "heartbeatMilliseconds: 100", "heartbeatMilliseconds: 600",
      line: 14, says: "timings:"),
    Mistake(
      "a failover sooner than three of the configured heartbeats", "heartbeatMilliseconds: 100",
      "databaseFailoverMilliseconds: 600, heartbeatMilliseconds: 201", line: 14,
      says: "timings.databaseFailoverMilliseconds must be at least three heartbeats, 603"),
    Mistake(
      "an election's longest wait below its shortest", "electionMinimumMilliseconds: 500",
      "electionMinimumMilliseconds: 1500", line: 14,
      says: "timings.electionMaximumMilliseconds must be above the minimum"),
    Mistake(
      "databases in the folder that only the manager may enter", "docker: {socket: /var/run/docker.sock}",
      "postgres: {dataFolder: log/../log/postgres}", line: 15,
      says: "/log, which only tercetd may enter: name another, such as"),
    Mistake(
      "two listeners at one place", "door: \"127.0.0.1:17480\"", "door: \"127.0.0.1:17443\"", line: 7,
      says: "listen.door has the port 17443 of listen.operators; give each"),
    Mistake(
      "a name where an address belongs", "address: 127.0.0.2", "address: b.example.org", line: 11,
      says: "managers[1].address must be an IP address such as 10.0.0.1, not b.example.org"),
    Mistake(
      "an address that stands for all", "address: 127.0.0.1\n", "address: 0.0.0.0\n", line: 5,
      says: "address must be the address at which others reach the machine, such as 10.0.0.1: 0.0.0.0 stands"),
    Mistake(
      "another manager's address that stands for all, in another form", "address: 127.0.0.2",
      "address: \"0:0::0\"",
      line: 11, says: "managers[1].address must be the address at which others reach the machine"),
    Mistake(
      "a port of its own that the others do not dial", "peers: 17444}", "peers: 17445}", line: 10,
      says: "managers[0].peers is 17445, but this manager listens for the others at port 17444 (listen.peers)"
    ),
    Mistake(
      "a balancer's address that is none", "docker: {socket: /var/run/docker.sock}",
      "haproxy: {configuration: h, masterSocket: m, adminSocket: a, bind: nonsense here}", line: 15,
      says: "haproxy.bind must be an IP address of this machine, or 0.0.0.0 for all, not nonsense here"),
    Mistake(
      "Docker's socket as an address", "/var/run/docker.sock", "unix:///run/docker.sock", line: 15,
      says:
        "docker.socket must be an absolute path, not unix:///run/docker.sock: write the path alone, such as "
        + "/run/docker.sock"),
    Mistake(
      "Docker's socket by a path that depends on where tercetd is started", "/var/run/docker.sock",
      "docker.sock",
      line: 15, says: "docker.socket must be an absolute path, not docker.sock"),
    Mistake(
      "a data folder on a disk that is not mounted", "dataFolder: log", "dataFolder: /nonexistent/tercet/log",
      line: 6,
      says:
        "dataFolder: there is no folder /nonexistent/tercet to make /nonexistent/tercet/log in; make it, or mount"
    ),
    Mistake(
      "servers' data on a disk that is not mounted", "docker: {socket: /var/run/docker.sock}",
      "postgres: {dataFolder: /nonexistent/tercet/servers}", line: 15,
      says: "postgres.dataFolder: there is no folder /nonexistent/tercet to make"),
    Mistake(
      "a user of the servers that does not exist", "docker: {socket: /var/run/docker.sock}",
      "postgres: {dataFolder: servers, user: nobody-at-all}", line: 15,
      says: "postgres.user: there is no user nobody-at-all on this machine; install Postgres 15"),
    // The machine.
    Mistake(
      "a folder without the programs of Postgres", "docker: {socket: /var/run/docker.sock}",
      "postgres: {binaries: /nonexistent/bin, dataFolder: /nonexistent/postgres}", line: 15,
      says: "postgres.binaries: there is no program postgres in /nonexistent/bin; install Postgres 15"),
    Mistake(
      "a secret of Varnish that is not there", "secret: /etc/varnish/secret", "secret: /nonexistent/secret",
      line: 16,
      says: "varnish.secret: /nonexistent/secret cannot be read; name the file that varnishd was given"),
    // Membership.
    Mistake(
      "an id that is not among the managers", "id: 1\n", "id: 4\n", line: 3,
      says: "id 4 is not among the managers"),
    Mistake(
      "another manager's id", "id: 1\n", "id: 2\n", line: 2,
      says: "managers names b in zone zone-b for id 2, not a in zone-a"),
    Mistake(
      "another zone than the managers say", "zone: zone-a\n", "zone: zone-b\n", line: 2,
      says: "managers names a in zone zone-a for id 1, not a in zone-b"),
    Mistake(
      "two managers of one id", "id: 3,", "id: 2,", line: 9, says: "two managers have the same id or name"),
    Mistake(
      "two managers of one name", "name: c,", "name: b,", line: 9,
      says: "two managers have the same id or name"),
    // Certificates.
    Mistake(
      "a certificate that is not there", "manager.pem", "lost.pem", line: 8,
      says: "/lost.pem cannot be read; copy the manager's folder that `tercet bootstrap` made"),
    Mistake(
      "a certificate that is none", "certificate: manager.pem", "certificate: tercetd.yaml", line: 8,
      says: "the certificate is not that of a manager"),
    Mistake(
      "a key that is none", "key: manager.key", "key: tercetd.yaml", line: 8,
      says: "/tercetd.yaml: the key cannot be read"),
    Mistake(
      "an authority that is none", "authority: authority.pem", "authority: tercetd.yaml", line: 8,
      says: "/tercetd.yaml: the authority cannot be read"),
    Mistake(
      "certificates left out",
      "certificates: {authority: authority.pem, certificate: manager.pem, key: manager.key}\n", "", line: 1,
      says: "the key certificates is missing"),
  ]

  @Test("a mistake is told with file, line and key, and the daemon does not start", arguments: mistakes)
  func mistake(_ mistake: Mistake) async throws {
    #expect(mistake.text != ManagerFolder.sound, "the mistake is not in the text")
    try await ManagerFolder.with(mistake.text) { folder in
      let daemon = try await folder.check()
      #expect(daemon.code == 78)
      #expect(daemon.output.isEmpty)
      let place = "\(folder.configuration):\(mistake.line):"
      #expect(
        daemon.errorLines.contains {
          $0.hasPrefix(place) && $0.contains("error: ") && $0.contains(mistake.message)
        },
        "\(daemon.errors)")
      #expect(daemon.errorLines.allSatisfy { $0.hasPrefix("\(folder.configuration):") }, "\(daemon.errors)")
    }
  }

  @Test("all mistakes of a file are told at once, in the order of their lines")
  func allAtOnce() async throws {
    let text = ManagerFolder.sound.replacingOccurrences(of: "id: 1\n", with: "id: none\n")
      .replacingOccurrences(of: "log:", with: "lock:")
      .replacingOccurrences(of: "node: a\n", with: "node: a/b\n")
    try await ManagerFolder.with(text) { folder in
      let lines = try await folder.check().errorLines
      let numbers = lines.compactMap {
        Int($0.dropFirst(folder.configuration.count + 1).prefix { $0 != ":" })
      }
      #expect(numbers == numbers.sorted())
      #expect(Set(numbers).isSuperset(of: [2, 3, 17]))
    }
  }

  @Test(
    "another's certificate is refused, with whose it is",
    arguments: [
      (PeerIdentity.manager(cluster: "portal", id: 2, name: "b"), "manager b (id 2) of cluster portal"),
      (PeerIdentity.manager(cluster: "other", id: 1, name: "a"), "manager a (id 1) of cluster other"),
      (PeerIdentity.operator(cluster: "portal", name: "ana"), "not that of a manager"),
    ])
  func foreignCertificate(_ identity: PeerIdentity, _ whose: String) async throws {
    try await ManagerFolder.with(identity: identity) { folder in
      let daemon = try await folder.check()
      #expect(daemon.code == 78)
      #expect(daemon.errorLines.count == 1)
      #expect(daemon.errors.hasPrefix("\(folder.configuration):8:"))
      #expect(daemon.errors.contains(whose), "\(daemon.errors)")
    }
  }

  @Test(
    "another manager's key and another cluster's authority are refused, with file and remedy, at start too")
  func foreignFiles() async throws {
    let other = try Authority.create(cluster: "portal").issueManager(
      name: "a", id: 1, addresses: ["127.0.0.1"])
    for (key, file, foreign, reason) in [
      ("key", "manager.key", other.keyPEM, "the private key does not belong to the certificate"),
      ("authority", "authority.pem", other.authorityPEM, "the authority did not issue the certificate"),
    ] {
      try await ManagerFolder.with { folder in
        try folder.write(foreign, to: file)
        let checked = try await folder.check()
        let started = try await DaemonProgram.run("--configuration", folder.configuration)
        for daemon in [checked, started] {
          #expect(daemon.code == 78)
          #expect(
            daemon.errors.hasPrefix("\(folder.configuration):8:")
              && daemon.errors.contains("certificates.\(key): \(folder.path)/\(file): \(reason)")
              && daemon.errors.contains("copy the manager's folder"), "\(daemon.errors)")
        }
      }
    }
  }

  @Test(
    "what --check refuses does not start either, and systemd does not try again",
    arguments: [
      ("/var/run/docker.sock", "unix:///x.sock"), ("peers: 17444}", "peers: 17445}"),
      ("address: 127.0.0.1\n", "address: \"::\"\n"),
    ])
  func start(_ sound: String, _ wrong: String) async throws {
    try await ManagerFolder.with(ManagerFolder.sound.replacingOccurrences(of: sound, with: wrong)) { folder in
      let daemon = try await DaemonProgram.run("--configuration", folder.configuration)
      #expect(daemon.code == 78, "\(daemon.errors)")
    }
  }

  @Test("a disk that is not mounted yet is no mistake of the file: systemd tries again")
  func lateDisk() async throws {
    let late = ManagerFolder.sound.replacingOccurrences(
      of: "dataFolder: log", with: "dataFolder: /nonexistent/tercet/log")
    try await ManagerFolder.with(late) { folder in
      let daemon = try await DaemonProgram.run("--configuration", folder.configuration)
      #expect(daemon.code == 1)
      #expect(
        daemon.errors.contains("/nonexistent/tercet") && !daemon.errors.contains("NSCocoa"),
        "\(daemon.errors)")
    }
  }

  @Test(
    "a file that holds nothing, or no configuration at all, is told as such",
    arguments: [
      ("", "the file is empty"), ("# nothing but a remark\n", "the file is empty"),
      ("- a\n- b\n", "the file must be a mapping of keys to values"),
    ])
  func wholeFile(_ text: String, _ message: String) async throws {
    try await ManagerFolder.with(text) { folder in
      let daemon = try await folder.check()
      #expect(daemon.code == 78)
      #expect(daemon.errorLines.first?.hasSuffix(":1:1: error: \(message)") == true, "\(daemon.errors)")
    }
  }

  @Test("a file that is not there, or is no text, is named with the remedy")
  func unreadableFile() async throws {
    try await ManagerFolder.with { folder in
      let missing = try await DaemonProgram.run("--configuration", "\(folder.path)/none.yaml", "--check")
      #expect(missing.code == 78)
      #expect(
        missing.errors
          == "\(folder.path)/none.yaml: error: cannot be read; name another file with --configuration\n")
      try Data([0xff, 0xfe, 0x00]).write(to: URL(fileURLWithPath: folder.configuration))
      let binary = try await folder.check()
      #expect(binary.code == 78)
      #expect(binary.errors == "\(folder.configuration): error: is not text in UTF-8\n")
    }
  }

  @Test("a wrong flag is a usage error, not a configuration's")
  func usage() async throws {
    #expect(try await DaemonProgram.run("--confguration", "x").code == 64)
  }
}
