import Cluster
import Control
import Raft
import Testing

@Suite("What serves stays until enough others do")
struct AvailabilityTests {
  private static let startFirst = UpdatePolicy(order: .startFirst)
  private static let stopFirst = UpdatePolicy(order: .stopFirst)

  /// A service all of whose tasks serve.
  private func serving(
    _ replicas: Int, on nodes: [String] = ["a1", "b1"], _ update: UpdatePolicy = startFirst
  ) -> Scene {
    var scene = Scene(nodes: nodes)
    scene.accept(.deploy(.replicated(replicas), update: update))
    scene.settle()
    return scene
  }

  private func update(_ image: String, _ replicas: Int, _ policy: UpdatePolicy) -> Intent {
    .deploy(image: image, .replicated(replicas), update: policy)
  }

  // MARK: Scaling down

  @Test("of old tasks, too, those that serve are kept when a service is scaled down")
  func downDuringRollout() {
    var scene = serving(3)
    scene.accept(update("web:2", 3, Self.startFirst))
    let starting = scene.task(1)
    scene.phases[starting.id] = .starting
    scene.accept(.scale(.web, replicas: 1))
    let removed = scene.act().removed
    #expect(removed.contains(starting.id))
    #expect(scene.tasks.filter { $0.revision != scene.revision }.map(\.slot) == [2])
  }

  @Test(
    "a new version that never serves keeps nobody from scaling down, and nothing that serves goes with it")
  func downThoughUnwell() {
    var scene = serving(4)
    scene.accept(update("web:2", 4, UpdatePolicy(parallelism: 2, order: .startFirst)))
    scene.act()
    let new = scene.tasks.filter { $0.revision == scene.revision }
    for task in new { scene.phases[task.id] = .starting }
    scene.accept(.scale(.web, replicas: 1))
    scene.act()
    let served = scene.tasks.filter { scene.phases[$0.id] == .serving }
    #expect(served.count == 1)
    #expect(Set(scene.tasks.map(\.slot)).count == 1)
  }

  @Test(
    "what nobody has spoken of may serve: it goes only when enough others do, or after two seconds of silence"
  )
  func downWithUnknown() {
    var scene = serving(4)
    let known = scene.task(1)
    for slot in 2...4 { scene.phases[scene.task(slot).id] = nil }
    scene.accept(.scale(.web, replicas: 2))
    #expect(scene.look() == [])
    #expect(scene.look(after: .milliseconds(1_999)) == [])
    var spoken = scene
    spoken.phases[scene.task(4).id] = .serving
    #expect(spoken.look().removed == [3, 2].map { scene.task($0).id })
    let removed = scene.act(after: .milliseconds(1)).removed
    #expect(removed.count == 2)
    #expect(!removed.contains(known.id))
  }

  @Test("what is starting may serve by the time that its removal is committed")
  func downWhileAllStart() {
    var scene = serving(4)
    for slot in 1...4 { scene.phases[scene.task(slot).id] = .starting }
    scene.accept(.scale(.web, replicas: 1))
    #expect(scene.look() == [])
    #expect(scene.look(after: .seconds(10)) == [], "its health check may take its time")
    scene.phases[scene.task(3).id] = .serving
    #expect(Set(scene.look().removed) == Set([4, 2, 1].map { scene.task($0).id }))
  }

  @Test("what runs on a lost node may still serve: it goes when enough others serve")
  func downWithLost() {
    var scene = serving(4)
    scene.silence("a1")
    scene.act(after: .seconds(2))
    for slot in [2, 4] { scene.phases[scene.task(slot).id] = .starting }
    scene.accept(.scale(.web, replicas: 2))
    #expect(scene.look().removed == [])
    for slot in [2, 4] { scene.phases[scene.task(slot).id] = .serving }
    #expect(Set(scene.look().removed) == Set([3, 1].map { scene.task($0).id }))
  }

  @Test("of tasks that serve equally, one that has to move goes first, then one of an old revision")
  func downPreference() {
    var scene = serving(4, on: ["a1", "a2", "b1", "b2"])
    let (moving, old) = (scene.task(1), scene.task(2))
    scene.accept(update("web:2", 4, UpdatePolicy(failureAction: .pause, order: .startFirst)))
    for slot in 3...4 {
      let task = scene.task(slot)
      let new = Assignment(service: .web, slot: slot, node: task.node, revision: scene.revision)
      scene.accept(.assign(remove: [task.id], add: [new]))
    }
    scene.serveAll()
    scene.accept(.rollout(.web, revision: scene.revision, .paused(reason: "a test")))
    var drained = scene
    drained.accept(.drain(node: moving.node), .scale(.web, replicas: 3))
    #expect(drained.look().removed == [moving.id])
    scene.accept(.scale(.web, replicas: 3))
    #expect(scene.look().removed == [old.id])
  }

  // MARK: Rollouts

  @Test(
    "an old task that nobody has spoken of for less than two seconds waits for its turn",
    arguments: [TaskReport.Phase.preparing, .well, nil])
  func unknownIsNotIdle(phase: TaskReport.Phase?) {
    var scene = serving(3, Self.stopFirst)
    scene.accept(update("web:2", 3, Self.stopFirst))
    let (first, unknown) = (scene.task(1), scene.task(2))
    #expect(scene.act().removed == [first.id])
    scene.phases[unknown.id] = phase
    #expect(scene.act().removed == [])
    #expect(scene.look(after: .milliseconds(1_999)).removed == [])
    #expect(scene.look(after: .milliseconds(1)).removed == [unknown.id])
  }

  @Test("old tasks on a node that has reported nothing wait for their turn, however long that lasts")
  func unreportedIsNotIdle() {
    var scene = serving(4, on: ["a1"], Self.stopFirst)
    scene.accept(update("web:2", 4, Self.stopFirst))
    scene.unreported = ["a1"]
    for _ in 1...5 { #expect(scene.act(after: .seconds(1)).removed == []) }
    scene.unreported = []
    #expect(scene.act().removed.count == 1)
  }

  @Test("what begins to move away from a lost node counts as missing at once")
  func lostDuringRollout() {
    var scene = serving(3, Self.stopFirst)
    scene.accept(update("web:2", 3, Self.stopFirst))
    scene.silence("a1")
    scene.pass(.seconds(2))
    #expect(scene.act() == [.health(node: "a1", .lost)])
    let intents = scene.act()
    #expect(intents.added.map(\.slot) == [1, 3])
    #expect(intents.removed == [])
    #expect(scene.look().removed == [])
  }

  @Test("what was to take over and is no longer wanted keeps the place for as long as it alone serves")
  func overtaken() {
    var scene = serving(1)
    let old = scene.task(1)
    scene.accept(update("web:2", 1, Self.startFirst))
    scene.act()
    let second = scene.task(1)
    scene.accept(update("web:3", 1, Self.startFirst))
    scene.phases[old.id] = .starting
    scene.phases[second.id] = .serving
    #expect(scene.look().removed == [old.id])
    scene.phases[second.id] = .preparing
    #expect(scene.look() == [], "it may serve")
    scene.phases[old.id] = .serving
    #expect(scene.look().removed == [second.id])
  }

  // MARK: A paused rollout

  /// Three tasks of the old revision, and a paused update to a new one.
  private func paused(on nodes: [String]) -> Scene {
    var scene = Scene(nodes: nodes)
    scene.accept(.drain(node: "b1"), .deploy(.replicated(3)))
    scene.settle()
    scene.accept(update("web:2", 3, Self.startFirst))
    scene.accept(.rollout(.web, revision: scene.revision, .paused(reason: "a test")))
    return scene
  }

  @Test("while a rollout is paused, the tasks as they are get their share of a zone that is back")
  func pausedRebalance() {
    var scene = paused(on: ["a1", "b1"])
    let old = scene.task(3)
    scene.accept(.activate(node: "b1"))
    #expect(scene.look() == [])
    let intents = scene.act(after: .seconds(30))
    #expect(intents.added.map(\.revision) == [old.revision])
    scene.phases[scene.task(3).id] = .starting
    #expect(scene.look() == [])
    scene.phases[scene.task(3).id] = .serving
    #expect(scene.act() == [.assign(remove: [old.id], add: [])])
    #expect(scene.look() == [])
    #expect(scene.places == ["a1", "a1", "b1"])
  }

  @Test("while a rollout is paused, a node is drained with what runs there, not with what was paused")
  func pausedDrain() {
    var scene = paused(on: ["a1", "b1"])
    let old = scene.task(1).revision
    scene.accept(.activate(node: "b1"), .drain(node: "a1"))
    scene.settle()
    #expect(scene.places == ["b1", "b1", "b1"])
    #expect(scene.tasks.allSatisfy { $0.revision == old })
  }

  // MARK: A new leader

  @Test("a manager that has only just begun to listen takes no lost node for found before it hears it")
  func stillLost() {
    var scene = serving(2)
    scene.silence("a1")
    scene.act(after: .seconds(2))
    scene.act()
    scene.pass(.seconds(10))
    scene.listeningSince = scene.now
    #expect(scene.look().allSatisfy { if case .health = $0 { false } else { true } })
    scene.pass(.milliseconds(100))
    scene.speak("a1")
    #expect(scene.look() == [.health(node: "a1", .ready)])
  }

  @Test(
    "a node that was forgotten is not taken in anew for what it said before, though the leader was held up")
  func staysForgotten() {
    var scene = Scene(nodes: ["a1", "b1"])
    scene.silence("a1")
    scene.act(after: .seconds(2))
    scene.accept(.forget(node: "a1"))
    scene.pass(.seconds(10))
    scene.listeningSince = scene.now
    #expect(scene.look() == [])
  }
}
