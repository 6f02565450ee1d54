import Cluster
import Foundation
import FreePorts
import NIOCore
import NIOHTTP1
import NIOPosix
import Testing
import VarnishCache

@Suite("Driving a real Varnish", .serialized, .timeLimit(.minutes(2)))
struct VarnishCacheTests {
  @Test("an exact purge forgets a page with all its variants, under its own host alone")
  func exactPurge() async throws {
    try await Varnish.run { varnish, _ in
      let cache = varnish.client()
      try await Visitor.visit(port: varnish.publicPort) { visit in
        for (host, variant) in [("one", "1"), ("one", "2"), ("two", "1")] {
          _ = try await visit.request("/page?x=1", host: host, variant: variant)
          #expect(try await visit.hits("/page?x=1", host: host, variant: variant))
        }
        try await cache.purge([(host: "ONE", path: "/page?x=1")])
        #expect(try await !visit.hits("/page?x=1", host: "one", variant: "1"))
        #expect(try await !visit.hits("/page?x=1", host: "one", variant: "2"))
        #expect(try await visit.hits("/page?x=1", host: "two", variant: "1"))
      }
      await cache.close()
    }
  }

  @Test(
    "a purge without a host forgets a page under every host, and that page alone",
    arguments: ["/", "/a\"b\\c", "/ä?q=#{}&&'", "/$x%20%zz", "a thousand parts"])
  func purgeWithoutHost(path: String) async throws {
    let path = path.hasPrefix("/") ? path : String(repeating: "/part", count: 1_000)
    try await Varnish.run { varnish, _ in
      let cache = varnish.client()
      try await Visitor.visit(port: varnish.publicPort) { visit in
        for host in ["one", "two"] {
          _ = try await visit.request(path, host: host)
          _ = try await visit.request(path + "x", host: host)
          #expect(try await visit.hits(path, host: host))
        }
        try await cache.purge([(host: nil, path: path)])
        for host in ["one", "two"] {
          #expect(try await !visit.hits(path, host: host))
          #expect(try await visit.hits(path + "x", host: host))
        }
      }
      await cache.close()
    }
  }

  @Test(
    "an accent behind a sign of regular expressions does not keep its ban, or its neighbours, from working")
  func accents() async throws {
    try await Varnish.run { varnish, _ in
      let cache = varnish.client()
      try await Visitor.visit(port: varnish.publicPort) { visit in
        let paths = ["/b(\u{301}", "/caf\u{E9}", "/cafe\u{301}", "/ok"]
        for path in paths { _ = try await visit.request(path, host: "one") }
        try await cache.purge(paths.map { (host: nil, path: $0) })
        for path in paths { #expect(try await !visit.hits(path, host: "one"), "\(path)") }
      }
      await cache.close()
    }
  }

  @Test("a PURGE from anywhere but the manager's address is refused, and the page stays")
  func unauthorisedPurge() async throws {
    try await Varnish.run { varnish, _ in
      try await Visitor.visit(port: varnish.publicPort) { visit in
        _ = try await visit.request("/", host: "one")
        let answer = try await visit.request("/", host: "one", method: .PURGE)
        #expect(answer.status == .methodNotAllowed)
        #expect(try await visit.hits("/", host: "one"))
      }
      // The driver says what to do about it.
      var configuration = varnish.configuration
      let endpoint = Endpoint(host: "127.0.0.1", port: varnish.publicPort)
      configuration.purges = endpoint
      let cache = makeClient(configuration)
      let refusal = VarnishError.takesNoPurges(endpoint, status: 200)
      await #expect(throws: refusal) { try await cache.purge([(host: "one", path: "/")]) }
      #expect("\(refusal)".contains("-a tercet="))
      await cache.close()
    }
  }

  @Test("what no request can carry is in no cache, and does not hold up other purges")
  func impossibleAddresses() async throws {
    try await Varnish.run { varnish, _ in
      let cache = varnish.client()
      try await Visitor.visit(port: varnish.publicPort) { visit in
        _ = try await visit.request("/page", host: "one")
        try await cache.purge([
          (host: "one", path: "/a b"), (host: "one", path: "/a\r\nPURGE /other HTTP/1.1"),
          (host: "one\r\nX: y", path: "/"), (host: nil, path: "/a\nstop"), (host: nil, path: ""),
          (host: "one", path: "/page"),
        ])
        #expect(try await !visit.hits("/page", host: "one"))
      }
      #expect(await cache.observe().isReachable)
      await cache.close()
    }
  }

  @Test(
    "an address that Varnish refuses is banned, and holds up no other",
    arguments: [
      ("sub vcl_recv { if (req.http.host == \"odd\") { return (synth(404)); } }", "odd"),
      ("", String(repeating: "h", count: 9_000)),
    ])
  func refusedAddress(site: String, host: String) async throws {
    try await Varnish.run(before: site) { varnish, _ in
      let cache = varnish.client()
      try await Visitor.visit(port: varnish.publicPort) { visit in
        for page in ["/1", "/2", "/3"] { _ = try await visit.request(page, host: "one") }
        let purges = [("one", "/1"), (host, "/x"), ("one", "/2")].map {
          Purge.address(host: $0.0, path: $0.1)
        }
        try await cache.carryOut(.purge(purges, through: 1))
        try await cache.carryOut(.purge([purges[1]], through: 2))
        #expect(try await !visit.hits("/1", host: "one"))
        #expect(try await !visit.hits("/2", host: "one"))
        #expect(try await visit.hits("/3", host: "one"))
      }
      await cache.close()
    }
  }

  @Test("ten thousand purges without a host leave a short list of bans, and pages that were not meant")
  func manyBans() async throws {
    try await Varnish.run { varnish, _ in
      let cache = varnish.client()
      try await Visitor.visit(port: varnish.publicPort) { visit in
        for page in 0..<200 { _ = try await visit.request("/kept/\(page)", host: "one") }
        for start in stride(from: 0, to: 10_000, by: 1_000) {
          try await cache.purge((start..<start + 1_000).map { (host: nil, path: "/purged/\($0)") })
        }
        try await eventually("the list of bans is short") { await cache.observe().bans < 10 }
        for page in 0..<200 { #expect(try await visit.hits("/kept/\(page)", host: "one")) }
      }
      await cache.close()
    }
  }

  @Test("ten thousand exact purges on one connection take less than five seconds")
  func manyPurges() async throws {
    try await Varnish.run { varnish, _ in
      let cache = varnish.client()
      let began = ContinuousClock.now
      try await cache.purge((0..<10_000).map { (host: "one", path: "/page/\($0)") })
      #expect(ContinuousClock.now - began < .seconds(5))
      print("exact purges per second:", Int(10_000 / ((ContinuousClock.now - began) / .seconds(1))))
      await cache.close()
    }
  }

  @Test("a flush forgets every page")
  func flush() async throws {
    try await Varnish.run { varnish, _ in
      let cache = varnish.client()
      try await Visitor.visit(port: varnish.publicPort) { visit in
        for page in ["/1", "/2"] { _ = try await visit.request(page, host: "one") }
        try await cache.carryOut(.flush(through: 7))
        for page in ["/1", "/2"] { #expect(try await !visit.hits(page, host: "one")) }
      }
      await cache.close()
    }
  }

  @Test("the list of bans is bounded where nobody has bounded it, and what was chosen stays")
  func limits() async throws {
    try await Varnish.run { varnish, _ in
      let cache = varnish.client()
      try await cache.flush()
      #expect(try await varnish.parameter("ban_cutoff").hasPrefix("5000 "))
      #expect(try await varnish.parameter("ban_lurker_age").hasPrefix("0.100 "), "the test's own choice")
      await cache.close()
    }
  }

  @Test("the instance changes when the worker lost its memory, and not by purging")
  func instance() async throws {
    try await Varnish.run { varnish, _ in
      let cache = varnish.client()
      let before = await cache.observe()
      try await cache.flush()
      #expect(await cache.observe().instance == before.instance)

      let worker = try #require(Int32(before.instance.split(separator: ".").last ?? ""))
      kill(worker, SIGKILL)
      try await eventually("Varnish has another worker") {
        let now = await cache.observe()
        return now.isReachable && now.instance != before.instance
      }
      await cache.close()
    }
  }

  @Test("after Varnish came back at the same address, requests go through again")
  func reconnect() async throws {
    try await Varnish.run { varnish, _ in
      let cache = varnish.client()
      try await cache.purge([(host: "one", path: "/"), (host: nil, path: "/")])
      let before = await cache.observe()

      // A second Varnish takes the first one's place.
      let manager = try #require(Int32(before.instance.split(separator: ".").first ?? ""))
      kill(manager, SIGKILL)
      try await eventually("Varnish is gone") { await !cache.observe().isReachable }
      await #expect(throws: VarnishError.self) { try await cache.flush() }

      let second = try await varnish.start()
      try await cache.purge([(host: "one", path: "/"), (host: nil, path: "/")])
      #expect(await cache.observe().instance != before.instance)
      await second.end()
      await cache.close()
    }
  }

  @Test("a wrong secret is named by its file and never shown")
  func wrongSecret() async throws {
    try await Varnish.run { varnish, _ in
      var configuration = varnish.configuration
      configuration.secretFile = varnish.folder.appending(path: "wrong").path
      try "quite another".write(toFile: configuration.secretFile, atomically: true, encoding: .utf8)
      let error = await failure(of: makeClient(configuration))
      #expect(error == .secretRefused(configuration.commandLine, path: configuration.secretFile))
      #expect(error?.description.contains("quite another") == false)

      configuration.secretFile = "/nowhere/secret"
      #expect(await failure(of: makeClient(configuration)) == .secretUnreadable(path: "/nowhere/secret"))
    }
  }

  @Test("a Varnish that is silent is given up after the time allowed")
  func silence() async throws {
    let mute = try await listen(greeting: nil)
    let endpoint = Endpoint(host: "127.0.0.1", port: try #require(mute.localAddress?.port))
    var configuration = VarnishCache.Configuration(
      name: "a", commandLine: endpoint, secretFile: "/dev/null", purges: endpoint)
    configuration.replyTimeoutMilliseconds = 100
    let cache = makeClient(configuration)
    #expect(await failure(of: cache) == .timedOut(endpoint, milliseconds: 100))
    #expect(await !cache.observe().isReachable)
    await #expect(throws: VarnishError.timedOut(endpoint, milliseconds: 100)) {
      try await cache.purge([(host: "one", path: "/")])
    }
    try await mute.close()
  }

  @Test("a port where nobody listens, and one where a stranger does, are told apart")
  func strangers() async throws {
    let nobody = Endpoint(host: "127.0.0.1", port: FreePorts.take())
    var configuration = VarnishCache.Configuration(
      name: "a", commandLine: nobody, secretFile: "/dev/null", purges: nobody)
    guard case .unreachable(nobody, _) = await failure(of: makeClient(configuration)) else {
      Issue.record("an unreachable Varnish was not reported as such")
      return
    }
    let stranger = try await listen(greeting: "SSH-2.0-OpenSSH_9.2\r\n")
    configuration.commandLine.port = try #require(stranger.localAddress?.port)
    let error = await failure(of: makeClient(configuration))
    #expect(error?.description.contains("does not speak the protocol") == true)
    try await stranger.close()
  }

  private func failure(of cache: VarnishCache) async -> VarnishError? {
    do {
      try await cache.flush()
      return nil
    } catch {
      return error
    }
  }
}
