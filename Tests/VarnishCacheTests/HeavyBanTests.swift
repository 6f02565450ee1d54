import Cluster
import Foundation
import NIOHTTP1
import Testing
import VarnishCache

/// Varnish 7.1 panics, and its pages are gone, when a ban's regular expression takes more steps on an object than
/// PCRE allows of itself, 10,000,000; `pcre2_match_limit` does not count for bans.
@Suite("Bans on addresses that somebody made up", .serialized, .timeLimit(.minutes(3)))
struct HeavyBanTests {
  private static let length = 8_100
  /// Addresses as long as a purge can name: runs of the letters of the expressions, and every letter at the end, so
  /// that no expression fails before it is tried.
  private static let addresses = ["a", "ab", "a/", "=", "a=", "/"].map { run in
    "/" + String(repeating: run, count: length / run.count) + "=b/xz=="
  }

  @Test("whatever ban is taken, Varnish is done with it soon, and alive", arguments: [1, 2, 3] as [UInt64])
  func survives(seed: UInt64) async throws {
    var random = ExpressionSource(seed: seed)
    let drawn = (0..<2_000).map { _ in random.expression() }
    let taken = drawn.filter { $0.contains(where: "*+{".contains) }
      .map { "obj.http.x-url ~ \($0)" }.filter { Purge.ban(expression: $0).complaint == nil }
    #expect(taken.count > 100 && taken.count < 1_900)
    try await Varnish.run { varnish, _ in
      let cache = varnish.client()
      let instance = await cache.observe().instance
      try await Visitor.visit(port: varnish.publicPort) { visit in
        for ban in taken.prefix(100) {
          for address in Self.addresses { _ = try await visit.request(address, host: "one") }
          try await cache.ban(ban)
          let began = ContinuousClock.now
          for address in Self.addresses { _ = try await visit.request(address, host: "one") }
          #expect(ContinuousClock.now - began < .seconds(5), "\(ban)")
        }
      }
      #expect(await cache.observe().instance == instance, "it has its first worker still")
      await cache.close()
    }
  }

  /// Each with the address on which it takes the most steps.
  private static let worst = [
    ("/images/[^/]+$", repeated("/images/a") + "/"), ("/images/[^/]+$", "/images/" + repeated("a") + "/"),
    (#"/news/[0-9]+$"#, repeated("/news/1") + "/"), (#"/news/[0-9]+$"#, "/news/" + repeated("1") + "/"),
    (#"[.](css|js)([?].*)?$"#, repeated(".css?")), (#"[.](css|js)([?].*)?$"#, repeated("/.css?.js") + "/"),
    ("^/.*/[^/]*$", repeated("/a")), ("^/.*/[^/]*b$", "/" + repeated("/") + "b/"),
    ("/[^/]+.$", repeated("/a") + "/"), ("/[^/]+.$", "/" + repeated("a") + "//"),
    ("[a-z]+/[a-z]+[.]png", repeated("a", length: 4_000) + repeated("a", length: 4_000)),
    ("^(a|b)+=1", repeated("ab") + "=2=1"), ("^/(?:[^/]*/){3}x", repeated("/a") + "x"),
    ("x.{0,90}a$", repeated("x") + "a/"),
  ]

  private static func repeated(_ run: String, length: Int = length) -> String {
    let text = String(repeating: run, count: length / run.count)
    return text.hasPrefix("/") ? text : "/" + text
  }

  @Test("the worst address for what is taken is tested soon, and Varnish alive")
  func worstAddresses() async throws {
    try await Varnish.run { varnish, _ in
      let cache = varnish.client()
      let instance = await cache.observe().instance
      try await Visitor.visit(port: varnish.publicPort) { visit in
        for (expression, address) in Self.worst {
          try #require(Purge.ban(expression: "req.url ~ \(expression)").complaint == nil)
          _ = try await visit.request(address, host: "one")
          try await cache.ban("obj.http.x-url ~ \(expression)")
          let began = ContinuousClock.now
          _ = try await visit.request(address, host: "one")
          #expect(ContinuousClock.now - began < .seconds(2), "\(expression) on \(address.prefix(20))")
        }
      }
      #expect(await cache.observe().instance == instance, "it has its first worker still")
      await cache.close()
    }
  }

  @Test("what is refused for its steps Varnish would not survive")
  func refused() async throws {
    let expression = "^/.*a.*a=1"
    #expect(Purge.ban(expression: "req.url ~ \(expression)").complaint != nil)
    try await Varnish.run { varnish, _ in
      let cache = varnish.client()
      let instance = await cache.observe().instance
      try await Visitor.visit(port: varnish.publicPort) { visit in
        _ = try await visit.request(Self.repeated("a") + "1", host: "one")
      }
      // Past the check.
      let command = try RunningProcess(
        "/usr/bin/varnishadm",
        ["-n", varnish.folder.appending(path: "work").path, "ban", "obj.http.x-url ~ \(expression)"],
        log: varnish.folder.appending(path: "ban.txt"))
      try await eventually("the lurker has come to the page, and Varnish's worker is another") {
        let now = await cache.observe()
        return now.isReachable && now.instance != instance
      }
      withExtendedLifetime(command) {}
      await cache.close()
    }
  }

  @Test("a page whose address is longer than a purge can name is not kept, and no ban is tried on it")
  func longAddress() async throws {
    try await Varnish.run { varnish, _ in
      let cache = varnish.client()
      let instance = await cache.observe().instance
      let longest = "/" + String(repeating: "=", count: Purge.maximumPathBytes - 1)
      let tooLong = "/" + String(repeating: "=", count: 30_000)
      try await Visitor.visit(port: varnish.publicPort) { visit in
        for address in [longest, tooLong] { _ = try await visit.request(address, host: "one") }
        #expect(try await visit.hits(longest, host: "one"))
        #expect(try await !visit.hits(tooLong, host: "one"))
        try await cache.ban("obj.http.x-url ~ ^/.*=[0-9]$")
        #expect(try await visit.hits(longest, host: "one"))
        #expect(try await !visit.hits(tooLong, host: "one"))
      }
      #expect(await cache.observe().instance == instance)
      await cache.close()
    }
  }
}

/// Draws regular expressions of all that is taken, and of much that is not.
private struct ExpressionSource {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func expression() -> String {
    (chance(70) ? "^/" : "") + sequence(0) + (chance(70) ? pick(["=", "=1", "$", "b=", "/x$"]) : "")
  }

  private mutating func sequence(_ depth: Int) -> String {
    (0..<(1 + below(5))).map { _ in item(depth) }.joined()
  }

  private mutating func alternatives(_ depth: Int) -> String {
    (0..<(1 + below(3))).map { _ in sequence(depth) }.joined(separator: "|")
  }

  private mutating func item(_ depth: Int) -> String {
    atom(depth) + (chance(30) ? pick(["*", "+", "?", "{2}", "{1,3}", "{2,}", "{0,200}", "*?"]) : "")
  }

  private mutating func atom(_ depth: Int) -> String {
    switch below(10) {
    case 0...3: pick(["a", "b", "=", "/"])
    case 4: "."
    case 5...6: pick(["[a-z]", "[^/]", "[ab]", "[^=]", "\\w", "\\d", "[^a]"])
    case 7...8 where depth < 3: pick(["(", "(?:", "(?!"]) + alternatives(depth + 1) + ")"
    default: pick(["a", "b"])
    }
  }

  private mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
  private mutating func pick(_ texts: [String]) -> String { texts[below(texts.count)] }

  /// xorshift64 (Marsaglia, 2003).
  private mutating func below(_ bound: Int) -> Int {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return Int(state % UInt64(bound))
  }
}
