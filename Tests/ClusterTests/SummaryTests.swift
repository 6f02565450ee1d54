import Cluster
import Raft
import Testing

@Suite("An intent in words")
struct SummaryTests {
  private static let web = ServiceName(stack: "example", service: "web")

  private static let stack = Stack(
    name: "example",
    services: [
      Service(name: "web", template: TaskTemplate(image: "i"), mode: .replicated(2)),
      Service(name: "agent", template: TaskTemplate(image: "i"), mode: .global),
    ],
    databases: [DatabaseSpecification(name: "shop", zones: ["a", "b"], owner: "o", password: "hush")])

  @Test(
    "each intent has its words",
    arguments: [
      (.deploy(stack), "deploy example (agent everywhere, web ×2, database shop)"),
      (.deploy(Stack(name: "example")), "deploy example (empty)"),
      (.remove(stack: "example"), "remove example"),
      (.scale(web, replicas: 4), "scale example/web to 4"),
      (.promote(database: "shop"), "promote database shop"),
      (.purge([.address(host: nil, path: "/secret")]), "purge 1 address"),
      (.purge((0..<12).map { .address(host: nil, path: "/\($0)") }), "purge 12 addresses"),
      (.purge([.ban(expression: "x")]), "purge 1 ban"),
      (.purge([.ban(expression: "x"), .address(host: nil, path: "/")]), "purge 1 address and 1 ban"),
      (.purge([.key(name: "x", soft: true), .key(name: "y", soft: false)]), "purge 2 keys"),
      (.drain(node: "a1"), "drain a1"),
      (.activate(node: "a1"), "activate a1"),
      (.forget(node: "a1"), "forget node a1"),
      (.raise(.forgetsNodes), "all managers understand feature level 2"),
      (
        .register(NodeDescription(name: "a1", zone: "a", address: "10.0.0.1")),
        "register node a1 in zone a"
      ),
      (.health(node: "a1", .lost), "node a1 is lost"),
      (.health(node: "a1", .ready), "node a1 is back"),
      (
        .assign(
          remove: [TaskID(300)], add: [Assignment(service: web, slot: 1, node: "b1", revision: 9)]),
        "run example/web.1 on b1; stop 8c"
      ),
      (.assign(remove: [], add: []), "assign nothing"),
      (.rollout(web, revision: 9, .failed(count: 1)), "rollout of example/web to 9: 1 task failed"),
      (.rollout(web, revision: 9, .completed), "rollout of example/web to 9: completed"),
      (.rollout(web, revision: 9, .paused(reason: "late")), "rollout of example/web to 9: paused, late"),
      (
        .rollout(web, revision: 9, .rollBack(reason: "late")),
        "rollout of example/web to 9: rolled back, late"
      ),
      (
        .database(
          DatabaseStep(database: "shop", expectedEpoch: 1, mode: .sync(primary: "a1", secondary: "b1"))),
        "database shop: on a1, replicated to b1"
      ),
      (.cachePositions([CachePosition(cache: "va", position: 7)]), "caches: va at 7"),
    ] as [(Intent, String)])
  func words(_ intent: Intent, _ expected: String) {
    #expect(intent.summary == expected)
  }

  @Test("no word of a secret, and no more than one short line, whatever the intent")
  func bounded() {
    for seed in 0..<2_000 as Range<UInt64> {
      var random = RandomValues(seed: seed)
      let summary = random.intent().summary
      #expect(summary.unicodeScalars.count <= Intent.maximumSummaryLength, "seed \(seed)")
      #expect(!summary.unicodeScalars.contains { $0.value < 32 }, "seed \(seed)")
    }
    var stack = Self.stack
    stack.services[0].template.environment = [Setting("PASSWORD", "hush")]
    #expect(!Intent.deploy(stack).summary.contains("hush"))
  }

  @Test("a long list shows its beginning and its length")
  func longList() {
    let add = (1...30).map { Assignment(service: Self.web, slot: $0, node: "a", revision: 9) }
    let summary = Intent.assign(remove: [], add: add).summary
    #expect(summary.hasPrefix("run example/web.1 on a, example/web.2 on a, "))
    #expect(summary.hasSuffix(" and 22 more"))
  }

  @Test("what does not fit is cut visibly; what just fits is not")
  func cut() {
    let fits = Intent.drain(node: String(repeating: "n", count: 200 - "drain ".count)).summary
    #expect(fits.unicodeScalars.count == 200)
    #expect(fits.hasSuffix("n"))
    let summary = Intent.drain(node: String(repeating: "n", count: 300)).summary
    #expect(summary.unicodeScalars.count == 200)
    #expect(summary.hasSuffix("n…"))
  }
}
