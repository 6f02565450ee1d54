import Cluster
import FakeManager
import Foundation
import Manager
import ManagerAPI
import NIOCore
import Raft
import Testing

@Suite("The zone's door")
struct DoorServerTests {
  static func withDoor<Value: Sendable>(
    _ manager: FakeManager, allow: [String] = ["127.0.0.0/8"], purge: [String]? = nil,
    idleSeconds: Int64 = 30, places: Int = 1_024,
    _ body: @escaping @Sendable (Int, @escaping @Sendable () async -> Void) async throws -> Value
  ) async throws -> Value {
    var configuration = DoorServer.Configuration(
      host: "127.0.0.1", port: 0, allowed: try NetworkList(parsing: allow), names: ["a", "127.0.0.1"],
      node: "a", version: "0.1")
    configuration.purgers = try purge.map { try NetworkList(parsing: $0) }
    configuration.idleTimeout = .seconds(idleSeconds)
    configuration.maximumConnections = places
    configuration.maximumStrangers = places / 4
    configuration.patienceWithStrangers = .minutes(10)
    return try await RunningServer.run { onListening in
      DoorServer(
        configuration: configuration, gateway: manager, registry: MetricsRegistry(),
        logger: RunningServer.quiet, onListening: onListening)
    } _: { port, shutDown async throws in
      try await body(port, shutDown)
    }
  }

  /// One request on a connection of its own.
  static func ask(_ port: Int, _ line: String, _ headers: String = "Host: a:7480") async throws -> String {
    try await RawConnection.exchange(port, "\(line) HTTP/1.1\r\n\(headers)\r\nConnection: close\r\n\r\n")
  }

  // MARK: Purging

  @Test("a PURGE is answered with 200 once it is committed, with its host and path as sent")
  func purge() async throws {
    let manager = FakeManager()
    try await Self.withDoor(manager) { port, _ async throws in
      let answer = try await Self.ask(port, "PURGE /news?x=%20", "Host: www.example.org")
      #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
      #expect(manager.purgeCalls == [[.address(host: "www.example.org", path: "/news?x=%20")]])
      let history = await manager.view().state.history.purges
      #expect(history.last?.origin == "door/a")
    }
  }

  @Test("without a quorum the answer is 503 with Retry-After, which purgers try again")
  func noQuorum() async throws {
    let manager = FakeManager()
    manager.fail(with: .noQuorum)
    try await Self.withDoor(manager) { port, _ async throws in
      let answer = try await Self.ask(port, "PURGE /x")
      #expect(answer.hasPrefix("HTTP/1.1 503 "))
      #expect(answer.contains("retry-after: 1\r\n"))
    }
  }

  @Test("who is too fast is told so with 429, in the metrics and in the log, never silently")
  func overloaded() async throws {
    let manager = FakeManager()
    manager.fail(with: .overloaded)
    try await Self.withDoor(manager) { port, _ async throws in
      let answer = try await Self.ask(port, "PURGE /x")
      #expect(answer.hasPrefix("HTTP/1.1 429 "))
      #expect(answer.contains("retry-after: 1\r\n"))
      let metrics = try await Self.ask(port, "GET /metrics")
      #expect(metrics.contains("tercet_purges_refused_total{reason=\"overloaded\"} 1\n"))
    }
  }

  @Test("a PURGE under a host that no cache takes is refused alone")
  func longHost() async throws {
    let manager = FakeManager()
    try await Self.withDoor(manager) { port, _ async throws in
      let hosts = ["one", String(repeating: "h", count: 9_000), "two"]
      let connection = try await RawConnection.open(port)
      await connection.send(hosts.map { "PURGE / HTTP/1.1\r\nHost: \($0)\r\n\r\n" }.joined())
      let text = try await connection.until { $0.components(separatedBy: "HTTP/1.1 ").count == 4 }
      let codes = text.components(separatedBy: "HTTP/1.1 ").dropFirst().map { $0.prefix(3) }
      #expect(codes == ["200", "400", "200"])
      #expect(manager.purgeCalls.flatMap(\.self) == ["one", "two"].map { .address(host: $0, path: "/") })
      connection.close()
    }
  }

  @Test("a PURGE with tags in its headers names them and no address")
  func tags() async throws {
    let manager = FakeManager()
    try await Self.withDoor(manager) { port, _ async throws in
      let answer = try await Self.ask(port, "PURGE /", "Host: a\r\nxkey: one two\r\nX-Ids-Involved: #three#")
      #expect(answer.hasPrefix("HTTP/1.1 200 "))
      #expect(manager.purgeCalls == [["one", "two", "three"].map { .key(name: $0, soft: false) }])
      let hostile = try await Self.ask(port, "PURGE /", "Host: a\r\nxkey: a\"b")
      #expect(hostile.hasPrefix("HTTP/1.1 400 "))
    }
  }

  // MARK: Batches

  static func post(_ port: Int, _ body: String) async throws -> String {
    try await RawConnection.exchange(
      port,
      "POST /v1/purge HTTP/1.1\r\nHost: a:7480\r\nConnection: close\r\nContent-Length: \(body.utf8.count)"
        + "\r\n\r\n\(body)")
  }

  @Test("a batch of addresses, bans and tags is purged together")
  func batch() async throws {
    let manager = FakeManager()
    try await Self.withDoor(manager) { port, _ async throws in
      let answer = try await Self.post(
        port,
        #"""
        {"urls": ["https://www.example.org/news", "/x?y"], "bans": ["req.url ~ ^/a"], "keys": ["k"],
         "softKeys": ["s"]}
        """#)
      #expect(answer.hasPrefix("HTTP/1.1 200 ") && answer.contains(#"{"purges":5}"#), "\(answer)")
      #expect(
        manager.purgeCalls == [
          [
            .address(host: "www.example.org", path: "/news"), .address(host: nil, path: "/x?y"),
            .ban(expression: "req.url ~ ^/a"), .key(name: "k", soft: false), .key(name: "s", soft: true),
          ]
        ])
    }
  }

  @Test("a batch with a request's identity counts once, however often it is sent")
  func batchOnce() async throws {
    let manager = FakeManager()
    manager.registerNodes()
    try await Self.withDoor(manager) { port, _ async throws in
      let body = #"{"requestID": "0123456789abcdef0123456789ABCDEF", "urls": ["/x"]}"#
      let first = try await Self.post(port, body)
      #expect(first.contains(#"{"index":4,"purges":1,"repeated":false}"#), "\(first)")
      #expect(try await Self.post(port, body).contains(#"{"index":4,"purges":1,"repeated":true}"#))
      #expect(await manager.view().state.purges.count == 1)
    }
  }

  @Test("a large batch is taken whole, one that is too large not at all")
  func batchSize() async throws {
    let manager = FakeManager()
    try await Self.withDoor(manager) { port, _ async throws in
      func body(_ count: Int) -> String {
        #"{"urls": ["# + (0..<count).map { "\"/some/longer/path/of/a/page/\($0)\"" }.joined(separator: ",")
          + "]}"
      }
      #expect(try await Self.post(port, body(10_000)).contains(#"{"purges":10000}"#))
      #expect(try await Self.post(port, body(10_001)).hasPrefix("HTTP/1.1 400 "))
      #expect(try await Self.post(port, body(40_000)).hasPrefix("HTTP/1.1 413 "))
      #expect(manager.purgeCalls.map(\.count) == [10_000])
    }
  }

  @Test("a connection that pipelines large batches is read no further than two, until they are answered")
  func pipelinedBatches() async throws {
    let manager = FakeManager()
    manager.hold()
    try await Self.withDoor(manager) { port, _ async throws in
      let body =
        #"{"urls": ["#
        + (0..<130).map { "\"/\($0)/\(String(repeating: "x", count: 8_000))\"" }
        .joined(separator: ",") + "]}"
      let batch =
        "POST /v1/purge HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
      let connection = try await RawConnection.open(port)
      async let sending: Void = connection.send(String(repeating: batch, count: 12))
      try await eventually { manager.heldCount >= 1 }
      // The event loop turns meanwhile.
      for _ in 0..<50 { _ = try await Self.ask(port, "GET /healthz") }
      #expect(manager.heldCount <= 2)
      manager.release()
      _ = try await connection.until { $0.components(separatedBy: "HTTP/1.1 200 ").count == 13 }
      await sending
      connection.close()
    }
  }

  @Test("a request with very many tags is refused alone, and one with many does not take its neighbours down")
  func manyTags() async throws {
    let manager = FakeManager()
    try await Self.withDoor(manager) { port, _ async throws in
      let tags = [9_500, 10_001].map { (0..<$0).map { String($0, radix: 36) }.joined(separator: " ") }
      let requests =
        (0..<900).map { "PURGE /\($0) HTTP/1.1\r\nHost: a\r\n\r\n" }
        + tags.map { "PURGE / HTTP/1.1\r\nHost: a\r\nxkey: \($0)\r\n\r\n" }
      let connection = try await RawConnection.open(port)
      await connection.send(requests.joined())
      let text = try await connection.until { $0.components(separatedBy: "HTTP/1.1 ").count == 903 }
      let codes = text.components(separatedBy: "HTTP/1.1 ").dropFirst().map { $0.prefix(3) }
      #expect(codes == Array(repeating: "200", count: 901) + ["400"])
      #expect(manager.purgeCalls.last?.count == 9_500)
      #expect(manager.purgeCalls.allSatisfy { $0.count <= State.maximumPurges })
      connection.close()
    }
  }

  @Test("what the manager refuses for good is 409, and not to be tried again")
  func refusedForGood() async throws {
    let manager = FakeManager()
    manager.fail(with: .refused(reason: "it takes too many bytes"))
    try await Self.withDoor(manager) { port, _ async throws in
      let answer = try await Self.post(port, #"{"urls": ["/x"]}"#)
      #expect(answer.hasPrefix("HTTP/1.1 409 ") && answer.contains("too many bytes"), "\(answer)")
      #expect(!answer.contains("retry-after"))
    }
  }

  @Test(
    "a batch that is malformed or hostile is refused with the place of the mistake, and nothing of it counts",
    arguments: [
      ("", "body"), ("[]", "body"), ("{}", "1 to 10000"), (#"{"url": ["/x"]}"#, "no key 'url'"),
      (#"{"urls": "/x"}"#, "urls"), (#"{"urls": ["x"]}"#, "'x' is neither"),
      (#"{"urls": ["/ok"], "bans": ["obj.status == 200\nstop"]}"#, "no ban expression"),
      (#"{"urls": ["/ok"], "bans": ["obj.http.x-url ~ ("]}"#, "at character 1: this ( is not closed"),
      (#"{"urls": ["/ok"], "bans": ["req.url ~ [b-a]"]}"#, "at character 2: "),
      (#"{"urls": ["/ok"], "bans": ["req.url ~ ^/(a+)+b"]}"#, "at character 4: "),
      (#"{"urls": ["/ok"], "bans": ["req.http.cookie ~ x"]}"#, "req.http.cookie"),
      (#"{"urls": ["http://\#(String(repeating: "h", count: 261))/"]}"#, "is no host"),
      (#"{"urls": ["/\#(String(repeating: "x", count: 8_192))"]}"#, "too long"),
      (#"{"keys": ["a b"]}"#, "no key"), (#"{"keys": [""]}"#, "no key"),
      (#"{"urls": ["/ok"], "requestID": "1"}"#, "requestID"),
    ])
  func badBatch(body: String, complaint: String) async throws {
    let manager = FakeManager()
    try await Self.withDoor(manager) { port, _ async throws in
      let answer = try await Self.post(port, body)
      #expect(answer.hasPrefix("HTTP/1.1 400 "), "\(answer)")
      #expect(answer.contains(complaint), "\(answer)")
      #expect(manager.purgeCalls.isEmpty)
    }
  }

  @Test("pipelined purges are answered in order, and reach the manager together, equal ones once")
  func pipelining() async throws {
    let manager = FakeManager()
    try await Self.withDoor(manager) { port, _ async throws in
      let connection = try await RawConnection.open(port)
      var requests = (0..<50).map { "PURGE /\($0 % 25) HTTP/1.1\r\nHost: a\r\n\r\n" }
      requests.insert("PURGE * HTTP/1.1\r\nHost: a\r\n\r\n", at: 10)
      requests.insert("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", at: 20)
      await connection.send(requests.joined())
      let text = try await connection.until { $0.components(separatedBy: "HTTP/1.1 ").count == 53 }
      let codes = text.components(separatedBy: "HTTP/1.1 ").dropFirst().map { $0.prefix(3) }
      #expect(codes.enumerated().allSatisfy { $0 == 10 ? $1 == "400" : $1 == "200" })
      #expect(manager.purgeCalls.count <= 3)
      #expect(manager.purgeCalls.first?.count == 25)
      connection.close()
    }
  }

  @Test("a connection is kept for HTTP/1.1, and for HTTP/1.0 only when asked")
  func keepAlive() async throws {
    try await Self.withDoor(FakeManager()) { port, _ async throws in
      let old = try await RawConnection.exchange(port, "PURGE /x HTTP/1.0\r\n\r\n")
      #expect(old.contains(" 200 OK"))
      let kept = try await RawConnection.open(port)
      await kept.send("PURGE /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
      try await kept.until { $0.contains("connection: keep-alive\r\n") }
      await kept.send("PURGE /y HTTP/1.1\r\nHost: a\r\n\r\n")
      try await kept.until { $0.components(separatedBy: " 200 OK").count == 3 }
      kept.close()
    }
  }

  // MARK: Who and what is refused

  @Test("another network gets 403 and its purge counts for nothing")
  func otherNetwork() async throws {
    let manager = FakeManager()
    try await Self.withDoor(manager, allow: ["10.0.0.0/8"]) { port, _ async throws in
      let answer = try await RawConnection.exchange(port, "PURGE /x HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(answer.hasPrefix("HTTP/1.1 403 "))
      #expect(manager.purgeCalls.isEmpty)
      let garbage = try await RawConnection.exchange(port, "\u{1}\u{2}\r\n\r\n")
      #expect(garbage.hasPrefix("HTTP/1.1 403 "))
    }
  }

  @Test("those who may not come in take few places, and keep nobody out")
  func manyStrangers() async throws {
    let manager = FakeManager()
    try await Self.withDoor(manager, allow: ["127.0.0.2/32"], places: 16) { port, _ async throws in
      var strangers: [RawConnection] = []
      for _ in 0..<40 { strangers.append(try await RawConnection.open(port)) }
      let request = "PURGE /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
      let answer = try await RawConnection.exchange(port, request, from: "127.0.0.2")
      #expect(answer.hasPrefix("HTTP/1.1 200 "))
      // All others are hung up on; had they taken the places, they would have kept them for minutes.
      try await eventually { strangers.count { !$0.isClosed } <= 4 }
      for stranger in strangers { stranger.close() }
    }
  }

  @Test("who may come in and not purge gets 403 for purges and batches, and answers to questions")
  func purgers() async throws {
    let manager = FakeManager()
    try await Self.withDoor(manager, purge: ["127.0.0.2/32"]) { port, _ async throws in
      #expect(try await Self.ask(port, "PURGE /x").hasPrefix("HTTP/1.1 403 "))
      #expect(try await Self.post(port, #"{"urls": ["/x"]}"#).contains("door.purge"))
      #expect(manager.purgeCalls.isEmpty)
      #expect(try await Self.ask(port, "GET /healthz").hasPrefix("HTTP/1.1 200 "))
    }
    try await Self.withDoor(manager, purge: ["127.0.0.1/32"]) { port, _ async throws in
      #expect(try await Self.ask(port, "PURGE /x").hasPrefix("HTTP/1.1 200 "))
    }
  }

  @Test("an address of 10 MB is refused, and the door goes on", arguments: ["PURGE", "GET"])
  func hugeAddress(method: String) async throws {
    let manager = FakeManager()
    try await Self.withDoor(manager) { port, _ async throws in
      let answer = try await Self.ask(port, "\(method) /\(String(repeating: "x", count: 10_000_000))")
      #expect(answer.hasPrefix("HTTP/1.1 414 "))
      #expect(manager.purgeCalls.isEmpty)
      #expect(try await Self.ask(port, "PURGE /x").hasPrefix("HTTP/1.1 200 "))
    }
  }

  @Test(
    "what a proxy or a cache in front brings is refused, whatever its headers claim",
    arguments: [
      "Via: 1.1 varnish", "X-Forwarded-For: 127.0.0.1", "Forwarded: for=127.0.0.1", "x-real-ip: ::1",
      "X-Varnish: 32770",
    ])
  func forwarded(header: String) async throws {
    let manager = FakeManager()
    try await Self.withDoor(manager) { port, _ async throws in
      #expect(try await Self.ask(port, "PURGE /x", "Host: a\r\n\(header)").hasPrefix("HTTP/1.1 403 "))
      let batch = "Host: a\r\n\(header)\r\nContent-Length: 0"
      #expect(try await Self.ask(port, "POST /v1/purge", batch).hasPrefix("HTTP/1.1 403 "))
      #expect(manager.purgeCalls.isEmpty)
      #expect(try await Self.ask(port, "GET /healthz", "Host: a\r\n\(header)").hasPrefix("HTTP/1.1 200 "))
    }
  }

  struct BadRequest: CustomTestStringConvertible, Sendable {
    let name: String
    let text: String
    let code: Int
    var testDescription: String { name }

    init(_ name: String, _ code: Int, _ text: String) {
      self.name = name
      self.text = text
      self.code = code
    }

    static let all: [BadRequest] = [
      .init("address over the limit", 414, "PURGE /\(filler(8_192)) HTTP/1.1\r\nHost: a\r\n\r\n"),
      .init("address far over the limit", 414, "PURGE /\(filler(40_000)) HTTP/1.1\r\nHost: a\r\n\r\n"),
      .init("address without end", 414, "PURGE /\(filler(10 << 20)) HTTP/1.1\r\nHost: a\r\n\r\n"),
      .init("long header", 431, "PURGE /x HTTP/1.1\r\nHost: a\r\nX: \(filler(100_000))\r\n\r\n"),
      .init(
        "many headers", 431,
        "PURGE /x HTTP/1.1\r\nHost: a\r\n" + String(repeating: "X: y\r\n", count: 200) + "\r\n"),
      .init("body", 413, "PURGE /x HTTP/1.1\r\nContent-Length: 100000\r\n\r\n" + filler(100_000)),
      .init("a word", 400, "GARBAGE\r\n\r\n"),
      .init("a TLS hello", 400, "\u{16}\u{3}\u{1}\u{2}hello"),
      .init("two lengths", 400, "PURGE /x HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx"),
      .init("another version", 400, "PURGE /x HTTP/9.9\r\n\r\n"),
    ]

    private static func filler(_ count: Int) -> String { String(repeating: "x", count: count) }
  }

  @Test(
    "requests beyond the limits, and what is no HTTP, get their 4xx and the end of the connection",
    arguments: BadRequest.all)
  func limits(request: BadRequest) async throws {
    let manager = FakeManager()
    try await Self.withDoor(manager) { port, _ async throws in
      let answer = try await RawConnection.exchange(port, request.text)
      #expect(answer.hasPrefix("HTTP/1.1 \(request.code) "), "\(answer.prefix(100))")
      #expect(manager.purgeCalls.isEmpty)
    }
  }

  @Test("bytes that are no UTF-8 are refused rather than purged as another address")
  func undecodable() async throws {
    let manager = FakeManager()
    try await Self.withDoor(manager) { port, _ async throws in
      let connection = try await RawConnection.open(port)
      await connection.send(Array("PURGE /".utf8) + [0xff, 0xfe] + Array(" HTTP/1.0\r\n\r\n".utf8))
      #expect(try await connection.untilClosed().hasPrefix("HTTP/1.1 400 "))
      for header in ["Host: ", "xkey: a"] {
        let connection = try await RawConnection.open(port)
        let bytes = Array("PURGE / HTTP/1.0\r\n\(header)".utf8) + [0xff] + Array("b\r\n\r\n".utf8)
        await connection.send(bytes)
        #expect(try await connection.untilClosed().hasPrefix("HTTP/1.1 400 "), "\(header)")
      }
      #expect(manager.purgeCalls.isEmpty)
    }
  }

  @Test("a client that brings its request byte by byte is not waited for")
  func slowClient() async throws {
    try await Self.withDoor(FakeManager(), idleSeconds: 1) { port, _ async throws in
      let connection = try await RawConnection.open(port)
      await connection.send("PURGE /")
      try await eventually {
        await connection.send("x")
        return connection.isClosed
      }
      #expect(connection.text.isEmpty, "it was given up, not answered")
    }
  }

  @Test("an upgrade or a tunnel is not entered")
  func upgrade() async throws {
    let manager = FakeManager()
    try await Self.withDoor(manager) { port, _ async throws in
      let upgrade = try await RawConnection.exchange(
        port, "PURGE /x HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
      #expect(upgrade.hasPrefix("HTTP/1.1 200 "))
      let tunnel = try await RawConnection.exchange(port, "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n")
      #expect(tunnel.hasPrefix("HTTP/1.1 405 "))
    }
  }

  @Test("other methods and paths get 405 and 404")
  func unknown() async throws {
    try await Self.withDoor(FakeManager()) { port, _ async throws in
      #expect(try await Self.ask(port, "DELETE /x").contains(" 405 "))
      #expect(try await Self.ask(port, "GET /x").contains(" 404 "))
    }
  }

  // MARK: Ending

  @Test("on shutdown idle connections end at once")
  func shutdown() async throws {
    try await Self.withDoor(FakeManager()) { port, shutDown async throws in
      let connection = try await RawConnection.open(port)
      await connection.send("PURGE /x HTTP/1.1\r\nHost: a\r\n\r\n")
      try await connection.until { $0.contains(" 200 OK") }
      let start = ContinuousClock.now
      await shutDown()
      try await connection.untilClosed()
      #expect(ContinuousClock.now - start < .seconds(3))
    }
  }

  // MARK: Health and metrics

  @Test("healthz is 200 only while a leader is known and the state is the cluster's")
  func healthz() async throws {
    let manager = FakeManager()
    try await Self.withDoor(manager) { port, _ async throws in
      let well = try await Self.ask(port, "GET /healthz")
      #expect(well.hasPrefix("HTTP/1.1 200 "))
      #expect(well.contains("\"leader\":\"c\""))
      manager.see { $0.leadership.leader = nil }
      #expect(try await Self.ask(port, "GET /healthz").hasPrefix("HTTP/1.1 503 "))
      manager.see {
        $0.leadership.leader = $0.managers[2].id
        $0.isCurrent = false
      }
      #expect(try await Self.ask(port, "GET /healthz").hasPrefix("HTTP/1.1 503 "))
    }
  }

  @Test("/cache is 200 while the node's caches are fresh, and 503 once one has lacked a purge for too long")
  func cacheHealth() async throws {
    let manager = FakeManager()
    try await Self.withDoor(manager) { port, _ async throws in
      #expect(try await Self.ask(port, "GET /cache").hasPrefix("HTTP/1.1 404 "))
      manager.registerNodes()
      let fresh = try await Self.ask(port, "GET /cache")
      #expect(fresh.hasPrefix("HTTP/1.1 200 ") && fresh.contains(#""fresh":true"#))
      manager.see { $0.isCurrent = false }
      #expect(try await Self.ask(port, "GET /cache").hasPrefix("HTTP/1.1 503 "), "it was just started")
      manager.see { $0.isCurrent = true }
      let index = manager.decide(.purge([.everything])).index
      let proposed = await manager.view().state.purges.batches.last?.wallClockMilliseconds ?? 0
      manager.see { $0.wallClockMilliseconds = proposed + 30_000 }
      #expect(try await Self.ask(port, "GET /cache").hasPrefix("HTTP/1.1 200 "))
      manager.see { $0.wallClockMilliseconds = proposed + 30_001 }
      let stale = try await Self.ask(port, "GET /cache?cache=cache-a")
      #expect(stale.hasPrefix("HTTP/1.1 503 ") && stale.contains(#""staleMilliseconds":30001"#))
      #expect(
        try await Self.ask(port, "GET /metrics").contains(
          "tercet_cache_stale_seconds{cache=\"cache-a\",node=\"a\"} 30.001\n"))
      manager.updateReport(of: "a") { $0.caches[0].position = index }
      #expect(try await Self.ask(port, "GET /cache").hasPrefix("HTTP/1.1 200 "))
      // A manager whose clock shows nonsense proposed the next one.
      manager.decide(.purge([.everything]), wallClockMilliseconds: .min)
      let ancient = try await Self.ask(port, "GET /cache?cache=cache-a")
      #expect(
        ancient.hasPrefix("HTTP/1.1 503 ") && ancient.contains(#""staleMilliseconds":9223372036854775807"#))
      #expect(try await Self.ask(port, "GET /cache?cache=cache-b").hasPrefix("HTTP/1.1 404 "))
    }
  }

  @Test(
    "a cache whose node hears nothing of the cluster is stale for as long; so is one that was never purged")
  func unheardOf() async throws {
    let manager = FakeManager()
    manager.registerNodes()
    try await Self.withDoor(manager) { port, _ async throws in
      manager.see { $0.unconfirmedFor = .seconds(31) }
      let cut = try await Self.ask(port, "GET /cache")
      #expect(cut.hasPrefix("HTTP/1.1 503 ") && cut.contains(#""staleMilliseconds":31000"#))
      manager.see { $0.unconfirmedFor = .zero }
      manager.updateReport(of: "a") { $0.caches[0].position = 0 }
      let new = try await Self.ask(port, "GET /cache")
      #expect(new.hasPrefix("HTTP/1.1 503 ") && !new.contains("staleMilliseconds"))
    }
  }

  @Test("a change of the leader is counted")
  func leaderChanges() async throws {
    let manager = FakeManager()
    try await Self.withDoor(manager) { port, _ async throws in
      try await eventually { manager.watchers > 0 }
      manager.see { $0.leadership.leader = nil }
      manager.see { $0.leadership.leader = $0.managers[0].id }
      try await eventually {
        try await Self.ask(port, "GET /metrics").contains("tercet_raft_leader_changes_total 1\n")
      }
    }
  }

  @Test("metrics show the cluster, the process and what was counted, each family once with HELP and TYPE")
  func metrics() async throws {
    let manager = FakeManager()
    manager.registerNodes()
    manager.decide(.deploy(FakeManager.webStack()))
    manager.replicateDatabase()
    await manager.place(ServiceName(stack: "shop", service: "web"))
    await manager.reportTasks(.serving)
    manager.updateReport(of: "a") { $0.problems = ["cache one: it was emptied", "balancer: no answer"] }
    try await Self.withDoor(manager) { port, _ async throws in
      _ = try await Self.ask(port, "PURGE /x")
      let answer = try await Self.ask(port, "GET /metrics")
      let body = answer.components(separatedBy: "\r\n\r\n")[1]
      #expect(try PrometheusCheck.complaints(body) == [])
      for line in [
        "tercet_raft_term 3", "tercet_raft_is_leader 0", "tercet_node_problems{node=\"a\"} 2",
        "tercet_manager_reachable{manager=\"b\",zone=\"zone-b\"} 1",
        "tercet_service_tasks_wanted{service=\"shop/web\"} 2",
        "tercet_service_tasks_serving{service=\"shop/web\"} 2",
        "tercet_purges_accepted_total 1", "tercet_cache_pending_purges{cache=\"cache-a\",node=\"a\"} 1",
        "tercet_database_mode{database=\"plone\",mode=\"sync\"} 1",
        "tercet_database_writable{database=\"plone\"} 1",
        "tercet_database_standby_lag_bytes{database=\"plone\",node=\"b\"} 1000",
        "tercet_http_requests_total{server=\"door\",code=\"200\"} 1",
        "tercet_build_info{version=\"0.1\",cluster=\"lab-1f2e3d4c\",node=\"a\"} 1",
      ] {
        #expect(body.contains(line + "\n"), "\(line)")
      }
      #expect(body.contains("process_resident_memory_bytes "))
      #expect(body.contains("tercet_purge_commit_seconds_bucket{le=\"+Inf\"} 1\n"))
    }
  }
}
