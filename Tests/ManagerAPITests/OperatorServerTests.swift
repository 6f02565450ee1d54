import AsyncHTTPClient
import Cluster
import ClusterAuthority
import FakeManager
import Foundation
import Manager
import ManagerAPI
import NIOCore
import NIOHTTP1
import NIOSSL
import Raft
import Testing

@Suite("The operators' API")
struct OperatorServerTests {
  /// A client that knows nothing of the API.
  struct PlainClient: Sendable {
    let client: HTTPClient
    let port: Int

    struct Answer {
      let status: Int
      let headers: [String: String]
      let text: String
    }

    func ask(_ path: String, post body: String? = nil) async throws -> Answer {
      var request = HTTPClientRequest(url: "https://127.0.0.1:\(port)\(path)")
      if let body {
        request.method = .POST
        request.body = .bytes(Array(body.utf8))
      }
      let response = try await client.execute(request, timeout: .seconds(60))
      let text = String(buffer: try await response.body.collect(upTo: 10 << 20))
      let headers = Dictionary(response.headers.map { ($0.name.lowercased(), $0.value) }) { first, _ in first
      }
      return Answer(status: Int(response.status.code), headers: headers, text: text)
    }
  }

  static func tls(_ credentials: Credentials?, authority: String) throws -> TLSConfiguration {
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(authority.utf8)))
    if let credentials {
      tls.certificateChain = try NIOSSLCertificate.fromPEMBytes(Array(credentials.certificatePEM.utf8))
        .map { .certificate($0) }
      tls.privateKey = .privateKey(
        try NIOSSLPrivateKey(bytes: Array(credentials.keyPEM.utf8), format: .pem))
    }
    return tls
  }

  @discardableResult
  static func withServer<Value: Sendable>(
    _ manager: FakeManager, cluster: TestCluster, credentials: Credentials?,
    _ change: (inout OperatorServer.Configuration) -> Void = { _ in },
    _ body: @escaping @Sendable (PlainClient) async throws -> Value
  ) async throws -> Value {
    let tls = try tls(credentials, authority: try cluster.authority.certificatePEM)
    return try await cluster.run(manager, change) { _, port in
      let client = HTTPClient(configuration: .init(tlsConfiguration: tls))
      do {
        let value = try await body(PlainClient(client: client, port: port))
        try await client.shutdown()
        return value
      } catch {
        try await client.shutdown()
        throw error
      }
    }
  }

  @discardableResult
  static func withOperator<Value: Sendable>(
    _ manager: FakeManager, _ change: (inout OperatorServer.Configuration) -> Void = { _ in },
    _ body: @escaping @Sendable (PlainClient) async throws -> Value
  ) async throws -> Value {
    let cluster = try TestCluster()
    let credentials = try cluster.authority.issueOperator(name: "ana")
    return try await withServer(manager, cluster: cluster, credentials: credentials, change, body)
  }

  private static let id = "00112233445566778899aabbccddeeff"

  // MARK: Who may come in

  @Test("without a client certificate nobody comes in")
  func noCertificate() async throws {
    let manager = FakeManager()
    try await Self.withServer(manager, cluster: try TestCluster(), credentials: nil) { client async throws in
      await #expect(throws: (any Error).self) { try await client.ask("/v1/status") }
    }
  }

  @Test("another authority's operator does not come in, whatever its certificate says")
  func foreignCertificate() async throws {
    let foreign = try TestCluster().authority.issueOperator(name: "ana")
    try await Self.withServer(FakeManager(), cluster: try TestCluster(), credentials: foreign) {
      client async throws in
      await #expect(throws: (any Error).self) { try await client.ask("/v1/status") }
    }
  }

  @Test("a certificate for another cluster is refused, though the authority made it")
  func otherCluster() async throws {
    let cluster = try TestCluster()
    let credentials = try cluster.authority.issueOperator(name: "ana")
    try await Self.withServer(FakeManager(), cluster: cluster, credentials: credentials) {
      $0.cluster = "other-00000000"
    } _: { client async throws in
      let answer = try await client.ask("/v1/status")
      #expect(answer.status == 403)
      #expect(answer.text.contains("other-00000000"))
    }
  }

  @Test("managers may look, and only operators may want something")
  func managers() async throws {
    let cluster = try TestCluster()
    let credentials = try cluster.authority.issueManager(name: "b", id: 2, addresses: ["127.0.0.1"])
    let manager = FakeManager()
    try await Self.withServer(manager, cluster: cluster, credentials: credentials) { client async throws in
      #expect(try await client.ask("/v1/status").status == 200)
      let answer = try await client.ask(
        "/v1/intents", post: #"{"requestID": "\#(Self.id)", "intent": {"drain": {"node": "a"}}}"#)
      #expect(answer.status == 403)
      #expect(manager.origins.isEmpty)
    }
  }

  // MARK: Intents

  @Test("an intent is applied once under the operator's name, and answered again when it is sent again")
  func intent() async throws {
    let manager = FakeManager()
    manager.registerNodes()
    try await Self.withOperator(manager) { client async throws in
      let body = #"{"requestID": "\#(Self.id)", "intent": {"drain": {"node": "a"}}}"#
      let first = try await client.ask("/v1/intents", post: body)
      #expect(first.status == 200)
      #expect(first.text == #"{"index":4,"outcome":"accepted","repeated":false}"# + "\n")
      let second = try await client.ask("/v1/intents", post: body)
      #expect(second.text == #"{"index":4,"outcome":"accepted","repeated":true}"# + "\n")
      #expect(manager.origins == ["operator/ana", "operator/ana"])
      let other =
        #"{"requestID": "\#(Self.id.replacing("00", with: "11"))", "intent": {"drain": {"node": "a"}}}"#
      #expect(try await client.ask("/v1/intents", post: other).text.contains("unchanged"))
    }
  }

  @Test(
    "every kind of intent is understood",
    arguments: [
      (#"{"remove": {"stack": "shop"}}"#, "remove"),
      (#"{"scale": {"service": "shop/web", "replicas": 5}}"#, "scale"),
      (#"{"promote": {"database": "plone"}}"#, "promote"),
      (
        #"{"purge": {"purges": [{"address": {"path": "/x"}}, {"ban": {"expression": "req.url ~ /"}}]}}"#,
        "purge"
      ),
      (#"{"drain": {"node": "a"}}"#, "drain"), (#"{"activate": {"node": "a"}}"#, "activate"),
    ])
  func kinds(intent: String, word: String) async throws {
    let manager = FakeManager()
    manager.registerNodes()
    manager.decide(.deploy(FakeManager.webStack()))
    manager.replicateDatabase()
    try await Self.withOperator(manager) { client async throws in
      let answer = try await client.ask(
        "/v1/intents", post: #"{"requestID": "\#(Self.id)", "intent": \#(intent)}"#)
      #expect(answer.status == 200, "\(answer.text)")
      let history = await manager.view().state.history
      #expect(
        (history.intents.last { $0.origin == "operator/ana" } ?? history.purges.last)?.summary.contains(word)
          == true)
    }
  }

  @Test("a stack goes in as it comes out")
  func stackRoundTrip() async throws {
    let manager = FakeManager()
    manager.registerNodes()
    manager.decide(.deploy(FakeManager.webStack()))
    try await Self.withOperator(manager) { client async throws in
      let stack = try await client.ask("/v1/stacks/shop")
      #expect(stack.status == 200)
      let answer = try await client.ask(
        "/v1/intents", post: #"{"requestID": "\#(Self.id)", "intent": {"deploy": \#(stack.text)}}"#)
      #expect(answer.text.contains("unchanged"))
      #expect(try await client.ask("/v1/stacks/none").status == 404)
    }
  }

  @Test("a refused intent is 409 with the reason")
  func refused() async throws {
    try await Self.withOperator(FakeManager()) { client async throws in
      let answer = try await client.ask(
        "/v1/intents", post: #"{"requestID": "\#(Self.id)", "intent": {"drain": {"node": "z"}}}"#)
      #expect(answer.status == 409)
      #expect(answer.text.contains(#""outcome":"refused","reason":"there is no node z""#))
    }
  }

  @Test(
    "without a quorum, and when overloaded, the answer is 503 with Retry-After and its own code",
    arguments: [
      (GatewayError.noQuorum, "noQuorum"), (.overloaded, "overloaded"), (.stopped(reason: "x"), "stopped"),
    ])
  func unable(error: GatewayError, code: String) async throws {
    let manager = FakeManager()
    manager.fail(with: error)
    try await Self.withOperator(manager) { client async throws in
      for (path, body) in [
        ("/v1/intents", #"{"requestID": "\#(Self.id)", "intent": {"drain": {"node": "a"}}}"#),
        ("/v1/stacks/shop", nil),
      ] {
        let answer = try await client.ask(path, post: body)
        #expect(answer.status == 503)
        #expect(answer.headers["retry-after"] == "1")
        #expect(answer.text.contains(#""code":"\#(code)""#))
      }
    }
  }

  @Test(
    "what is wrong with a body is said with its place",
    arguments: [
      ("", "the body"), ("[]", "the body: it must be an object"),
      ("{\"requestID\": 5}", "requestID: it must be a text"),
      (#"{"requestID": "xyz", "intent": {}}"#, "requestID: it must be 32 hexadecimal digits"),
      (#"{"requestID": "\#(id)"}"#, "intent: it is missing"),
      (#"{"requestID": "\#(id)", "intent": {}}"#, "intent: it must have exactly one key of deploy,"),
      (#"{"requestID": "\#(id)", "intent": {"explode": {}}}"#, "intent: it must have exactly one key of"),
      (
        #"{"requestID": "\#(id)", "intent": {"drain": {"node": "a"}, "activate": {"node": "a"}}}"#,
        "intent: it must have exactly one key"
      ),
      (
        #"{"requestID": "\#(id)", "intent": {"scale": {"service": "shop/web", "replicas": "many"}}}"#,
        "intent.scale.replicas: it must be a whole number"
      ),
      (
        #"{"requestID": "\#(id)", "intent": {"scale": {"service": "web", "replicas": 1}}}"#,
        "intent.scale: service must read stack/service"
      ),
      (
        #"{"requestID": "\#(id)", "intent": {"deploy": {"name": "x", "services": [{}], "databases": []}}}"#,
        "intent.deploy.services[0].name: it is missing"
      ),
    ])
  func badBody(body: String, message: String) async throws {
    try await Self.withOperator(FakeManager()) { client async throws in
      let answer = try await client.ask("/v1/intents", post: body)
      #expect(answer.status == 400)
      #expect(answer.text.contains(message), "\(answer.text)")
    }
  }

  @Test("a body over the limit is 413, one that does not come is 408")
  func bodyLimits() async throws {
    try await Self.withOperator(FakeManager()) {
      $0.maximumBodyBytes = 1_000
    } _: { client async throws in
      let answer = try await client.ask("/v1/intents", post: String(repeating: " ", count: 2_000))
      #expect(answer.status == 413)
    }
    try await Self.withOperator(FakeManager()) {
      $0.bodyTimeout = .milliseconds(200)
    } _: { client async throws in
      var request = HTTPClientRequest(url: "https://127.0.0.1:\(client.port)/v1/intents")
      request.method = .POST
      let (silence, _) = AsyncStream<ByteBuffer>.makeStream()
      request.body = .stream(silence, length: .known(Int64(100)))
      let response = try await client.client.execute(request, timeout: .seconds(60))
      #expect(response.status == .requestTimeout)
    }
  }

  @Test("other paths and wrong parameters are 404 and 400")
  func unknown() async throws {
    try await Self.withOperator(FakeManager()) { client async throws in
      #expect(try await client.ask("/v1/nothing").status == 404)
      #expect(try await client.ask("/v1/status", post: "{}").status == 404)
      let answer = try await client.ask("/v1/history?after=yesterday")
      #expect(answer.status == 400 && answer.text.contains("after must be a whole number"))
      #expect(try await client.ask("/v1/logs/shop/-x").status == 400)
      // Nanoseconds do not reach so far.
      for since in ["9223372036854775807", "9223372036855", "-1"] {
        let answer = try await client.ask("/v1/logs/shop/web?since=\(since)")
        #expect(
          answer.status == 400
            && answer.text.contains("since must be a whole number from 0 to 9223372036854,"))
      }
    }
  }

  @Test("garbage, plain HTTP and silence at the TLS port harm nobody")
  func garbage() async throws {
    try await Self.withOperator(FakeManager()) {
      $0.idleTimeout = .milliseconds(300)
    } _: { client async throws in
      let plain = try await RawConnection.exchange(client.port, "GET /v1/status HTTP/1.1\r\n\r\n")
      #expect(!plain.contains("HTTP/1.1 200"))
      let random = try await RawConnection.open(client.port)
      await random.send((0..<2_000).map { _ in UInt8.random(in: 0...255) })
      try await random.untilClosed()
      let silent = try await RawConnection.open(client.port)
      try await silent.untilClosed()
      #expect(try await client.ask("/v1/status").status == 200)
    }
  }

  @Test("silent connections that take all places do not keep an operator out, and who is in stays in")
  func silence() async throws {
    let manager = FakeManager()
    try await Self.withOperator(manager) {
      $0.maximumConnections = 17
      $0.handshakeTimeout = .milliseconds(500)
    } _: { client async throws in
      let watch = HTTPClientRequest(url: "https://127.0.0.1:\(client.port)/v1/watch")
      let stream = try await client.client.execute(watch, timeout: .seconds(60))
      var silent: [RawConnection] = []
      for _ in 0..<16 { silent.append(try await RawConnection.open(client.port)) }
      // The client gives up long before the server's 60 s of idleness.
      #expect(try await client.ask("/v1/status").status == 200)
      for connection in silent { try await connection.untilClosed() }
      #expect(stream.status == .ok && manager.watchers == 1)
    }
  }

  // MARK: Reading

  @Test("the status has the leader, the term and every manager, and begins with what is wrong")
  func status() async throws {
    let manager = FakeManager()
    manager.registerNodes()
    manager.decide(.deploy(FakeManager.webStack()))
    manager.replicateDatabase()
    manager.see { $0.managers[1].isReachable = false }
    try await Self.withOperator(manager) { client async throws in
      let answer = try await client.ask("/v1/status")
      let root = try #require(
        try JSONSerialization.jsonObject(with: Data(answer.text.utf8)) as? [String: Any])
      let leader = try #require(root["leader"] as? [String: String])
      #expect(leader == ["name": "c", "zone": "zone-c"])
      #expect(root["term"] as? Int == 3)
      #expect(root["commitIndex"] as? Int == 9)
      let managers = try #require(root["managers"] as? [[String: Any]])
      #expect(managers.map { $0["name"] as? String } == ["a", "b", "c"])
      #expect(managers.map { $0["reachable"] as? Bool } == [true, false, true])
      #expect(managers[0]["appliedIndex"] as? Int == 9)
      let problems = try #require(root["problems"] as? [String])
      #expect(
        problems == [
          "manager b in zone zone-b is not reachable from a", "service shop/web: 0 of 2 tasks at work",
          "cache cache-a is not reachable; it lacks no purge",
          "cache cache-b is not reachable; it lacks no purge",
        ])
    }
  }

  @Test("a database with one copy left is named, one that was to have one copy is not")
  func unreplicated() async throws {
    let manager = FakeManager()
    manager.registerNodes()
    manager.replicateDatabase()
    manager.decide(.database(DatabaseStep(database: "plone", expectedEpoch: 5, mode: .solo(primary: "a"))))
    var status = ViewReader(await manager.view()).status
    #expect(status.problems.first == "database plone is not replicated: alone on a")
    var stack = FakeManager.databaseStack()
    stack.databases[0].zones = ["zone-a"]
    manager.decide(.deploy(stack))
    status = ViewReader(await manager.view()).status
    #expect(!status.problems.contains { $0.hasPrefix("database") })
  }

  @Test("services are listed with their tasks, where they are and since when")
  func services() async throws {
    let manager = FakeManager()
    manager.registerNodes()
    manager.decide(.deploy(FakeManager.webStack()))
    await manager.place(ServiceName(stack: "shop", service: "web"))
    await manager.reportTasks(.ended(succeeded: false, message: "exit code 3"))
    try await Self.withOperator(manager) { client async throws in
      let answer = try await client.ask("/v1/services?stack=shop")
      for part in [
        #""name":"shop/web""#, #""slot":2"#, #""node":"b""#, #""zone":"zone-b""#, #""image":"web:1""#,
        #""phase":"failed""#, #""message":"exit code 3""#, #""placedMilliseconds":1700000000004"#,
        #""wanted":true"#,
      ] {
        #expect(answer.text.contains(part), "\(part)")
      }
      #expect(try await client.ask("/v1/services?stack=other").text.contains(#""services":[]"#))
    }
  }

  @Test("the history tells who wanted what and what became of it")
  func history() async throws {
    let manager = FakeManager()
    try await Self.withOperator(manager) { client async throws in
      _ = try await client.ask(
        "/v1/intents", post: #"{"requestID": "\#(Self.id)", "intent": {"drain": {"node": "z"}}}"#)
      let answer = try await client.ask("/v1/history")
      for part in [#""origin":"operator/ana""#, #""outcome":"refused""#, #""reason":"there is no node z""#] {
        #expect(answer.text.contains(part))
      }
      #expect(try await client.ask("/v1/history?after=1").text.contains(#""records":[]"#))
    }
  }

  // MARK: Streams

  @Test("too many streams are turned away, and a stream that ends makes room")
  func streamLimit() async throws {
    let manager = FakeManager()
    try await Self.withOperator(manager) {
      $0.maximumStreams = 1
    } _: { client async throws in
      let url = "https://127.0.0.1:\(client.port)/v1/watch"
      var first: HTTPClientResponse? = try await client.client.execute(
        HTTPClientRequest(url: url), timeout: .seconds(9))
      #expect(first?.status == .ok)
      #expect(try await client.ask("/v1/watch").status == 503)
      first = nil
      try await eventually { manager.watchers == 0 }
      let second = try await client.client.execute(HTTPClientRequest(url: url), timeout: .seconds(9))
      #expect(second.status == .ok)
    }
  }

  @Test("a shutdown ends streams at once")
  func shutdown() async throws {
    let cluster = try TestCluster()
    let manager = FakeManager()
    let tls = try Self.tls(
      try cluster.authority.issueOperator(name: "ana"), authority: try cluster.authority.certificatePEM)
    try await RunningServer.run { onListening in
      try cluster.server(manager, name: "a", onListening: onListening)
    } _: { port, shutDown async throws in
      let client = HTTPClient(configuration: .init(tlsConfiguration: tls))
      let request = HTTPClientRequest(url: "https://127.0.0.1:\(port)/v1/watch")
      var parts = try await client.execute(request, timeout: .seconds(9)).body.makeAsyncIterator()
      _ = try await parts.next()
      let start = ContinuousClock.now
      await shutDown()
      while try await parts.next() != nil {}
      // Without the shutdown's word it would go on for ever; a busy machine may take its time to pass it on.
      #expect(ContinuousClock.now - start < .seconds(5))
      #expect(manager.watchers == 0)
      try await client.shutdown()
    }
  }
}
