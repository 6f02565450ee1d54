import Cluster
import Control
import Raft
import Testing

@Suite("Rollouts")
struct RolloutTests {
  private static let boom = TaskReport.Phase.ended(succeeded: false, message: "exit code 1")

  /// A service that serves, with a new image deployed on top.
  private func updating(replicas: Int = 2, _ update: UpdatePolicy) -> Scene {
    var scene = Scene(nodes: ["a1", "b1"])
    scene.accept(.deploy(.replicated(replicas), update: update))
    scene.settle()
    scene.accept(.deploy(image: "web:2", .replicated(replicas), update: update))
    return scene
  }

  @Test("stop-first: the next task waits until nothing is left of the one before")
  func stopFirst() {
    var scene = updating(UpdatePolicy(order: .stopFirst))
    let old = scene.task(1)
    #expect(scene.act() == [.assign(remove: [old.id], add: [])])
    scene.leftovers = [TaskReport(task: old.id, name: old.containerName, phase: .serving)]
    #expect(scene.look() == [])
    scene.leftovers = []
    let next = scene.look()
    #expect(next.added.map(\.slot) == [1])
    #expect(next.added.map(\.revision) == [scene.revision])
  }

  @Test("start-first: the old task stays until the new one serves")
  func startFirst() {
    var scene = updating(UpdatePolicy(order: .startFirst))
    let old = scene.task(1)
    let start = scene.act()
    #expect(start.removed == [])
    #expect(start.added.map(\.revision) == [scene.revision])
    for phase in [TaskReport.Phase.preparing, .starting, .well] {
      scene.phases[scene.task(1).id] = phase
      #expect(scene.look() == [], "\(phase)")
    }
    scene.phases[scene.task(1).id] = .serving
    #expect(scene.look().removed == [old.id])
  }

  @Test(
    "as many tasks change at the same time as the policy says", arguments: [(1, 1), (2, 2), (9, 4), (0, 4)])
  func parallelism(parallelism: Int, expected: Int) {
    var scene = updating(replicas: 4, UpdatePolicy(parallelism: parallelism, order: .startFirst))
    #expect(scene.act().added.count == expected)
    #expect(scene.look() == [])
  }

  @Test("between two batches the delay passes")
  func delay() {
    var scene = updating(UpdatePolicy(delay: .seconds(10), order: .startFirst))
    scene.act()
    scene.serveAll()
    scene.act()
    #expect(scene.look() == [])
    #expect(scene.look(after: .milliseconds(9_999)) == [])
    #expect(scene.look(after: .milliseconds(1)).added.map(\.slot) == [2])
  }

  @Test("an update is complete once all have served for the time of watching")
  func completed() {
    var scene = updating(UpdatePolicy(monitor: .seconds(5), order: .startFirst))
    scene.settle()
    #expect(scene.tasks.allSatisfy { $0.revision == scene.revision })
    #expect(scene.rollout == .updating)
    #expect(scene.look(after: .milliseconds(4_999)) == [])
    #expect(scene.act(after: .milliseconds(1)).events == [.completed])
    #expect(scene.rollout == .completed)
    #expect(scene.look() == [])
  }

  // MARK: Failures

  private func failing(_ action: UpdatePolicy.FailureAction, tolerated permille: Int = 0) -> Scene {
    var scene = updating(
      UpdatePolicy(failureAction: action, maximumFailurePermille: permille, order: .startFirst))
    scene.act()
    scene.phases[scene.task(1).id] = Self.boom
    return scene
  }

  @Test("a failure beyond the tolerance pauses the update; the tasks stay as they are")
  func pause() {
    var scene = failing(.pause)
    #expect(
      scene.act() == [
        .rollout(.web, revision: scene.revision, .failed(count: 1)),
        .rollout(.web, revision: scene.revision, .paused(reason: "exit code 1")),
      ])
    #expect(scene.rollout == .paused(reason: "exit code 1"))
    #expect(scene.tasks.count == 3)
  }

  @Test("…or goes back to the revision before, by itself, to the end")
  func rollBack() {
    var scene = failing(.rollBack)
    let new = scene.task(1)
    #expect(scene.act().events == [.failed(count: 1), .rollBack(reason: "exit code 1")])
    #expect(scene.act() == [.assign(remove: [new.id], add: [])])
    #expect(scene.tasks.allSatisfy { $0.revision == scene.revision })
    #expect(scene.look() == [])
    #expect(scene.act(after: .seconds(5)).events == [.completed])
    #expect(scene.rollout == .rolledBack(reason: "exit code 1"))
  }

  @Test("…or goes on with another attempt")
  func proceed() {
    var scene = failing(.proceed)
    let intents = scene.look()
    #expect(intents.events == [.failed(count: 1)])
    #expect(intents.added.map(\.attempt) == [1])
  }

  @Test(
    "failures within the tolerance are counted and do not end the update",
    arguments: [(499, true), (500, false)])
  func tolerance(permille: Int, ends: Bool) {
    var scene = failing(.pause, tolerated: permille)
    let events = scene.look().events
    #expect(events.first == .failed(count: 1))
    #expect((events.count == 2) == ends)
  }

  @Test("a rollout without progress for 10 minutes has failed")
  func deadline() {
    var scene = updating(UpdatePolicy(order: .startFirst))
    scene.act()
    scene.phases[scene.task(1).id] = .starting
    #expect(scene.look(after: .seconds(599)) == [])
    #expect(scene.look(after: .seconds(1)).events == [.paused(reason: "no progress for 600 s")])
  }

  @Test("a paused update replaces nothing more; a new deployment goes on")
  func afterPause() {
    var scene = failing(.pause)
    scene.act()
    scene.phases[scene.task(1).id] = .serving
    scene.settle()
    #expect(scene.tasks.map(\.revision).count { $0 == scene.revision } == 1)
    scene.accept(.deploy(image: "web:3", .replicated(2), update: UpdatePolicy(order: .startFirst)))
    scene.settle()
    #expect(scene.tasks.allSatisfy { $0.revision == scene.revision })
  }

  @Test(
    "a task of the old revision that crashes during an update is replaced by its like, and is no failure of it"
  )
  func oldCrashes() {
    var scene = updating(UpdatePolicy(order: .startFirst))
    let old = scene.task(2)
    scene.act()
    scene.phases[old.id] = Self.boom
    let intents = scene.look()
    #expect(intents.events == [])
    #expect(intents.removed == [old.id])
    #expect(intents.added.map(\.revision) == [old.revision])
  }
}
