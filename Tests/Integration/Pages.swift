import Foundation

/// Pages that are edited, purged and looked at: an application behind both Varnish that tells the edition of each
/// page, so that a stale one can be told from a fresh one. See `purging.py`.
struct Pages: Sendable {
  let count: Int

  private static let script = "\(Lab.repository)/Tests/Integration/purging.py"
  private static let folder = "\(Lab.folder)/pages"
  private static let editions = "\(folder)/editions"
  private static let acked = "\(folder)/acked"
  private static let port = "8999"
  static let doorPort = "7480"

  /// Puts the application behind both Varnish for the length of `body`; the lab's own is back afterwards.
  static func served(_ count: Int, _ body: (Pages) async throws -> Void) async throws {
    try await Cluster.whole()
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    // Varnish's own user reads it.
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder)
    let rules = """
      vcl 4.1;
      include "\(Lab.repository)/deploy/varnish/tercet-xkey.vcl";
      include "\(Lab.repository)/deploy/varnish/tercet.vcl";
      backend pages { .host = "127.0.0.1"; .port = "\(port)"; }

      """
    try rules.write(toFile: "\(folder)/pages.vcl", atomically: true, encoding: .utf8)
    for zone in Lab.Zone.data {
      try await Lab.bash(
        in: zone,
        "python3 \(script) origin \(port) \(editions) >/dev/null 2>&1 & echo $! >\(folder)/origin-\(zone)")
      try await use("pages", in: zone)
    }
    let pages = Pages(count: count)
    do {
      try await body(pages)
    } catch {
      await restore()
      throw error
    }
    await restore()
  }

  private static func restore() async {
    for zone in Lab.Zone.data {
      _ = try? await Lab.bash(in: zone, "kill $(cat \(folder)/origin-\(zone))")
      _ = try? await use("boot", in: zone)
    }
  }

  /// - Parameter rules: `pages`, or `boot`, which Varnish was started with.
  static func use(_ rules: String, in zone: Lab.Zone) async throws {
    let admin = "varnishadm -T 127.0.0.1:6082 -S \(Lab.folder)/\(zone)/varnish/secret"
    let load =
      rules == "boot" ? "" : "\(admin) vcl.load \(rules) \(folder)/\(rules).vcl >/dev/null 2>&1 || true;"
    try await Lab.bash(in: zone, "\(load) \(admin) vcl.use \(rules)")
  }

  /// Every page into both caches.
  func fill() async throws {
    for zone in Lab.Zone.data {
      try await Lab.exec(in: zone, "python3", Self.script, "fill", "\(zone.address)", "\(count)")
    }
  }

  /// What a zone's Varnish goes on serving though it was purged: a line for each page. A page that was being fetched
  /// during its purge is purged again when it is there; that may be a moment later.
  func stale(at zone: Lab.Zone) async throws -> [String] {
    let deadline = ContinuousClock.now + .seconds(3)
    while true {
      let lines = try await Lab.exec(
        in: zone, "python3", Self.script, "check", "\(zone.address)", "\(count)", Self.acked
      ).lines
      guard !lines.isEmpty, ContinuousClock.now < deadline else { return lines }
    }
  }

  /// Edits pages of its own and purges them at the zone's door for so long; returns how many were answered 200.
  func edit(
    in zone: Lab.Zone, pages: Range<Int>, connections: Int, seconds: Int
  ) async throws -> Int {
    let answered = try await Lab.exec(
      in: zone, "python3", Self.script, "edit", zone.address, Self.doorPort, Self.editions, Self.acked,
      "\(pages.lowerBound)", "\(pages.count)", "\(connections)", "\(seconds)")
    return Int(answered.output.split(separator: " ").first ?? "") ?? 0
  }

  /// Asks the zone's Varnish for pages for so long.
  func visit(in zone: Lab.Zone, seconds: Int) async throws {
    try await Lab.exec(in: zone, "python3", Self.script, "visit", "\(zone.address)", "\(count)", "\(seconds)")
  }

  /// Edits every page and purges it at a zone's door with the real plone.cachepurging; returns what its worker had
  /// to say of failures.
  func purgeAsPlone(at zone: Lab.Zone, python: String) async throws -> [String] {
    let finished = try await Lab.exec(
      in: zone, python, Self.script, "plone", zone.address, Self.doorPort, Self.editions, Self.acked,
      "\(count)")
    guard finished.lines.last == "purged \(count)" else {
      throw ShellError(description: "plone.cachepurging did not come to its end: \(finished.output)")
    }
    return finished.lines.dropLast()
  }

  /// Waits until both caches have applied everything.
  static func applied(within limit: Duration = .seconds(60)) async throws {
    try await eventually("both caches have applied every purge", within: limit) {
      let caches = try await Cluster.status().caches
      return caches.count == 2 && caches.allSatisfy { $0.reachable && $0.lag == 0 }
    }
  }
}
