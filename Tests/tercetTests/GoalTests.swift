import Cluster
import FakeManager
import Manager
import ManagerAPI
import Raft
import Testing

@testable import tercet

@Suite("When what was asked for is reached")
struct GoalTests {
  private static let web = ServiceName(stack: "shop", service: "web")

  private static func deployed() async -> FakeManager {
    let manager = FakeManager()
    manager.registerNodes()
    manager.decide(.deploy(FakeManager.webStack()))
    await manager.place(web)
    await manager.reportTasks(.serving)
    return manager
  }

  private static func progress(_ manager: FakeManager, _ goal: some Goal) async -> Progress {
    goal.progress(in: ViewReader(await manager.view()).progress(ofStack: nil))
  }

  private static func goal(_ index: UInt64 = 1) -> ServicesGoal {
    ServicesGoal(index: index, names: ["shop/web"])
  }

  @Test("a service is done when all its tasks serve")
  func serving() async {
    let manager = await Self.deployed()
    #expect(await Self.progress(manager, Self.goal()) == .done)
  }

  @Test(
    "a service is not done while a task does less",
    arguments: [
      TaskReport.Phase.preparing, .starting, .well, .unhealthy, .ended(succeeded: false, message: ""),
      .ended(succeeded: true, message: ""),
    ])
  func unfinishedPhases(phase: TaskReport.Phase) async {
    let manager = await Self.deployed()
    manager.updateReport(of: "b") { $0.tasks[0].phase = phase }
    #expect(await Self.progress(manager, Self.goal()) == .moving)
  }

  @Test("a well task is done where no balancer could lead traffic to it")
  func unbalanced() async {
    let manager = FakeManager()
    manager.registerNodes(balanced: false)
    manager.decide(.deploy(FakeManager.webStack()))
    await manager.place(Self.web)
    await manager.reportTasks(.well)
    #expect(await Self.progress(manager, Self.goal()) == .done)
  }

  @Test("a job that was to end and ended well is done")
  func job() async {
    let manager = FakeManager()
    manager.registerNodes()
    var stack = FakeManager.webStack()
    stack.services[0].restart.condition = .none
    manager.decide(.deploy(stack))
    await manager.place(Self.web)
    await manager.reportTasks(.ended(succeeded: true, message: ""))
    #expect(await Self.progress(manager, Self.goal()) == .done)
  }

  @Test("a report that has grown old proves nothing")
  func staleReport() async {
    let manager = await Self.deployed()
    manager.ageReport(of: "b", to: .seconds(3))
    #expect(await Self.progress(manager, Self.goal()) == .moving)
  }

  @Test("too few tasks, an old task, or a container on its way out keep a service from being done")
  func leftovers() async {
    let manager = await Self.deployed()
    manager.decide(.scale(Self.web, replicas: 3))
    #expect(await Self.progress(manager, Self.goal()) == .moving)
    manager.decide(.scale(Self.web, replicas: 1))
    #expect(await Self.progress(manager, Self.goal()) == .moving)
    let tasks = await manager.view().state.tasks(of: Self.web)
    manager.decide(.assign(remove: [tasks[1].id], add: []))
    #expect(await Self.progress(manager, Self.goal()) == .moving, "its container still runs")
    manager.updateReport(of: "b") { $0.tasks = [] }
    #expect(await Self.progress(manager, Self.goal()) == .done)
  }

  @Test("a rollout is done when it has ended, rolled back when it went back, stuck when it is paused")
  func rollouts() async {
    let manager = await Self.deployed()
    let index = manager.decide(.deploy(FakeManager.webStack(image: "web:2"))).index
    await manager.place(Self.web)
    await manager.reportTasks(.serving)
    #expect(await Self.progress(manager, Self.goal(index)) == .moving)
    manager.decide(.rollout(Self.web, revision: index, .rollBack(reason: "2 tasks failed")))
    #expect(await Self.progress(manager, Self.goal(index)) == .moving)
    await manager.place(Self.web)
    await manager.reportTasks(.serving)
    let old = await manager.view().state.services[Self.web]?.revision ?? 0
    manager.decide(.rollout(Self.web, revision: old, .completed))
    #expect(
      await Self.progress(manager, Self.goal(index)) == .rolledBack("rolled back: shop/web: 2 tasks failed"))
    // What became of an earlier change is not what a later one is judged by.
    let later = manager.decide(.deploy(FakeManager.webStack(replicas: 2))).index
    #expect(await Self.progress(manager, Self.goal(later)) == .done)
    let third = manager.decide(.deploy(FakeManager.webStack(image: "web:3"))).index
    manager.decide(.rollout(Self.web, revision: third, .paused(reason: "1 task failed")))
    #expect(
      await Self.progress(manager, Self.goal(third))
        == .stuck("the rollout is paused: shop/web: 1 task failed"))
  }

  @Test("a service that somebody removed meanwhile is a failure")
  func removed() async {
    let manager = await Self.deployed()
    manager.decide(.remove(stack: "shop"))
    #expect(await Self.progress(manager, Self.goal()) == .failed("shop/web was removed meanwhile"))
  }

  @Test("a node is drained when nothing runs there and everything runs elsewhere")
  func drain() async {
    let manager = await Self.deployed()
    let goal = DrainGoal(index: manager.decide(.drain(node: "a")).index, node: "a")
    #expect(await Self.progress(manager, goal) == .moving)
    let tasks = await manager.view().state.tasks(of: Self.web)
    let revision = tasks[0].revision
    manager.decide(
      .assign(
        remove: tasks.filter { $0.node == "a" }.map(\.id),
        add: [Assignment(service: Self.web, slot: 1, node: "b", revision: revision)]))
    #expect(await Self.progress(manager, goal) == .moving)
    await manager.reportTasks(.serving)
    #expect(await Self.progress(manager, goal) == .done)
    manager.decide(.activate(node: "a"))
    #expect(await Self.progress(manager, goal) == .failed("a was activated meanwhile"))
  }

  @Test("what has run to its end keeps no node from being drained")
  func drainWithFinished() async {
    let manager = await Self.deployed()
    var service = Service(name: "web", template: TaskTemplate(image: "web:1"), mode: .replicated(2))
    service.restart.condition = .onFailure
    manager.decide(.deploy(Stack(name: "shop", services: [service])))
    let goal = DrainGoal(index: manager.decide(.drain(node: "a")).index, node: "a")
    await manager.reportTasks(.ended(succeeded: false, message: ""))
    #expect(await Self.progress(manager, goal) == .moving)
    await manager.reportTasks(.ended(succeeded: true, message: ""))
    #expect(await Self.progress(manager, goal) == .done)
  }

  @Test("a node is drained when its databases take writes elsewhere, not while they switch over")
  func drainDatabase() async {
    let manager = FakeManager()
    manager.registerNodes()
    manager.replicateDatabase()
    let goal = DrainGoal(index: manager.decide(.drain(node: "a")).index, node: "a")
    #expect(await Self.progress(manager, goal) == .moving)
    let steps: [Database.Mode] = [
      .switching(from: "a", to: "b"), .stopped(from: "a", to: "b", at: LSN(5_000)),
      .promoting(primary: "b", from: "a"),
    ]
    for (ordinal, mode) in steps.enumerated() {
      manager.decide(
        .database(DatabaseStep(database: "plone", expectedEpoch: UInt64(5 + ordinal), mode: mode)))
      #expect(await Self.progress(manager, goal) == .moving, "\(mode)")
      #expect(
        goal.items(in: ViewReader(await manager.view()).progress(ofStack: nil)).contains {
          $0.name == "plone"
        })
    }
    manager.decide(
      .database(DatabaseStep(database: "plone", expectedEpoch: 8, mode: .solo(primary: "b"))))
    #expect(await Self.progress(manager, goal) == .done)
  }

  @Test("a drain says when a database has nowhere to go, and waits while one may still find a place")
  func drainLonely() async {
    for (zones, expected) in [
      (["zone-a"], Progress.stuck("no other zone has a copy of plone: away for as long as a is")),
      (["zone-a", "zone-b"], .moving),
    ] {
      let manager = FakeManager()
      manager.registerNodes()
      var stack = FakeManager.databaseStack()
      stack.databases[0].zones = zones
      manager.decide(.deploy(stack))
      let goal = DrainGoal(index: manager.decide(.drain(node: "a")).index, node: "a")
      #expect(await Self.progress(manager, goal) == .done, "it waits for a node, and this one is out")
      for (epoch, mode) in [(1, Database.Mode.initializing(primary: "a")), (2, .solo(primary: "a"))] {
        manager.decide(
          .database(DatabaseStep(database: "plone", expectedEpoch: UInt64(epoch), mode: mode)))
      }
      #expect(await Self.progress(manager, goal) == expected)
    }
  }

  @Test("a node is drained when another leads, unless it is the only manager")
  func drainLeader() async {
    let manager = FakeManager()
    manager.registerNodes()
    let goal = DrainGoal(index: manager.decide(.drain(node: "c")).index, node: "c")
    #expect(await Self.progress(manager, goal) == .moving)
    manager.see { $0.leadership.leader = nil }
    #expect(await Self.progress(manager, goal) == .moving)
    #expect(
      await Self.progress(manager, DrainGoal(index: goal.index, node: "c", handsLeadershipOn: false)) == .done
    )
    manager.see { $0.leadership.leader = NodeID(1) }
    #expect(await Self.progress(manager, goal) == .done)
  }

  @Test("a deployment is done when its databases take writes, too")
  func deployment() async {
    let manager = FakeManager()
    manager.registerNodes()
    let services = ServicesGoal(index: 1, names: [])
    let goal = DeployGoal(services: services, databases: ["plone"])
    manager.decide(.deploy(FakeManager.databaseStack()))
    #expect(await Self.progress(manager, goal) == .moving)
    #expect(await Self.progress(manager, DeployGoal(services: services, databases: [])) == .done)
    manager.replicateDatabase()
    #expect(await Self.progress(manager, goal) == .done)
    manager.updateReport(of: "a") { $0.databases[0].server = .stopped }
    #expect(await Self.progress(manager, goal) == .moving)
  }

  @Test("a promotion is reached when the secondary takes writes, and failed when it was given up")
  func promotion() async {
    let manager = FakeManager()
    manager.registerNodes()
    manager.replicateDatabase()
    let goal = PromotionGoal(
      index: manager.decide(.promote(database: "plone")).index, database: "plone", target: "b")
    #expect(await Self.progress(manager, goal) == .moving)
    var epoch: UInt64 = 6
    func step(_ mode: Database.Mode) {
      manager.decide(.database(DatabaseStep(database: "plone", expectedEpoch: epoch, mode: mode)))
      epoch += 1
    }
    step(.sync(primary: "a", secondary: "b"))
    guard case .failed = await Self.progress(manager, goal) else {
      Issue.record("it was given up")
      return
    }
    step(.promoting(primary: "b", from: "a"))
    step(.solo(primary: "b"))
    #expect(await Self.progress(manager, goal) == .moving, "its server still follows")
    manager.updateReport(of: "b") {
      $0.databases[0].server = .primary(position: LSN(9_000), synchronousStandby: nil, standbys: [])
    }
    #expect(await Self.progress(manager, goal) == .done)
  }

  @Test("a purge waits for caches that can be reached, and names the others")
  func purge() async {
    let manager = FakeManager()
    manager.registerNodes()
    for node in ["a", "b"] {
      manager.updateReport(of: node) {
        $0.caches = [
          CacheReport(cache: "cache-\(node)", isReachable: node == "a", position: 3, bans: 0)
        ]
      }
    }
    let goal = PurgeGoal(index: manager.decide(.purge([.everything])).index)
    #expect(await Self.progress(manager, goal) == .moving)
    manager.updateReport(of: "a") { $0.caches[0].position = goal.index }
    #expect(await Self.progress(manager, goal) == .done)
    #expect(goal.behind(in: ViewReader(await manager.view()).progress(ofStack: nil)) == ["cache-b"])
    let shown = goal.items(in: ViewReader(await manager.view()).progress(ofStack: nil)).map(\.text)
    #expect(
      shown == [
        "purged", "not reachable; it is purged as soon as it is, and may serve the old page until then",
      ])
    let all = PurgeGoal(index: goal.index, waitsForAll: true)
    #expect(await Self.progress(manager, all) == .moving)
  }
}
