/// The example stack, `deploy/examples/shop`: a page behind each zone's Varnish, from a
/// database in both.
enum Shop {
  static let stack = "example"
  static let service = "example/web"
  static let host = "shop.example"
  static let path = "/"
  static let address = "http://\(host)\(path)"

  private static let folder = "\(Lab.repository)/deploy/examples/shop"

  /// Its image in both engines, and the stack deployed.
  static func deploy() async throws {
    for zone in Lab.Zone.data {
      try await Lab.exec(in: zone, "\(folder)/build-image")
    }
    try await Lab.exec(in: .c, "tercet", "deploy", "--stack", stack, "\(folder)/stack.yml")
    try await Cluster.whole(within: .seconds(90))
    // Varnish asks its backend a few times before it believes in it.
    try await eventually("an entry can be written", within: .seconds(30)) {
      (try? await add("made for the tests")) != nil
    }
  }

  /// Adds an entry to the page.
  static func add(_ text: String) async throws {
    try await Lab.exec(
      in: .a, "curl", "--silent", "--show-error", "--fail", "--output", "/dev/null", "--request", "POST",
      "http://\(Lab.Zone.a.address):6081/add?text=\(text.replacing(" ", with: "+"))")
  }

  static func scale(to replicas: Int) async throws {
    try await Lab.exec(in: .c, "tercet", "scale", "\(service)=\(replicas)")
  }

  /// The service's running containers in both zones.
  static func containers() async throws -> [Container] {
    try await containers(by: Lab.Zone.data).flatMap { $0 }
  }

  /// The service's running containers, zone by zone.
  static func containers(by zones: [Lab.Zone]) async throws -> [[Container]] {
    var places: [[Container]] = []
    for zone in zones {
      places.append(try await Container.running(service, in: zone))
    }
    return places
  }

  /// What a visitor gets from a zone's Varnish.
  struct Page: Sendable {
    var status: Int
    var cache: String
    var body: String

    var isHit: Bool { status == 200 && cache == "HIT" }
    var isMiss: Bool { status == 200 && cache == "MISS" }
  }

  static func page(at zone: Lab.Zone) async throws -> Page {
    let answer = try await Lab.exec(
      in: zone, "curl", "--silent", "--max-time", "5", "--header", "Host: \(host)", "--write-out",
      "\n%{http_code} %header{x-cache}", "http://\(zone.address):6081\(path)")
    let lines = answer.output.split(separator: "\n", omittingEmptySubsequences: false)
    let words = lines.last!.split(separator: " ")
    return Page(
      status: Int(words[0]) ?? 0, cache: words.count > 1 ? String(words[1]) : "",
      body: lines.dropLast().joined(separator: "\n"))
  }

  /// Reads until the zone's Varnish has the page.
  static func cache(at zone: Lab.Zone) async throws {
    try await eventually("the page is in the cache of zone \(zone)", within: .seconds(10)) {
      try await page(at: zone).isHit
    }
  }

  enum Database {
    static let name = "shop"
    static let password = "shop"
    static let port = 5433
    /// Debian's wrapper in the path is a slow Perl script.
    static let psql = "/usr/lib/postgresql/15/bin/psql"

    static func connection(to zones: [Lab.Zone], _ options: String...) -> String {
      let hosts = zones.map(\.address).joined(separator: ",")
      return (["host=\(hosts) port=\(port) dbname=\(name) user=\(name)"] + options).joined(separator: " ")
    }

    /// Asks the primary; the lines of the answer.
    @discardableResult
    static func query(_ sql: String) async throws -> [String] {
      try await Lab.exec(
        in: .c, "env", "PGPASSWORD=\(password)", "PGCONNECT_TIMEOUT=2", psql, "--no-psqlrc", "--quiet",
        "--tuples-only", "--no-align", connection(to: Lab.Zone.data, "target_session_attrs=read-write"),
        "--command", sql
      ).lines
    }

    /// The page's entries.
    static func rows() async throws -> [String] {
      try await query("select * from entries order by id")
    }

    /// When each zone's server was started.
    static func servers() async throws -> [String] {
      var starts: [String] = []
      for zone in Lab.Zone.data {
        starts += try await Lab.bash(
          in: zone, "head -n 3 \(Lab.folder)/\(zone)/postgres/\(name)/data/postmaster.pid | tail -n 1"
        ).lines
      }
      return starts
    }
  }
}
