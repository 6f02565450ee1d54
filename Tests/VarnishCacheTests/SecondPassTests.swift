import Cluster
import NIOHTTP1
import Synchronization
import Testing
import VarnishCache

@Suite("What is left to be done after a purge", .serialized, .timeLimit(.minutes(2)))
struct SecondPassTests {
  @Test(
    "an address that is neither in the cache nor on its way there needs one look, and leaves nothing to be done"
  )
  func atOnce() async throws {
    try await Varnish.run { varnish, _ in
      let cache = varnish.client()
      let purges = (0..<50).map { Purge.address(host: "one", path: "/nowhere/\($0)") }
      try await cache.carryOut(.purge(purges, through: 1))
      #expect(await cache.observe().settledThrough == 1)
      try await Visitor.visit(port: varnish.publicPort) { visit in
        _ = try await visit.request("/nowhere/3", host: "one")
        try await cache.carryOut(.purge(purges, through: 2))
        #expect(try await !visit.hits("/nowhere/3", host: "one"))
      }
      try await eventually("the one that was there is settled, too") {
        await cache.observe().settledThrough == 2
      }
      await cache.close()
    }
  }

  @Test("what is answered at once is not asked for again, though a page behind it is being fetched")
  func part() async throws {
    let heads = Mutex<[String]>([])
    let stub = try await StubPurges.start { head in
      guard head.hasPrefix("PURGE ") else { return .status(403) }
      heads.withLock { $0.append(head) }
      guard head.contains("X-Tercet-At-Once") else { return .status(200) }
      return head.contains("Host: two") ? .silence : .status(210)
    }
    var configuration = VarnishCache.Configuration(
      name: "a", commandLine: stub.endpoint, secretFile: "/dev/null", purges: stub.endpoint)
    configuration.replyTimeoutMilliseconds = 20_000
    let cache = makeClient(configuration)
    try await cache.purge(["one", "two", "three"].map { (host: $0, path: "/") })
    let plain = heads.withLock { $0 }.filter { !$0.contains("X-Tercet") }
    #expect(plain == ["two", "three"].map { "PURGE / HTTP/1.1\r\nHost: \($0)" })
    await cache.close()
    await stub.stop()
  }

  @Test("a page that is kept beyond its grace goes as well")
  func kept() async throws {
    let site = """
      sub vcl_backend_response {
        set beresp.ttl = 0.01s;
        set beresp.grace = 0s;
        set beresp.keep = 1h;
      }
      """
    try await Varnish.run(site: site) { varnish, _ in
      let cache = varnish.client()
      try await Visitor.visit(port: varnish.publicPort) { visit in
        _ = try await visit.request("/page", host: "one")
        try await eventually("it is old") { try await !visit.hits("/page", host: "one") }
      }
      #expect(try #require(await cache.observe().counts).objects > 0)
      try await cache.carryOut(.purge([.address(host: "one", path: "/page")], through: 1))
      try await eventually("nothing is kept") {
        // One counts now and then only.
        let another = varnish.client()
        defer { _Concurrency.Task { await another.close() } }
        return await another.observe().counts?.objects == 0
      }
      await cache.close()
    }
  }

  @Test(
    "the fetches of a page that is said to be uncacheable, or to be passed, now and then are waited for",
    arguments: ["X-Uncacheable", "X-Passed"])
  func hitForMiss(header: String) async throws {
    let site = """
      sub vcl_backend_response {
        if (bereq.http.X-Uncacheable) {
          set beresp.uncacheable = true;
          set beresp.ttl = 1h;
        }
        if (bereq.http.X-Passed) {
          return (pass(1h));
        }
      }
      """
    try await Varnish.run(site: site) { varnish, origin in
      let cache = varnish.client()
      // So that the next are fetched at the same time.
      try await Visitor.visit(port: varnish.publicPort) { visit in
        _ = try await visit.request("/page", host: "one", headers: ["X-Uncacheable": "1"])
      }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for (place, headers) in ([[header: "1"], [:]] as [HTTPHeaders]).enumerated() {
          group.addTask {
            try await Visitor.visit(port: varnish.publicPort) { visit in
              var headers = headers
              headers.add(name: "X-Hold", value: "1")
              _ = try await visit.request("/page", host: "one", headers: headers)
            }
          }
          try await eventually("the fetch is under way") { origin.heldCount == place + 1 }
        }
        origin.edit()
        try await cache.carryOut(.purge([.address(host: "one", path: "/page")], through: 1))
        // The page is uncacheable again, or passed, and the other fetch goes on.
        origin.release(1)
        try await group.next()
        // Longer than addresses are gathered for their second purge.
        let end = ContinuousClock.now + .milliseconds(300)
        while ContinuousClock.now < end {
          try #require(await cache.observe().settledThrough == 0, "the other fetch is still under way")
        }
        origin.release()
        try await group.waitForAll()
      }
      try await eventually("nothing is left to be done") { await cache.observe().settledThrough == 1 }
      try await Visitor.visit(port: varnish.publicPort) { visit in
        let answer = try await visit.request("/page", host: "one")
        #expect(answer.headers["X-Edition"] == ["2"])
      }
      await cache.close()
    }
  }

  @Test(
    "a page that is there again and again is purged for as long as a fetch may have begun before its purge"
  )
  func again() async throws {
    // Purged, and there again: never settled.
    let (took, asked) = try await settle(patience: 1_500) { _ in .status(409) }
    #expect(took >= .milliseconds(1_500) && asked >= 2)
  }

  @Test("what a lost connection has taken along is done again, and what Varnish could not do")
  func lostConnection() async throws {
    // Also on a new connection: as if Varnish had hung up for want of room.
    let (took, asked) = try await settle(patience: 20_000) {
      switch $0 {
      case 1, 2: .end
      case 3: .status(503)
      default: .status(200)
      }
    }
    #expect(asked == 4 && took < .seconds(20))
  }

  @Test("what waited with a page that is fetched for too long is purged without it")
  func alone() async throws {
    let asked = Mutex<[String]>([])
    let stub = try await StubPurges.start { head in
      if head.hasPrefix("GET ") { return .status(403) }
      guard head.contains("X-Tercet-Settle") else {
        return .status(head.contains("X-Tercet-More") ? 207 : 200)
      }
      asked.withLock { $0.append(head) }
      return head.contains("/slow") ? .silence : .status(200)
    }
    try await Varnish.run { varnish, _ in
      var configuration = varnish.configuration
      configuration.purges = stub.endpoint
      configuration.fetchTimeoutMilliseconds = 1_500
      let cache = makeClient(configuration)
      let purges = ["/slow", "/fast"].map { Purge.address(host: "one", path: $0) }
      try await cache.carryOut(.purge(purges, through: 1))
      try await eventually("the one is settled, the other given up") {
        await cache.observe().settledThrough == 1
      }
      #expect(asked.withLock { $0 }.contains { $0.hasPrefix("PURGE /fast ") && !$0.contains("/slow") })
      await cache.close()
    }
    await stub.stop()
  }

  @Test("a slow page that is purged again and again holds up no other, and is purged again when it is there")
  func slowPage() async throws {
    let asked = Mutex<[String]>([])
    let isSlow = Mutex(true)
    let stub = try await StubPurges.start { head in
      if head.hasPrefix("GET ") { return .status(403) }
      guard head.contains("X-Tercet-Settle") else { return .status(200) }
      asked.withLock { $0.append(head.contains("/slow") ? "slow" : "other") }
      return head.contains("/slow") && isSlow.withLock({ $0 }) ? .silence : .status(200)
    }
    try await Varnish.run { varnish, _ in
      var configuration = varnish.configuration
      configuration.purges = stub.endpoint
      configuration.fetchTimeoutMilliseconds = 8_000
      let cache = makeClient(configuration)
      func purge(_ path: String, _ through: UInt64) async throws {
        try await cache.carryOut(.purge([.address(host: "one", path: path)], through: through))
      }
      try await purge("/slow", 1)
      try await eventually("it is being waited for") { asked.withLock { $0 } == ["slow"] }
      for through in 2...6 as ClosedRange<UInt64> { try await purge("/slow", through) }
      let began = ContinuousClock.now
      try await purge("/other", 7)
      try await eventually("the other is purged a second time") { asked.withLock { $0.contains("other") } }
      #expect(ContinuousClock.now - began < .seconds(6))
      #expect(asked.withLock { $0.count { $0 == "slow" } } == 1, "nobody else waits for it")
      #expect(await cache.observe().settledThrough == 0)
      isSlow.withLock { $0 = false }
      try await eventually("the first is given up, and the last is done") {
        await cache.observe().settledThrough == 7
      }
      #expect(asked.withLock { $0.count { $0 == "slow" } } >= 2)
      await cache.close()
    }
    await stub.stop()
  }

  @Test("what is purged with many others does not wait for a slow page among the first")
  func manyPages() async throws {
    let asked = Mutex(0)
    let stub = try await StubPurges.start { head in
      if head.hasPrefix("GET ") { return .status(403) }
      let isOne = !head.contains("X-Tercet-More")
      guard head.contains("X-Tercet-Settle") else { return .status(isOne ? 200 : 207) }
      asked.withLock { $0 += 1 }
      return head.contains("/page/7 ") || head.hasSuffix("/page/7") ? .silence : .status(isOne ? 200 : 207)
    }
    var configuration = VarnishCache.Configuration(
      name: "a", commandLine: stub.endpoint, secretFile: "/dev/null", purges: stub.endpoint)
    configuration.fetchTimeoutMilliseconds = 40_000
    let cache = makeClient(configuration)
    let began = ContinuousClock.now
    try await cache.purge((0..<1_000).map { (host: "one", path: "/page/\($0)") })
    // Three batches of four, in bundles of five.
    try await eventually("all others are purged a second time") { asked.withLock { $0 } > 150 }
    #expect(ContinuousClock.now - began < .seconds(20))
    await cache.close()
    await stub.stop()
  }

  /// Purges a page and waits until it is settled; returns how long that took, and how often it was asked for.
  ///
  /// - Parameter answers: what the first, second… settling purge is answered.
  private func settle(
    patience: Int, answers: @escaping @Sendable (Int) -> StubPurges.Answer
  ) async throws -> (took: Swift.Duration, asked: Int) {
    let asked = Mutex(0)
    let stub = try await StubPurges.start { head in
      if head.hasPrefix("GET ") { return .status(403) }
      guard head.contains("X-Tercet-Settle") else { return .status(200) }
      return answers(
        asked.withLock {
          $0 += 1
          return $0
        })
    }
    var took = Swift.Duration.zero
    try await Varnish.run { varnish, _ in
      var configuration = varnish.configuration
      configuration.purges = stub.endpoint
      configuration.fetchTimeoutMilliseconds = patience
      let cache = makeClient(configuration)
      let began = ContinuousClock.now
      try await cache.carryOut(.purge([.address(host: "one", path: "/page")], through: 1))
      #expect(await cache.observe().settledThrough == 0)
      try await eventually("it is settled") { await cache.observe().settledThrough == 1 }
      took = .now - began
      await cache.close()
    }
    await stub.stop()
    return (took, asked.withLock { $0 })
  }

  @Test("a server that answers 200 to whatever it is asked is not taken for a Varnish")
  func stranger() async throws {
    let stub = try await StubPurges.start { _ in .status(200) }
    var configuration = VarnishCache.Configuration(
      name: "a", commandLine: stub.endpoint, secretFile: "/dev/null", purges: stub.endpoint)
    configuration.replyTimeoutMilliseconds = 1_000
    let cache = makeClient(configuration)
    await #expect(throws: VarnishError.takesNoPurges(stub.endpoint, status: 200)) {
      try await cache.purge([(host: "one", path: "/")])
    }
    await cache.close()
    await stub.stop()
  }
}
