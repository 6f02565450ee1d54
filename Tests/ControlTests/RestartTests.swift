import Cluster
import Control
import Raft
import Testing

@Suite("Tasks that end")
struct RestartTests {
  private static let boom = TaskReport.Phase.ended(succeeded: false, message: "exit code 1")

  private func running(_ restart: RestartPolicy = RestartPolicy()) -> Scene {
    var scene = Scene(nodes: ["a1"])
    scene.accept(.deploy(.replicated(1)) { $0.restart = restart })
    scene.settle()
    return scene
  }

  @Test("a failed task is replaced at once the first time, and after the delay from then on")
  func delay() {
    var scene = running()
    let first = scene.task(1)
    scene.phases[first.id] = Self.boom
    let replacement = scene.act()
    #expect(replacement.removed == [first.id])
    #expect(replacement.added.map(\.attempt) == [1])
    scene.phases[scene.task(1).id] = Self.boom
    #expect(scene.look() == [])
    #expect(scene.look(after: .milliseconds(4_999)) == [])
    #expect(scene.controllers.nextLook <= scene.now + .milliseconds(1))
    #expect(scene.look(after: .milliseconds(1)).added.map(\.attempt) == [2])
  }

  @Test("an unhealthy task is replaced like a failed one")
  func unhealthy() {
    var scene = running()
    scene.phases[scene.task(1).id] = .unhealthy
    #expect(scene.look().removed == [scene.task(1).id])
  }

  @Test(
    "the restart condition decides whether a task that ended is replaced",
    arguments: [
      (RestartPolicy.Condition.any, true, true), (.any, false, true), (.onFailure, true, false),
      (.onFailure, false, true), (.none, true, false), (.none, false, false),
    ])
  func condition(condition: RestartPolicy.Condition, succeeded: Bool, isReplaced: Bool) {
    var scene = running(RestartPolicy(condition: condition))
    scene.phases[scene.task(1).id] = .ended(succeeded: succeeded, message: "")
    #expect(scene.look().added.count == (isReplaced ? 1 : 0))
  }

  @Test("after its maximum of attempts a slot is given up, and the problem says so with the last reason")
  func maximumAttempts() {
    var scene = running(RestartPolicy(delay: .zero, maximumAttempts: 2))
    for _ in 0..<2 {
      scene.phases[scene.task(1).id] = Self.boom
      #expect(scene.act().added.count == 1)
    }
    scene.phases[scene.task(1).id] = Self.boom
    #expect(scene.look(after: .seconds(60)) == [])
    #expect(scene.controllers.problems == ["shop/web slot 1 failed 3 times and is given up: exit code 1"])
  }

  @Test("a task that ran for the window starts counting anew")
  func window() {
    var scene = running(RestartPolicy(delay: .zero, maximumAttempts: 1, window: .seconds(60)))
    scene.phases[scene.task(1).id] = Self.boom
    scene.act()
    scene.serveAll()
    #expect(scene.look() == [])
    scene.pass(.seconds(60))
    scene.phases[scene.task(1).id] = Self.boom
    #expect(scene.look().added.map(\.attempt) == [0])
  }

  @Test("an ended task's place goes to where there is room, not back to where there is none")
  func elsewhere() {
    var scene = Scene(nodes: ["a1", "b1"])
    scene.accept(.deploy(.replicated(1)))
    scene.settle()
    scene.silence("a1")
    scene.pass(.milliseconds(1_500))
    scene.phases[scene.task(1).id] = Self.boom
    #expect(scene.look().added.map(\.node) == ["b1"])
  }
}
