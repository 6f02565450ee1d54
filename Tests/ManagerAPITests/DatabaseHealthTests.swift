import Cluster
import FakeManager
import Manager
import ManagerAPI
import Raft
import Testing

@Suite("Database health in Patroni's manner")
struct DatabaseHealthTests {
  private static let all = [
    "/primary", "/read-write", "/leader", "/replica", "/read-only", "/sync", "/async", "/health", "/liveness",
    "/readiness",
  ]

  private static func scene(node: String) -> FakeManager {
    let manager = FakeManager(node: node)
    manager.registerNodes()
    manager.replicateDatabase()
    return manager
  }

  /// The paths that are answered with 200.
  private static func confirmed(_ manager: FakeManager) async throws -> Set<String> {
    try await DoorServerTests.withDoor(manager) { port, _ async throws in
      var confirmed: Set<String> = []
      for path in all where try await DoorServerTests.ask(port, "GET \(path)").contains(" 200 OK") {
        confirmed.insert(path)
      }
      return confirmed
    }
  }

  private static let primaryPaths: Set = [
    "/primary", "/read-write", "/leader", "/read-only", "/health", "/liveness", "/readiness",
  ]

  @Test("the primary's node confirms the primary's paths alone")
  func primary() async throws {
    #expect(try await Self.confirmed(Self.scene(node: "a")) == Self.primaryPaths)
  }

  @Test("the synchronous secondary's node confirms the replica's paths alone")
  func replica() async throws {
    #expect(
      try await Self.confirmed(Self.scene(node: "b"))
        == ["/replica", "/read-only", "/sync", "/health", "/liveness", "/readiness"])
  }

  @Test("a node without the database confirms nothing but that it lives")
  func witness() async throws {
    #expect(try await Self.confirmed(Self.scene(node: "c")) == ["/liveness"])
  }

  @Test("a server that plays the primary is not confirmed when the log names another")
  func impostor() async throws {
    let manager = Self.scene(node: "a")
    manager.decide(
      .database(DatabaseStep(database: "plone", expectedEpoch: 5, mode: .promoting(primary: "b", from: "a"))))
    #expect(try await Self.confirmed(manager) == ["/health", "/liveness"])
  }

  @Test("the log's word is not enough while the server still follows: a promotion has to have ended")
  func unfinishedPromotion() async throws {
    let manager = Self.scene(node: "b")
    for (epoch, mode) in [
      (5, Database.Mode.promoting(primary: "b", from: "a")), (6, .solo(primary: "b")),
    ] {
      manager.decide(.database(DatabaseStep(database: "plone", expectedEpoch: UInt64(epoch), mode: mode)))
      let confirmed = try await Self.confirmed(manager)
      #expect(!confirmed.contains("/primary"))
    }
    manager.updateReport(of: "b") {
      $0.databases[0].server = .primary(position: LSN(6_000), synchronousStandby: nil, standbys: [])
    }
    #expect(try await Self.confirmed(manager) == Self.primaryPaths)
  }

  @Test("an observation that has grown old confirms nothing")
  func staleReport() async throws {
    let manager = Self.scene(node: "a")
    manager.ageReport(of: "a", to: .seconds(3))
    #expect(try await Self.confirmed(manager) == ["/liveness"])
  }

  @Test(
    "in a zone that is cut off nobody is told to write, unless there is no secondary that could have taken over"
  )
  func cutOff() async throws {
    let manager = Self.scene(node: "a")
    manager.see { $0.unconfirmedFor = .milliseconds(1_900) }
    #expect(try await Self.confirmed(manager) == Self.primaryPaths)
    manager.see { $0.unconfirmedFor = .milliseconds(2_100) }
    #expect(try await Self.confirmed(manager) == ["/health", "/liveness"])
    manager.decide(.database(DatabaseStep(database: "plone", expectedEpoch: 5, mode: .solo(primary: "a"))))
    #expect(try await Self.confirmed(manager) == Self.primaryPaths)
  }

  @Test("a state left over from before a restart confirms no role")
  func leftOverState() async throws {
    let manager = Self.scene(node: "a")
    manager.see { $0.isCurrent = false }
    #expect(try await Self.confirmed(manager) == ["/health", "/liveness"])
  }

  @Test(
    "a replica's lag is held against the bound, and an unknown one is over every bound",
    arguments: [("1000", true), ("999", false), ("1kB", true), ("1MB", true), ("0", false)])
  func lag(bound: String, isWithin: Bool) async throws {
    let manager = Self.scene(node: "b")
    try await DoorServerTests.withDoor(manager) { port, _ async throws in
      let answer = try await DoorServerTests.ask(port, "GET /replica?lag=\(bound)")
      #expect(answer.contains(" 200 OK") == isWithin)
      manager.ageReport(of: "a", to: .seconds(9))
      #expect(try await DoorServerTests.ask(port, "GET /replica?lag=\(bound)").contains(" 503 "))
      #expect(try await DoorServerTests.ask(port, "GET /replica").contains(" 200 OK"))
    }
  }

  @Test("HEAD and OPTIONS are answered like GET; HEAD without a body")
  func methods() async throws {
    try await DoorServerTests.withDoor(Self.scene(node: "a")) { port, _ async throws in
      let get = try await DoorServerTests.ask(port, "GET /primary")
      for part in [
        "\"role\":\"primary\"", "\"mode\":\"sync\"", "\"epoch\":5", "\"timeline\":4", "\"writable\":true",
      ] {
        #expect(get.contains(part))
      }
      let head = try await DoorServerTests.ask(port, "HEAD /primary")
      #expect(head.contains(" 200 OK") && head.hasSuffix("\r\n\r\n"))
      #expect(try await DoorServerTests.ask(port, "OPTIONS /replica").contains(" 503 "))
      #expect(try await DoorServerTests.ask(port, "POST /primary").contains(" 405 "))
    }
  }

  @Test("the database may be left out while there is one only")
  func naming() async throws {
    let manager = Self.scene(node: "a")
    try await DoorServerTests.withDoor(manager) { port, _ async throws in
      #expect(try await DoorServerTests.ask(port, "GET /primary?database=plone").contains(" 200 OK"))
      #expect(try await DoorServerTests.ask(port, "GET /primary?database=other").contains(" 404 "))
      #expect(try await DoorServerTests.ask(port, "GET /replica?lag=much").contains(" 400 "))
      var stack = FakeManager.databaseStack()
      stack.databases.append(
        DatabaseSpecification(name: "second", zones: ["zone-a"], port: 5_433, owner: "x"))
      manager.decide(.deploy(stack))
      #expect(try await DoorServerTests.ask(port, "GET /primary").contains(" 400 "))
      #expect(try await DoorServerTests.ask(port, "GET /primary?database=plone").contains(" 200 OK"))
    }
    try await DoorServerTests.withDoor(FakeManager()) { port, _ async throws in
      #expect(try await DoorServerTests.ask(port, "GET /primary").contains(" 503 "))
    }
  }
}
