import Cluster
import FakeManager
import Foundation
import Manager
import ManagerAPI
import Raft
import Testing

/// The built command against a manager: what it prints and, above all, how it ends.
@Suite("tercet's commands")
struct CommandTests {
  private static let web = ServiceName(stack: "shop", service: "web")

  private static func scene() -> FakeManager {
    let manager = FakeManager()
    manager.registerNodes()
    return manager
  }

  /// Plays the controllers and the nodes: whatever is wanted is placed and serves at once.
  private static func obliging(
    _ manager: FakeManager, _ body: @escaping @Sendable () async throws -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        for await _ in await manager.changes() {
          let state = await manager.view().state
          for (name, service) in state.services {
            let tasks = state.tasks(of: name)
            let isPlaced =
              tasks.count == state.wantedTasks(of: service)
              && tasks.allSatisfy { $0.revision == service.revision }
            if !isPlaced { await manager.place(name) }
            let view = await manager.view()
            let isReported = view.reports.reduce(0) { $0 + $1.report.tasks.count } == view.state.tasks.count
            if !isReported || !isPlaced { await manager.reportTasks(.serving) }
            if service.rollout?.isMoving == true {
              manager.decide(.rollout(name, revision: service.revision, .completed))
            }
          }
        }
      }
      group.addTask { try await body() }
      _ = try await group.next()
      group.cancelAll()
    }
  }

  @Test("plan ends with 2 when something would change and with 0 when nothing would, and changes nothing")
  func plan() async throws {
    let manager = Self.scene()
    try await Operator.withManager(manager) { ana async throws in
      let file = try ana.stackFile()
      let new = try await ana.tercet("plan", file)
      #expect(new.code == 2)
      #expect(new.output.contains("+ service web") && !new.output.contains("hunter2"))
      #expect(await manager.view().state.stacks == [])
      try await Self.obliging(manager) { () async throws in
        #expect(try await ana.tercet("deploy", file).code == 0)
      }
      let same = try await ana.tercet("plan", file)
      #expect(same.code == 0 && same.output == "Stack shop is as the file says.\n")
      let json = try await ana.tercet("plan", try ana.stackFile(image: "web:2"), "--json")
      #expect(json.code == 2 && json.output.contains(#""new":"web:2","old":"web:1""#))
    }
  }

  @Test("deploy waits until all serve, and tells each change on a line of its own when nobody watches")
  func deploy() async throws {
    let manager = Self.scene()
    try await Operator.withManager(manager) { ana async throws in
      let file = try ana.stackFile()
      try await Self.obliging(manager) { () async throws in
        let tool = try await ana.tercet("deploy", file)
        #expect(tool.code == 0, "\(tool.errors)")
        #expect(tool.output.contains("shop/web: 2 of 2 at work\n") && tool.output.hasSuffix("done\n"))
        #expect(!tool.output.contains("\u{1b}"))
      }
      #expect(await manager.view().state.history.intents.contains { $0.origin == "operator/ana" })
    }
  }

  @Test("a deployment that is rolled back ends with 3 and the reason")
  func rolledBack() async throws {
    let manager = Self.scene()
    manager.decide(.deploy(FakeManager.webStack()))
    await manager.place(Self.web)
    await manager.reportTasks(.serving)
    try await Operator.withManager(manager) { ana async throws in
      async let tool = ana.tercet("deploy", try ana.stackFile(image: "broken:1"), "--json")
      try await eventually { await manager.view().state.services[Self.web]?.rollout != nil }
      let revision = await manager.view().state.services[Self.web]?.revision ?? 0
      manager.decide(.rollout(Self.web, revision: revision, .rollBack(reason: "2 of 2 tasks failed")))
      let old = await manager.view().state.services[Self.web]?.revision ?? 0
      manager.decide(.rollout(Self.web, revision: old, .completed))
      let ended = try await tool
      #expect(ended.code == 3)
      #expect(ended.errors.contains("2 of 2 tasks failed"))
      #expect(ended.output.contains(#""result":"rolledBack""#))
    }
  }

  @Test("what is not finished in time ends with 4, and --detach does not wait")
  func unfinished() async throws {
    try await Operator.withManager(Self.scene()) { ana async throws in
      let file = try ana.stackFile()
      let detached = try await ana.tercet("deploy", file, "--detach")
      #expect(detached.code == 0 && detached.output.contains("the cluster goes on"))
      let late = try await ana.tercet("scale", "shop/web=3", "--timeout", "1s")
      #expect(late.code == 4 && late.errors.contains("not finished within 1s"))
    }
  }

  @Test("a change that is in the log, of which no manager can say how it goes on, ends with 4")
  func unseen() async throws {
    try await Operator.withManager(Self.scene()) {
      $0.maximumStreams = 0
    } _: { ana async throws in
      let blind = try await ana.tercet("deploy", try ana.stackFile(), "--json")
      #expect(
        blind.code == 4 && blind.errors.contains("accepted at index 4; the cluster goes on"),
        "\(blind.errors)")
      #expect(blind.output.contains(#""result":"unfinished""#))
    }
  }

  @Test("without a quorum every command ends with 5 and names each manager's reason")
  func noQuorum() async throws {
    let manager = Self.scene()
    manager.fail(with: .noQuorum)
    try await Operator.withManager(manager) { ana async throws in
      for arguments in [["drain", "a"], ["activate", "a"], ["remove", "shop", "-y"], ["purge", "/x"]] {
        let tool = try await CommandLineTool.run(arguments, environment: ["TERCET_HOME": ana.home])
        #expect(tool.code == 5, "\(arguments) \(tool.errors)")
        #expect(tool.errors.contains("a (zone zone-a): no majority"))
      }
    }
  }

  @Test("managers that have too much to do are an error with their reason, not a lack of quorum")
  func overloaded() async throws {
    let manager = Self.scene()
    manager.fail(with: .overloaded)
    try await Operator.withManager(manager) { ana async throws in
      let tool = try await ana.tercet("drain", "a")
      #expect(tool.code == 1 && tool.errors.contains("a (zone zone-a): "), "\(tool)")
      #expect(!tool.errors.contains("quorum"), "\(tool.errors)")
    }
  }

  @Test("promote knows where the database goes, also by a manager that shows an earlier switchover's nodes")
  func promoteByStaleManager() async throws {
    let manager = Self.scene()
    manager.replicateDatabase()
    /// Takes the database further, one step after the other.
    @Sendable func step(_ modes: [Database.Mode]) async {
      for mode in modes {
        let epoch = await manager.view().state.databases["plone"]?.epoch ?? 0
        manager.decide(.database(DatabaseStep(database: "plone", expectedEpoch: epoch, mode: mode)))
      }
    }
    // It shows a with the secondary b, while b leads already, and a follows.
    manager.setAtBarrier {
      for (ordinal, mode)
        in ([
          .promoting(primary: "b", from: "a"), .solo(primary: "b"), .syncing(primary: "b", secondary: "a"),
          .sync(primary: "b", secondary: "a"),
        ] as [Database.Mode]).enumerated()
      {
        manager.decide(
          .database(DatabaseStep(database: "plone", expectedEpoch: UInt64(5 + ordinal), mode: mode)))
      }
    }
    try await Operator.withManager(manager) { ana async throws in
      async let tool = ana.tercet("promote", "plone")
      try await eventually {
        await manager.view().state.databases["plone"]?.mode == .switching(from: "b", to: "a")
      }
      await step([.promoting(primary: "a", from: "b"), .solo(primary: "a")])
      let ended = try await tool
      #expect(ended.code == 0 && ended.output.hasSuffix("done\n"), "\(ended)")
    }
  }

  @Test(
    "an argument that makes no sense is a usage error that tells the form",
    arguments: [
      (["scale", "shop/web=-1"], "write STACK/SERVICE=N, with N from 0 to 1000, such as shop/web=4"),
      (["scale", "shop/web=1001"], "write STACK/SERVICE=N"), (["scale", "web=1"], "write STACK/SERVICE=N"),
      (["log", "--limit", "-1"], "--limit must be a whole number of 0 or more, not -1"),
      (["logs", "shop/web", "--tail", "-1"], "--tail must be a whole number of 0 or more, not -1"),
    ])
  func usage(_ arguments: [String], _ message: String) async throws {
    let tool = try await CommandLineTool.run(arguments)
    #expect(tool.code == 64 && tool.errors.contains(message), "\(tool.errors)")
  }

  @Test(
    "a stack file that is none is named with the remedy",
    arguments: [
      ("/", "is a folder"), ("/dev/zero", "is larger than 4 MiB"), ("/dev/null", "is empty"),
      ("/nonexistent/x.yml", "does not exist"),
    ])
  func noStackFile(_ file: String, _ message: String) async throws {
    try await Operator.withManager(Self.scene()) { ana async throws in
      let tool = try await ana.tercet("plan", file)
      #expect(
        tool.code == 1 && tool.errors.contains("\(file) \(message); name a stack file"), "\(tool.errors)")
    }
  }

  @Test(
    "an operator's file that is damaged is told with its place",
    arguments: [
      ("operators: ", "operators: 7", "managers[0].operators must be a port from 1 to 65535, not 7"),
      ("cluster: ", "cluster: [", "operator.yaml:2:"), ("cluster: ", "x: ", "cluster"),
    ])
  func damagedHome(_ part: String, _ damaged: String, _ message: String) async throws {
    try await Operator.withManager(Self.scene()) { ana async throws in
      let file = "\(ana.home)/operator.yaml"
      let text = try String(contentsOfFile: file, encoding: .utf8)
      try text.replacing(part, with: damaged).write(toFile: file, atomically: false, encoding: .utf8)
      let tool = try await ana.tercet("status")
      #expect(tool.code == 1 && tool.errors.contains(message), "\(tool.errors)")
    }
  }

  @Test("a manager that does not run is told with its address, in words for people")
  func nobodyListens() async throws {
    try await Operator.withManager(Self.scene()) { ana async throws in
      let file = "\(ana.home)/operator.yaml"
      let text = try String(contentsOfFile: file, encoding: .utf8)
      try text.replacing(#/operators: \d+/#, with: "operators: 9")
        .write(toFile: file, atomically: false, encoding: .utf8)
      let tool = try await ana.tercet("status")
      #expect(
        tool.code == 5
          && tool.errors.contains("it refused the connection at 127.0.0.1:9; does tercetd run there?"),
        "\(tool.errors)")
    }
  }

  @Test("a refused intent ends with 1 and the reason")
  func refused() async throws {
    try await Operator.withManager(Self.scene()) { ana async throws in
      let tool = try await ana.tercet("scale", "shop/none=1")
      #expect(tool.code == 1 && tool.errors.contains("refused: there is no service shop/none"))
      #expect(try await ana.tercet("promote", "none").code == 1)
      let logs = try await ana.tercet("logs", "shop/none")
      #expect(logs.code == 1 && logs.errors.contains("there is no service shop/none"))
    }
  }

  @Test("of several services to scale, those that were accepted before a refusal are told")
  func halfScaled() async throws {
    let manager = Self.scene()
    manager.decide(.deploy(FakeManager.webStack()))
    try await Operator.withManager(manager) { ana async throws in
      let tool = try await ana.tercet("scale", "shop/web=4", "shop/none=1")
      #expect(tool.code == 1 && tool.errors.contains("refused: there is no service shop/none"))
      #expect(tool.errors.contains("shop/web=4 was accepted before that"))
    }
  }

  @Test("the command tells its version")
  func version() async throws {
    let tool = try await CommandLineTool.run(["--version"])
    #expect(tool.code == 0 && tool.output == "\(Release.version)\n")
  }

  @Test("usage that cannot be is 64, a missing operator folder is 1 with the remedy")
  func usage() async throws {
    for arguments in [
      ["scale", "web=1"], ["scale", "shop/web=-1"], ["purge"], ["purge", "news"], ["deploy"], ["explode"],
      ["log", "--limit", "-1"], ["deploy", "x.yml", "--timeout", "soon"], ["logs", "web"],
    ] {
      #expect(try await CommandLineTool.run(arguments).code == 64, "\(arguments)")
    }
    let tool = try await CommandLineTool.run(["status"])
    #expect(tool.code == 1 && tool.errors.contains("TERCET_HOME"))
  }

  @Test("a mistake in a stack file is told with its line, and nothing is deployed")
  func badStackFile() async throws {
    let manager = Self.scene()
    try await Operator.withManager(manager) { ana async throws in
      let file = "\(ana.home)/bad.yml"
      try "services:\n  web:\n    imag: x\n".write(toFile: file, atomically: false, encoding: .utf8)
      let tool = try await ana.tercet("deploy", file, "--stack", "shop")
      #expect(tool.code == 1 && tool.errors.contains("bad.yml:3:5: error: "))
      #expect(await manager.view().state.stacks == [])
    }
  }

  @Test("Ctrl-C ends with 130 and says what goes on")
  func interrupt() async throws {
    let manager = Self.scene()
    try await Operator.withManager(manager) { ana async throws in
      let process = Process()
      process.executableURL = URL(fileURLWithPath: try CommandLineTool.path())
      process.arguments = ["deploy", try ana.stackFile(), "--home", ana.home]
      let errors = Pipe()
      process.standardError = errors
      process.standardOutput = FileHandle.nullDevice
      try process.run()
      try await eventually { await manager.view().state.stacks == ["shop"] && manager.watchers > 0 }
      process.interrupt()
      try await eventually { !process.isRunning }
      #expect(process.terminationStatus == 130)
      let text = String(decoding: errors.fileHandleForReading.availableData, as: UTF8.self)
      #expect(text.contains("the deployment of shop goes on"))
    }
  }

  @Test("remove asks, and does not remove when nobody can answer")
  func remove() async throws {
    let manager = Self.scene()
    manager.decide(.deploy(FakeManager.webStack()))
    try await Operator.withManager(manager) { ana async throws in
      let unsure = try await ana.tercet("remove", "shop")
      #expect(unsure.code == 1 && unsure.errors.contains("-y"))
      #expect(await manager.view().state.stacks == ["shop"])
      let sure = try await ana.tercet("remove", "shop", "-y")
      #expect(sure.code == 0, "\(sure.errors)")
      #expect(await manager.view().state.stacks == [])
    }
  }

  @Test("purge waits for the caches that can be reached and names the others")
  func purge() async throws {
    let manager = Self.scene()
    manager.updateReport(of: "a") {
      $0.caches = [CacheReport(cache: "cache-a", isReachable: true, position: 1_000, bans: 0)]
    }
    try await Operator.withManager(manager) { ana async throws in
      let tool = try await ana.tercet("purge", "http://www.example.org/news?x", "--ban", "req.url ~ ^/x")
      #expect(tool.code == 0)
      #expect(tool.errors.contains("cache cache-b is not reachable"))
      let batch = await manager.view().state.purges.batches.last
      #expect(
        batch?.purges == [
          .address(host: "www.example.org", path: "/news?x"), .ban(expression: "req.url ~ ^/x"),
        ])
    }
  }

  @Test("purge takes keys too, and refuses what no cache could carry out before anyone is asked")
  func purgeKeys() async throws {
    let manager = Self.scene()
    try await Operator.withManager(manager) { ana async throws in
      let keys = try await ana.tercet("purge", "--key", "front", "--soft-key", "news", "--no-wait")
      #expect(keys.code == 0, "\(keys.errors)")
      let purges = await manager.view().state.purges.batches.last?.purges
      #expect(purges == [.key(name: "front", soft: false), .key(name: "news", soft: true)])
      for wrong in [("--ban", "obj.http.x ~ ("), ("--key", "two words"), ("--no-wait", "news")] {
        let refused = try await ana.tercet("purge", wrong.0, wrong.1)
        #expect(refused.code == 64, "\(wrong): \(refused.errors)")
      }
      let slow = try await ana.tercet("purge", "/x", "--wait", "--timeout", "1s")
      #expect(slow.code == 4, "all caches are waited for: \(slow.errors)")
    }
  }

  @Test("cache ls shows each cache's place, lag and counts; cache flush asks, and forgets everything")
  func caches() async throws {
    let manager = Self.scene()
    manager.see { $0.wallClockMilliseconds = 1_700_000_065_500 }
    manager.updateReport(of: "a") {
      $0.caches = [
        CacheReport(
          cache: "cache-a", isReachable: true, position: 1_000, bans: 7,
          counts: CacheCounts(objects: 42, hits: 934, misses: 66))
      ]
      $0.problems = ["cache cache-a: it was emptied in the place of a purge", "containers on a: no answer"]
    }
    manager.decide(.purge([.address(host: nil, path: "/")]))
    try await Operator.withManager(manager) { ana async throws in
      let list = try await ana.tercet("cache", "ls")
      let lines = list.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
      try #require(lines.count == 4, "\(list)")
      #expect(
        lines[0] == ["CACHE", "NODE", "STATE", "POSITION", "LACKS", "OLDEST", "BANS", "HITS", "OBJECTS"])
      #expect(lines[1] == ["cache-a", "a", "reachable", "1000", "0", "-", "7", "93.4%", "42"])
      #expect(lines[2] == ["cache-b", "b", "unreachable", "2", "1", "65s", "0", "-", "-"], "\(list.output)")
      #expect(list.output.hasSuffix("\n! cache cache-a: it was emptied in the place of a purge\n"))
      let json = try await ana.tercet("cache", "ls", "--json")
      let caches = try JSONDecoder().decode([CacheStatus].self, from: Data(json.output.utf8))
      #expect(caches.map(\.lag) == [0, 1] && caches[0].counts?.objects == 42)
      let unsure = try await ana.tercet("cache", "flush")
      #expect(unsure.code == 1 && unsure.errors.contains("-y"))
      let sure = try await ana.tercet("cache", "flush", "-y", "--no-wait")
      #expect(sure.code == 0, "\(sure.errors)")
      #expect(await manager.view().state.purges.batches.last?.purges == [.everything])
    }
  }

  @Test("status begins with what is wrong and fits 80 columns; JSON has what scripts need")
  func status() async throws {
    let manager = Self.scene()
    manager.decide(.deploy(FakeManager.webStack()))
    manager.replicateDatabase()
    try await Operator.withManager(manager) { ana async throws in
      let tool = try await ana.tercet("status")
      #expect(tool.code == 0)
      let lines = tool.output.split(separator: "\n", omittingEmptySubsequences: false)
      try #require(lines.count > 2, "\(tool)")
      #expect(lines[0] == "lab-1f2e3d4c, led by c (zone zone-c), term 3, index 9")
      #expect(lines[1] == "! service shop/web: 0 of 2 tasks at work")
      #expect(lines.allSatisfy { $0.count <= 80 })
      for word in ["MANAGER", "shop/web", "0/2", "plone", "sync", "cache-a"] {
        #expect(tool.output.contains(word))
      }
      let json = try await ana.tercet("status", "--json")
      let status = try JSONDecoder().decode(ClusterStatus.self, from: Data(json.output.utf8))
      #expect(status.leader?.name == "c" && status.managers.count == 3)
    }
  }

  @Test("what may be old is shown with a warning on standard error")
  func old() async throws {
    let manager = Self.scene()
    manager.see { $0.unconfirmedFor = .seconds(12) }
    let warning = "a has heard no leader for 12 s: this may be old"
    try await Operator.withManager(manager) { ana async throws in
      for arguments in [["ps"], ["log"], ["cache", "ls"], ["ps", "--json"]] {
        let tool = try await CommandLineTool.run(arguments, environment: ["TERCET_HOME": ana.home])
        #expect(tool.code == 0 && tool.errors == "tercet: \(warning)\n", "\(arguments) \(tool.errors)")
      }
      #expect(try await ana.tercet("status").output.contains("! \(warning)"))
    }
  }

  @Test("ps, log and logs show tasks, history and lines, as text and as JSON")
  func lists() async throws {
    let manager = Self.scene()
    manager.decide(.deploy(FakeManager.webStack(replicas: 3)), origin: "operator/bea")
    await manager.place(Self.web)
    await manager.reportTasks(.serving)
    manager.decide(.scale(Self.web, replicas: 4))
    manager.setLogs([
      LogLine(
        task: TaskID(1), slot: 2, node: "a", stream: .output, wallClockMilliseconds: 2_000, text: "second"),
      LogLine(
        task: TaskID(2), slot: 1, node: "a", stream: .error, wallClockMilliseconds: 1_000, text: "first"),
    ])
    try await Operator.withManager(manager) { ana async throws in
      let ps = try await ana.tercet("ps", "shop")
      #expect(ps.output.contains("shop/web.3") && ps.output.contains("1 of 4 tasks have no place yet"))
      #expect(try await ana.tercet("ps", "--json").output.contains(#""phase":"serving""#))
      let log = try await ana.tercet("log")
      #expect(log.output.contains("operator/bea  deploy") || log.output.contains("operator/bea"))
      #expect(try await ana.tercet("log", "--limit", "1").output.split(separator: "\n").count == 1)
      let logs = try await ana.tercet("logs", "shop/web")
      #expect(
        logs.output == "1970-01-01 00:00:01.000  a.1  first\n1970-01-01 00:00:02.000  a.2  second\n")
      #expect(try await ana.tercet("logs", "shop/web", "--json").output.contains(#""text":"first""#))
      manager.setLogs(
        (1...1_200).map {
          LogLine(
            task: TaskID(1), slot: 1, node: "a", stream: .output, wallClockMilliseconds: Int64($0),
            text: "line")
        })
      #expect(try await ana.tercet("logs", "shop/web").output.split(separator: "\n").count == 1_000)
      let more = try await ana.tercet("logs", "shop/web", "--tail", "1100")
      #expect(more.output.split(separator: "\n").count == 1_100)
    }
  }
}

struct Late: Error {}

/// Waits until a condition holds.
///
/// - Throws: `Late` after a minute.
func eventually(
  isolation: isolated (any Actor)? = #isolation, _ condition: () async throws -> Bool
) async throws {
  let deadline = ContinuousClock.now + .seconds(60)
  while try await !condition() {
    guard ContinuousClock.now < deadline else { throw Late() }
    try await _Concurrency.Task.sleep(for: .milliseconds(5))
  }
}
