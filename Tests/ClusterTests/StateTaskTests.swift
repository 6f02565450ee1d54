import Cluster
import Raft
import Testing

@Suite("State: tasks and rollouts")
struct StateTaskTests {
  /// Nodes a and b, and the service at revision 3.
  private func prepared() -> Replica {
    var replica = Replica()
    replica.accept(.register(described("a")), .register(described("b")), .deploy(shop()))
    return replica
  }

  // MARK: Assignments

  @Test("tasks get identities that are unique and rise with the log")
  func identities() {
    var replica = prepared()
    replica.accept(
      .assign(remove: [], add: (1...3).map { task($0, on: "a", revision: 3) }),
      .assign(remove: [], add: (4...5).map { task($0, on: "b", revision: 3) }))
    #expect(replica.state.tasks.values.map(\.slot) == [1, 2, 3, 4, 5])
    #expect(Set(replica.state.tasks.keys).count == 5)
  }

  @Test("the identity of a removed task is not given again")
  func identityNotReused() {
    var replica = prepared()
    replica.accept(.assign(remove: [], add: [task(1, on: "a", revision: 3)]))
    let first = replica.state.tasks.keys[0]
    replica.accept(.assign(remove: [first], add: [task(1, on: "a", revision: 3)]))
    #expect(replica.state.tasks.keys.count == 1)
    #expect(replica.state.tasks.keys[0] > first)
  }

  @Test(
    "an assignment is refused whole when a part of it cannot be",
    arguments: [
      (Intent.drain(node: "b"), task(2, on: "b", revision: 3), "node b takes no tasks"),
      (.health(node: "b", .lost), task(2, on: "b", revision: 3), "node b takes no tasks"),
      (.drain(node: "b"), task(2, on: "nowhere", revision: 3), "node nowhere takes no tasks"),
      (.drain(node: "b"), task(2, on: "a", revision: 1), "no revision 1"),
      (.remove(stack: "shop"), task(2, on: "a", revision: 3), "no revision 3"),
    ])
  func allOrNothing(before: Intent, bad: Assignment, reason: String) {
    var replica = prepared()
    replica.accept(before)
    let good = task(1, on: "a", revision: 3)
    expect(replica.apply(.assign(remove: [], add: [good, bad])), refusedWith: reason)
    #expect(replica.state.tasks.isEmpty)
  }

  @Test("removing a task that is gone already refuses the whole, so that no slot is filled twice")
  func staleRemoval() {
    var replica = prepared()
    replica.accept(.assign(remove: [], add: [task(1, on: "a", revision: 3), task(2, on: "b", revision: 3)]))
    let tasks = replica.state.tasks.keys
    replica.accept(.assign(remove: [tasks[0]], add: [task(1, on: "b", revision: 3)]))
    let before = replica.state.tasks
    expect(
      replica.apply(.assign(remove: [tasks[1], tasks[0]], add: [task(1, on: "b", revision: 3)])),
      refusedWith: "gone already")
    #expect(replica.state.tasks == before)
  }

  @Test("a revision is kept while a task has it or it can be gone back to, and forgotten afterwards")
  func revisionsForgotten() {
    var replica = prepared()
    replica.accept(.assign(remove: [], add: [task(1, on: "a", revision: 3)]))
    let first = replica.state.tasks.keys[0]
    replica.accept(.deploy(shop(template("web:2"))), .rollout(shopWeb, revision: 5, .completed))
    replica.accept(.deploy(shop(template("web:3"))))
    replica.accept(.assign(remove: [], add: [task(2, on: "a", revision: 7)]))
    #expect(replica.state.services[shopWeb]?.revisions.map(\.number) == [3, 5, 7])
    replica.accept(.assign(remove: [first], add: [task(1, on: "a", revision: 7)]))
    #expect(replica.state.services[shopWeb]?.revisions.map(\.number) == [5, 7])
  }

  // MARK: Rollouts

  private static let events: [RolloutEvent] = [
    .failed(count: 2), .completed, .paused(reason: "p"), .rollBack(reason: "r"),
  ]

  /// What comes of each event in each phase; nil where it is refused.
  private static let phases: [(path: [RolloutEvent], after: [Rollout.Phase?])] = [
    ([], [.updating, .completed, .paused(reason: "p"), .rollingBack(reason: "r")]),
    ([.paused(reason: "p")], [nil, nil, nil, nil]),
    ([.completed], [nil, nil, nil, nil]),
    (
      [.rollBack(reason: "r")],
      [.rollingBack(reason: "r"), .rolledBack(reason: "r"), .paused(reason: "p"), nil]
    ),
    ([.rollBack(reason: "r"), .completed], [nil, nil, nil, nil]),
  ]

  @Test("each event is taken in the phases it belongs to and refused in all others", arguments: 0..<5)
  func rolloutPhases(row: Int) throws {
    let (path, after) = Self.phases[row]
    for (event, expected) in zip(Self.events, after) {
      var replica = prepared()
      replica.accept(.deploy(shop(template("web:2"))))
      for step in path {
        replica.accept(
          .rollout(shopWeb, revision: try #require(replica.state.services[shopWeb]).revision, step))
      }
      let before = replica.state.services
      let revision = try #require(before[shopWeb]).revision
      let outcome = replica.apply(.rollout(shopWeb, revision: revision, event))
      if let expected {
        #expect(outcome == .accepted)
        #expect(replica.state.services[shopWeb]?.rollout?.phase == expected, "\(event) after \(path)")
      } else {
        expect(outcome, refusedWith: "not in a phase for this")
        #expect(replica.state.services == before)
      }
    }
  }

  @Test("a rollback brings the old template back in force under its old revision")
  func rollBack() {
    var replica = prepared()
    replica.accept(.deploy(shop(template("web:2"))), .rollout(shopWeb, revision: 4, .rollBack(reason: "r")))
    let service = replica.state.services[shopWeb]
    #expect(service?.revision == 3)
    #expect(service?.specification.template.image == "web:1")
    #expect(service?.rollout?.from == 4)
    #expect(service?.rollout?.to == 3)
  }

  @Test("failures add up; a count that no rollout can have is refused")
  func failures() {
    var replica = prepared()
    replica.accept(.deploy(shop(template("web:2"))))
    replica.accept(
      .rollout(shopWeb, revision: 4, .failed(count: 1)), .rollout(shopWeb, revision: 4, .failed(count: 2)))
    #expect(replica.state.services[shopWeb]?.rollout?.failures == 3)
    for count in [0, -1, Int.max] {
      expect(replica.apply(.rollout(shopWeb, revision: 4, .failed(count: count))), refusedWith: "failures")
    }
    #expect(replica.state.services[shopWeb]?.rollout?.failures == 3)
  }

  @Test("an event of a revision that the service has moved on from is refused")
  func staleRevision() {
    var replica = prepared()
    expect(replica.apply(.rollout(shopWeb, revision: 3, .completed)), refusedWith: "moved on")
    replica.accept(.deploy(shop(template("web:2"))), .deploy(shop(template("web:3"))))
    expect(replica.apply(.rollout(shopWeb, revision: 4, .completed)), refusedWith: "moved on")
  }
}
