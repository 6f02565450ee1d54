import Cluster
import Control
import Raft
import Testing

@Suite("Databases")
struct DatabaseTests {
  private static let initializing = Database.Mode.initializing(primary: "a")
  private static let solo = Database.Mode.solo(primary: "a")
  private static let syncing = Database.Mode.syncing(primary: "a", secondary: "b")
  private static let sync = Database.Mode.sync(primary: "a", secondary: "b")
  private static let switching = Database.Mode.switching(from: "a", to: "b")
  private static let stopped = Database.Mode.stopped(from: "a", to: "b", at: LSN(100))
  private static let promoting = Database.Mode.promoting(primary: "b", from: "a")
  private static let toSync = [initializing, solo, syncing, sync]

  /// Nodes a, b and c; the database in zones a and b, in the mode at the path's end.
  private func scene(
    _ path: [Database.Mode] = [], zones: [String] = ["a", "b"], relaxAfter: Duration? = .seconds(5)
  ) -> Scene {
    var scene = Scene(nodes: ["a", "b", "c"]) { $0.runsContainers = false }
    let specification = DatabaseSpecification(name: "db", zones: zones, owner: "ana", relaxAfter: relaxAfter)
    scene.accept(.deploy(Stack(name: "shop", databases: [specification])))
    for mode in path {
      let epoch = scene.state.databases["db"]?.epoch ?? 0
      scene.accept(.database(DatabaseStep(database: "db", expectedEpoch: epoch, mode: mode)))
    }
    return scene
  }

  private func observed(_ server: DatabaseObservation.Server, shutdown: LSN? = nil) -> DatabaseObservation {
    DatabaseObservation(
      database: "db",
      data: .present(systemIdentifier: 42, timeline: 1, standby: false, shutdown: shutdown),
      server: server, epoch: 1)
  }

  private static let absent = DatabaseObservation(database: "db", data: .absent, server: .stopped, epoch: 0)
  /// The secondary's name: it follows since epoch 4.
  private static let follower = Database.standbyName(node: "b", epoch: 4)

  private func primary(
    _ standby: String? = follower, streams: Bool = true, isSynchronous: Bool = true
  ) -> DatabaseObservation {
    let standbys = standby.map {
      [
        DatabaseObservation.Standby(
          name: $0, isStreaming: streams, isSynchronous: isSynchronous, flushed: LSN(50))
      ]
    }
    return observed(.primary(position: LSN(50), synchronousStandby: standby, standbys: standbys ?? []))
  }

  private func standby(_ name: String = follower, streams: Bool = true, received: UInt64 = 50)
    -> DatabaseObservation
  {
    observed(
      .standby(
        received: LSN(received), replayed: LSN(received), streaming: streams, name: name, upstream: "a"))
  }

  /// In sync, both well.
  private func synchronous(relaxAfter: Duration? = .seconds(5)) -> Scene {
    var scene = scene(Self.toSync, relaxAfter: relaxAfter)
    scene.databases["a"] = primary()
    scene.databases["b"] = standby()
    return scene
  }

  // MARK: Copies

  @Test("a new database begins in its first zone, once that node's driver has spoken")
  func begin() {
    var scene = scene()
    scene.databases["b"] = Self.absent
    #expect(scene.look() == [])
    scene.databases["a"] = Self.absent
    #expect(scene.look().modes == [Self.initializing])
  }

  @Test("…or in its second, when the first has no node that is there")
  func beginElsewhere() {
    var scene = scene()
    scene.accept(.drain(node: "a"))
    scene.databases["b"] = Self.absent
    #expect(scene.look().modes == [.initializing(primary: "b")])
  }

  @Test("the first primary is alone once it is up, and its system identifier is kept")
  func initialized() {
    var scene = scene([Self.initializing])
    scene.databases["a"] = observed(.busy)
    #expect(scene.look() == [])
    scene.databases["a"] = primary(nil)
    let step = DatabaseStep(database: "db", expectedEpoch: 2, mode: Self.solo, systemIdentifier: 42)
    #expect(scene.look() == [.database(step)])
  }

  @Test("a primary that is up gets a secondary in the other zone, once that node's driver has spoken")
  func secondary() {
    var scene = scene([Self.initializing, Self.solo])
    scene.databases["b"] = Self.absent
    #expect(scene.look() == [])
    #expect(scene.controllers.problems == ["database db: its only server, on a, is not up"])
    scene.databases["a"] = primary(nil)
    #expect(scene.look().modes == [Self.syncing])
    scene.databases["b"] = nil
    #expect(scene.look() == [])
    #expect(scene.controllers.problems == ["database db has no secondary: it runs alone"])
  }

  @Test("a database of one zone stays alone without complaint")
  func oneZone() {
    var scene = scene([Self.initializing, Self.solo], zones: ["a"])
    scene.databases["a"] = primary(nil)
    scene.databases["b"] = Self.absent
    #expect(scene.look() == [])
    #expect(scene.controllers.problems == [])
  }

  @Test(
    "a secondary counts only when both ends agree that it streams, synchronously, under this epoch's name")
  func caughtUp() {
    let earlier = Database.standbyName(node: "b", epoch: 2)
    for (atPrimary, atSecondary, isInSync) in [
      (primary(), standby(), true),
      (primary(nil), standby(), false),
      (primary(streams: false), standby(), false),
      (primary(isSynchronous: false), standby(), false),
      (primary(), standby(streams: false), false),
      (primary(earlier), standby(earlier), false),
      (primary(), standby(earlier), false),
      (primary(), observed(.busy), false),
      (observed(.busy), standby(), false),
    ] {
      var scene = scene([Self.initializing, Self.solo, Self.syncing])
      scene.databases["a"] = atPrimary
      scene.databases["b"] = atSecondary
      #expect(scene.look().modes == (isInSync ? [Self.sync] : []), "\(atPrimary) \(atSecondary)")
    }
  }

  @Test("a secondary that is lost or drained while it catches up is given up")
  func secondaryLeaves() {
    for leave in [Intent.health(node: "b", .lost), .drain(node: "b")] {
      var scene = scene([Self.initializing, Self.solo, Self.syncing])
      scene.databases["a"] = primary(nil)
      scene.silence("b")
      scene.pass(.seconds(2))
      scene.apply(.health(node: "b", .lost))
      scene.apply(leave)
      #expect(scene.look().modes == [Self.solo])
    }
  }

  @Test(
    "a primary that is lost with the only complete copy is waited for, never replaced",
    arguments: [[initializing], [initializing, solo], [initializing, solo, syncing]])
  func onlyCopy(path: [Database.Mode]) {
    var scene = scene(path)
    scene.databases["a"] = primary()
    scene.databases["b"] = standby()
    scene.silence("a")
    scene.act(after: .seconds(2))
    for _ in 0..<3 { #expect(scene.look(after: .seconds(600)) == []) }
  }

  // MARK: Failover

  @Test("a primary whose node is silent for 600 ms is replaced by its synchronous secondary")
  func failover() {
    var scene = synchronous()
    scene.silence("a")
    #expect(scene.look(after: .milliseconds(599)) == [])
    #expect(scene.controllers.nextLook <= scene.now + .milliseconds(1))
    #expect(scene.look(after: .milliseconds(1)).modes == [Self.promoting])
  }

  @Test("a new leader listens for 600 ms before it takes a primary for lost")
  func newLeader() {
    var scene = synchronous()
    scene.silence("a")
    scene.pass(.milliseconds(1_900))
    scene.leadingSince = scene.now
    #expect(scene.look() == [])
    scene.speak("a")
    scene.silence("a")
    #expect(scene.look(after: .milliseconds(599)) == [])
    #expect(scene.look(after: .milliseconds(1)).modes == [Self.promoting])
  }

  @Test("a secondary that fell silent together with its primary is not promoted before it is heard again")
  func bothSilent() {
    var scene = synchronous()
    scene.silence("a")
    scene.pass(.milliseconds(300))
    scene.silence("b")
    #expect(scene.look(after: .milliseconds(300)) == [])
    #expect(scene.controllers.nextLook <= scene.now + .milliseconds(50))
    scene.speak("b")
    #expect(scene.look(after: .milliseconds(50)).modes == [Self.promoting])
  }

  @Test("without a secondary that is there and follows, nobody takes over")
  func noSecondary() {
    for server in [DatabaseObservation.Server.stopped, .busy, nil] {
      var scene = synchronous()
      scene.databases["b"] = server.map { observed($0) }
      scene.silence("a")
      #expect(scene.look(after: .seconds(1)) == [])
      #expect(scene.controllers.problems == ["database db: a does not answer, and b cannot take over"])
    }
    var scene = synchronous()
    scene.silence("a")
    scene.silence("b")
    scene.act(after: .seconds(2))
    #expect(scene.look(after: .seconds(600)).modes == [])
  }

  @Test(
    "a primary that restarts within 5 s while its manager reports keeps its place; after that it does not")
  func restarting() {
    var scene = synchronous()
    scene.databases["a"] = observed(.busy)
    #expect(scene.look() == [])
    #expect(scene.look(after: .milliseconds(4_999)) == [])
    scene.databases["a"] = primary()
    #expect(scene.look() == [])
    scene.databases["a"] = observed(.stopped)
    #expect(scene.look(after: .seconds(1)) == [])
    #expect(scene.look(after: .milliseconds(4_999)) == [])
    #expect(scene.look(after: .milliseconds(1)).modes == [Self.promoting])
  }

  @Test("a new primary is alone once it takes writes")
  func promoted() {
    var scene = scene(Self.toSync + [Self.promoting])
    scene.databases["b"] = standby()
    #expect(scene.look() == [])
    scene.databases["b"] = primary(nil)
    #expect(scene.look().modes == [.solo(primary: "b")])
  }

  // MARK: Relaxing

  @Test("a primary goes on alone once its secondary has been away for relax_after")
  func relax() {
    var scene = synchronous()
    scene.databases["a"] = primary(nil)
    #expect(scene.look() == [])
    #expect(scene.look(after: .milliseconds(4_999)) == [])
    #expect(scene.look(after: .milliseconds(1)).modes == [Self.solo])
  }

  @Test("how long a primary has waited for its secondary is not forgotten when another node comes or goes")
  func relaxAmongOthers() {
    var scene = synchronous()
    scene.databases["a"] = primary(nil)
    #expect(scene.look() == [])
    scene.silence("c")
    #expect(scene.look(after: .seconds(3)) == [.health(node: "c", .lost)])
    scene.accept(.health(node: "c", .lost))
    #expect(scene.look(after: .milliseconds(1_999)) == [])
    #expect(scene.look(after: .milliseconds(1)).modes == [Self.solo])
  }

  @Test("a secondary that is back in time is waited for anew the next time")
  func relaxAnew() {
    var scene = synchronous()
    scene.databases["a"] = primary(nil)
    #expect(scene.look() == [])
    scene.databases["a"] = primary()
    #expect(scene.look(after: .seconds(4)) == [])
    scene.databases["a"] = primary(nil)
    #expect(scene.look(after: .seconds(4)) == [])
    #expect(scene.look(after: .seconds(4)) == [])
    #expect(scene.look(after: .seconds(1)).modes == [Self.solo])
  }

  @Test("with relax_after: never it waits, and says that writes wait")
  func relaxNever() {
    var scene = synchronous(relaxAfter: nil)
    scene.databases["a"] = primary(nil)
    #expect(scene.look() == [])
    #expect(scene.look(after: .seconds(3_600)) == [])
    #expect(
      scene.controllers.problems == [
        "database db: its secondary does not answer, writes wait for it (relax_after: never)"
      ])
  }

  // MARK: Switchover

  @Test("a drained zone gives its primary away in good order; without a secondary that takes it, it keeps it")
  func drained() {
    var scene = synchronous()
    scene.accept(.drain(node: "a"))
    #expect(scene.look().modes == [Self.switching])
    scene.accept(.drain(node: "b"))
    #expect(scene.look() == [])
  }

  @Test("a switchover goes on when the old primary has shut down cleanly, and remembers where")
  func switchingStops() {
    var scene = scene(Self.toSync + [Self.switching])
    scene.databases["b"] = standby()
    scene.databases["a"] = primary()
    #expect(scene.look() == [])
    scene.databases["a"] = observed(.stopped)
    #expect(scene.look() == [])
    scene.databases["a"] = observed(.stopped, shutdown: LSN(100))
    #expect(scene.look().modes == [Self.stopped])
  }

  @Test("a switchover whose old primary does not stop within 30 s is given up; all is as before")
  func switchingAborts() {
    var scene = scene(Self.toSync + [Self.switching])
    scene.databases["a"] = primary()
    scene.databases["b"] = standby()
    #expect(scene.look() == [])
    #expect(scene.look(after: .milliseconds(29_999)) == [])
    #expect(scene.look(after: .milliseconds(1)).modes == [Self.sync])
  }

  @Test("an old primary that is lost in the middle of a switchover leaves its place to the secondary")
  func switchingLoses() {
    var scene = scene(Self.toSync + [Self.switching])
    scene.databases["a"] = primary()
    scene.databases["b"] = standby()
    scene.silence("a")
    #expect(scene.look(after: .milliseconds(1_999)) == [])
    scene.act(after: .milliseconds(1))
    #expect(scene.look().modes == [Self.promoting])
  }

  @Test(
    "the new primary is promoted once it has received the last record of the old",
    arguments: [(99, false), (100, true)])
  func stoppedPromotes(received: UInt64, isPromoted: Bool) {
    var scene = scene(Self.toSync + [Self.switching, Self.stopped])
    scene.databases["b"] = standby(received: received)
    #expect(scene.look().modes == (isPromoted ? [Self.promoting] : []))
  }

  @Test("if it never does, the old primary goes on alone after 30 s")
  func stoppedAborts() {
    var scene = scene(Self.toSync + [Self.switching, Self.stopped])
    scene.databases["b"] = standby(received: 99)
    #expect(scene.look() == [])
    #expect(scene.look(after: .milliseconds(29_999)) == [])
    #expect(scene.look(after: .milliseconds(1)).modes == [Self.solo])
  }

  @Test("if it never does, and the old primary is lost, it is promoted: nobody was told of what it lacks")
  func stoppedAndLost() {
    var scene = scene(Self.toSync + [Self.switching, Self.stopped])
    scene.databases["b"] = standby(received: 99)
    #expect(scene.look() == [])
    scene.silence("a")
    scene.act(after: .seconds(10))
    #expect(scene.look(after: .milliseconds(19_999)).modes == [])
    var bothLost = scene
    bothLost.silence("b")
    #expect(bothLost.look(after: .seconds(10)).modes == [])
    #expect(scene.look(after: .milliseconds(1)).modes == [Self.promoting])
  }
}
