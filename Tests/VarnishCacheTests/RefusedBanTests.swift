import Cluster
import Testing
import VarnishCache

@Suite("Bans that Varnish does not take", .timeLimit(.minutes(1)))
struct RefusedBanTests {
  private static let everything = "ban obj.status != \"0\""

  private struct Outcome {
    var taken: [String]
    /// Why everything was forgotten, as operators are told.
    var reason: String?
  }

  /// The bans in force once purges were carried out at a command line that refuses some bans.
  private func bans(
    after purges: [Purge], refusing refuses: @escaping @Sendable (String) -> Bool
  ) async throws -> [String] { try await outcome(of: purges, refusing: refuses).taken }

  private func outcome(
    of purges: [Purge], refusing refuses: @escaping @Sendable (String) -> Bool
  ) async throws -> Outcome {
    let varnish = try await StubbornCommandLine.start(refusing: refuses)
    let cache = makeClient(
      VarnishCache.Configuration(
        name: "a", commandLine: Endpoint(host: "127.0.0.1", port: varnish.port), secretFile: "/dev/null",
        purges: nil))
    let reason = try await cache.carryOut(.purge(purges, through: 1))
    await cache.close()
    await varnish.stop()
    return Outcome(taken: varnish.taken, reason: reason)
  }

  @Test("addresses that share a ban are banned one by one when it is refused")
  func addresses() async throws {
    let purges = ["/1", "/2", "/3"].map { Purge.address(host: "one", path: $0) }
    let taken = try await bans(after: purges + [.ban(expression: "obj.age > 1h")]) { $0.contains(" ~ ") }
    for path in ["/1", "/2", "/3"] {
      #expect(taken.contains("ban obj.http.x-url == \"\(path)\" && obj.http.x-host == \"one\""))
    }
    #expect(taken.contains("ban obj.age > \"1h\""))
    #expect(!taken.contains(Self.everything))
    let outcome = try await outcome(of: purges) { $0.contains(" ~ ") }
    #expect(outcome.reason == nil, "nothing else was forgotten")
  }

  @Test("tags that share a ban are banned one by one when it is refused")
  func keys() async throws {
    let taken = try await bans(after: ["k1", "k2"].map { .key(name: $0, soft: false) }) {
      $0.contains("k1|k2")
    }
    #expect(taken.count { $0.contains("xkey ~") && !$0.contains("|k") } == 2)
    #expect(taken.count { $0.contains("x-ids-involved ~") } == 2)
    #expect(!taken.contains(Self.everything))
  }

  @Test(
    "when a single one is refused as well, everything is forgotten: no acknowledged purge is passed over",
    arguments: [
      [Purge.address(host: "one", path: "/bad"), .address(host: "one", path: "/2")],
      [.address(host: nil, path: "/bad")], [.key(name: "bad", soft: false), .key(name: "good", soft: false)],
      [.key(name: "bad", soft: true)], [.ban(expression: "req.url ~ bad"), .ban(expression: "obj.age > 1h")],
    ])
  func refusedAlone(purges: [Purge]) async throws {
    let outcome = try await outcome(of: purges) { $0.contains("bad") }
    #expect(outcome.taken.contains(Self.everything))
    #expect(outcome.reason?.contains("Varnish does not take the ban") == true)
  }

  @Test("what an earlier version took into the log and this one would not is not passed over either")
  func unreadable() async throws {
    let outcome = try await outcome(of: [.ban(expression: "obj.http.x-url ~ [b-a]")]) { _ in false }
    #expect(outcome.taken == [Self.everything])
    #expect(outcome.reason?.contains("is no ban expression") == true)
  }

  @Test("a Varnish that does not even take that holds on to its place")
  func nothingTaken() async throws {
    await #expect(throws: VarnishError.self) {
      _ = try await bans(after: [.address(host: nil, path: "/1")]) { $0.hasPrefix("ban ") }
    }
  }
}
