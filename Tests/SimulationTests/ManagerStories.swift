import Cluster
import Control
import Manager
import Raft
import Simulation
import Testing

@Suite("The whole manager, three zones")
struct ManagerStories {
  @Test("the leader sits in the zone without data", arguments: 0..<20 as Range<UInt64>)
  func leaderPrefersTheDecidingZone(seed: UInt64) {
    var world = World.settled(seed: seed)
    #expect(world.run(within: .seconds(20)) { $0.leader == 2 })
    world.run(for: .seconds(5))
    #expect(world.leader == 2)
    #expect(world.counters[.halts] == 0)
  }

  @Test("a deployment spreads over both data zones and receives traffic; scaling adds two in each")
  func deployAndScale() {
    var world = World.settled(seed: 1)
    let deploy = world.submit(.deploy(Shop.stack()), to: 0)
    #expect(
      world.run(within: .seconds(3)) { $0.isAccepted(deploy) && $0.serves(1, at: 0) && $0.serves(1, at: 1) })
    let scale = world.submit(.scale(Shop.web, replicas: 4), to: 1)
    #expect(
      world.run(within: .seconds(3)) { $0.isAccepted(scale) && $0.serves(2, at: 0) && $0.serves(2, at: 1) })
    let shrink = world.submit(.scale(Shop.web, replicas: 1), to: 2)
    #expect(
      world.run(within: .seconds(3)) {
        $0.isAccepted(shrink) && $0.containers(in: 0) + $0.containers(in: 1) == 1
      })
  }

  @Test("an intent is applied once, however often it is sent")
  func exactlyOnce() {
    var world = World.settled(seed: 2)
    let request = RequestID(high: 7, low: 7)
    let first = world.submit(.deploy(Shop.stack()), to: 0, request: request)
    let second = world.submit(.deploy(Shop.stack()), to: 1, request: request)
    #expect(world.run(within: .seconds(3)) { $0.answer(to: first) != nil && $0.answer(to: second) != nil })
    // Had it not come there yet, the third would be answered by the first's own application.
    #expect(world.run(within: .seconds(1)) { $0.machines[2].manager?.state.services[Shop.web] != nil })
    let third = world.submit(.deploy(Shop.stack()), to: 2, request: request)
    #expect(world.run(within: .seconds(1)) { $0.answer(to: third) != nil })
    guard case .applied(let one)? = world.answer(to: first),
      case .applied(let two)? = world.answer(to: second),
      case .applied(let three)? = world.answer(to: third)
    else {
      Issue.record("not all were answered")
      return
    }
    #expect(Set([one.index, two.index, three.index]).count == 1)
    #expect(three.isRepeated)
  }

  @Test(
    "after the leader's zone is cut, scaling through another is done within 3 s; the cut zone refuses and its containers run on",
    arguments: 0..<20 as Range<UInt64>)
  func cutTheLeadersZone(seed: UInt64) {
    var world = World.settled(seed: seed) { $0.transferAfter = .seconds(10_000) }
    _ = world.submit(.deploy(Shop.stack()), to: 0)
    #expect(world.run(within: .seconds(5)) { $0.serves(1, at: 0) && $0.serves(1, at: 1) })
    guard let leader = world.leader else { return }
    let other = (leader + 1) % 3
    world.cut(leader)
    let before = world.now
    let scale = world.submit(.scale(Shop.web, replicas: 4), to: other)
    let refused = world.submit(.scale(Shop.web, replicas: 9), to: leader)
    let dataZones = [0, 1].filter { $0 != leader }
    #expect(
      world.run(within: .seconds(5)) { world in
        world.isAccepted(scale) && dataZones.allSatisfy { world.serves(dataZones.count == 1 ? 4 : 2, at: $0) }
      })
    #expect(world.now - before < .seconds(4))
    world.run(within: .seconds(6)) { $0.answer(to: refused) != nil }
    #expect(world.answer(to: refused) == .noQuorum)
    if leader != 2 { #expect(world.containers(in: leader) >= 1) }
    world.heal()
    #expect(world.run(within: .seconds(60)) { $0.serves(2, at: 0) && $0.serves(2, at: 1) })
    #expect(world.run(within: .seconds(2)) { $0.containers(in: 0) == 2 && $0.containers(in: 1) == 2 })
  }

  @Test(
    "killing all managers at once restarts no container and forgets nothing",
    arguments: 0..<10 as Range<UInt64>)
  func killAll(seed: UInt64) {
    var world = World.settled(seed: seed)
    _ = world.submit(.deploy(Shop.stack(replicas: 4, withDatabase: true)), to: 0)
    #expect(
      world.run(within: .seconds(20)) { world in
        guard case .sync? = world.mode() else { return false }
        return world.serves(2, at: 0) && world.serves(2, at: 1)
      })
    _ = world.purge([.address(host: nil, path: "/before")], at: 0)
    world.run(for: .seconds(3))
    let starts = world.machines.map(\.containers.starts)
    let purged = world.machines.map(\.cache.purges)
    let mode = world.mode()
    for index in world.machines.indices { world.kill(index) }
    world.run(for: .seconds(1))
    for index in world.machines.indices { world.start(index) }
    world.run(for: .seconds(10))
    #expect(world.machines.map(\.containers.starts) == starts)
    #expect(world.machines.map(\.cache.purges) == purged)
    #expect(world.mode() == mode)
    #expect(world.serves(2, at: 0) && world.serves(2, at: 1))
    let after = world.submit(.scale(Shop.web, replicas: 2), to: 0)
    #expect(world.run(within: .seconds(3)) { $0.isAccepted(after) })
  }

  @Test("a task that dies is replaced; a node that is drained gives its tasks away first and gets them back")
  func replaceAndDrain() {
    var world = World.settled(seed: 3) { $0.control.rebalanceAfter = .seconds(5) }
    _ = world.submit(.deploy(Shop.stack(replicas: 4)), to: 0)
    #expect(world.run(within: .seconds(5)) { $0.serves(2, at: 0) && $0.serves(2, at: 1) })
    let victim = world.machines[0].containers.running[0].task
    world.befall(.container(.named("a"), .crash))
    #expect(
      world.run(within: .seconds(3)) { world in
        world.serves(2, at: 0) && !world.machines[0].containers.running.contains { $0.task == victim }
      })
    let drain = world.submit(.drain(node: "a"), to: 1)
    var least = 4
    #expect(
      world.run(within: .seconds(20)) { world in
        let serving = world.machines.reduce(0) { $0 + $1.balancing.frontends.flatMap(\.servers).count }
        least = min(least, serving)
        return world.isAccepted(drain) && world.containers(in: 0) == 0 && world.serves(4, at: 1)
      })
    #expect(least == 4, "four served at every moment")
    _ = world.submit(.activate(node: "a"), to: 1)
    #expect(world.run(within: .seconds(40)) { $0.serves(2, at: 0) && $0.serves(2, at: 1) })
  }

  @Test("a rollout replaces tasks start-first; a broken image is rolled back by itself")
  func rollouts() {
    var world = World.settled(seed: 4)
    let update = UpdatePolicy(
      parallelism: 1, monitor: .seconds(1), failureAction: .rollBack, order: .startFirst)
    _ = world.submit(.deploy(Shop.stack(replicas: 2, update: update)), to: 0)
    #expect(world.run(within: .seconds(5)) { $0.serves(1, at: 0) && $0.serves(1, at: 1) })
    _ = world.submit(.deploy(Shop.stack(image: "example/shop:2", replicas: 2, update: update)), to: 0)
    func phase(_ world: World) -> Rollout.Phase? {
      world.leader.flatMap { world.machines[$0].manager?.state.services[Shop.web]?.rollout?.phase }
    }
    #expect(world.run(within: .seconds(20)) { phase($0) == .completed })
    #expect(world.serves(1, at: 0) && world.serves(1, at: 1))
    world.befall(.image("example/shop:3", .broken))
    _ = world.submit(.deploy(Shop.stack(image: "example/shop:3", replicas: 2, update: update)), to: 0)
    var least = 2
    #expect(
      world.run(within: .seconds(30)) { world in
        least = min(least, world.machines.reduce(0) { $0 + $1.balancing.frontends.flatMap(\.servers).count })
        if case .rolledBack? = phase(world) { return true }
        return false
      })
    #expect(least == 2)
    let service = world.leader.flatMap { world.machines[$0].manager?.state.services[Shop.web] }
    #expect(service?.specification.template.image == "example/shop:2")
  }
}

@Suite("Purges")
struct PurgeStories {
  @Test("an operator's purge is answered like any intent, the door's with a bare yes")
  func answers() {
    var world = World.settled(seed: 7)
    let intent = world.submit(.purge([.address(host: nil, path: "/")]), to: 0)
    let door = world.purge([.address(host: nil, path: "/")], at: 1)
    let empty = world.submit(.purge([]), to: 1)
    #expect(
      world.run(within: .seconds(2)) {
        $0.answer(to: intent) != nil && $0.answer(to: door) != nil && $0.answer(to: empty) != nil
      })
    #expect(world.isAccepted(intent))
    #expect(world.answer(to: door) == .purged)
    #expect(world.answer(to: empty) != nil && !world.isAccepted(empty))
  }

  @Test("a purge reaches both caches in the log's order; a cache that was away catches up")
  func catchUp() {
    var world = World.settled(seed: 5)
    world.run(for: .seconds(5))
    let first = world.purge([.address(host: nil, path: "/1")], at: 0)
    #expect(world.run(within: .seconds(1)) { $0.answer(to: first) == .purged })
    #expect(
      world.run(within: .seconds(1)) {
        $0.machines[0].cache.purges == 1 && $0.machines[1].cache.purges == 1
      })
    world.befall(.varnish(.named("b"), .unreachable))
    world.run(for: .seconds(1))
    for number in 2...50 {
      _ = world.purge([.address(host: nil, path: "/\(number)")], at: number % 3)
      world.run(for: .milliseconds(20))
    }
    world.run(for: .seconds(1))
    #expect(world.machines[0].cache.purges == 50)
    #expect(world.machines[1].cache.purges == 1)
    world.befall(.varnish(.named("b"), .reachable))
    #expect(world.run(within: .seconds(3)) { $0.machines[1].cache.purges == 50 })
  }
}

@Suite("Databases")
struct DatabaseStories {
  /// A cluster with the database in `sync`.
  private func replicated(seed: UInt64) -> World {
    var world = World.settled(seed: seed)
    _ = world.submit(.deploy(Shop.stack(withDatabase: true)), to: 0)
    let isSync = world.run(within: .seconds(30)) { $0.mode() == .sync(primary: "a", secondary: "b") }
    #expect(isSync)
    return world
  }

  private func writable(_ world: World) -> [Int] {
    world.machines.indices.filter { world.machines[$0].databases["shop"]?.server == .primary }
  }

  /// A client at each machine inserts rows; the world itself watches that none is lost and that one server at most
  /// acknowledges.
  private func load(
    _ world: inout World, for limit: Duration, until condition: (World) -> Bool = { _ in false }
  ) -> Bool {
    let deadline = world.now + limit
    while world.now < deadline {
      world.run(for: .milliseconds(50))
      for index in writable(world) { world.insert(UInt64(world.now.nanoseconds), into: "shop", at: index) }
      if condition(world) { return true }
    }
    return false
  }

  @Test(
    "a switchover there and back loses no acknowledged row and never has two primaries",
    arguments: 0..<10 as Range<UInt64>)
  func switchover(seed: UInt64) {
    var world = replicated(seed: seed)
    for target in ["b", "a"] {
      let promote = world.submit(.promote(database: "shop"), to: 2)
      let other = target == "a" ? "b" : "a"
      let isDone = load(&world, for: .seconds(30)) { world in
        #expect(writable(world).count <= 1)
        return world.mode() == .sync(primary: target, secondary: other)
      }
      #expect(isDone)
      #expect(world.isAccepted(promote))
    }
    #expect(world.counters[.rows] > 20)
    #expect(world.counters[.switchovers] == 2)
    #expect(world.violation == nil)
  }

  @Test(
    "the primary's zone is lost: the secondary takes over; the old primary comes back as the secondary",
    arguments: 0..<10 as Range<UInt64>)
  func failover(seed: UInt64) {
    var world = replicated(seed: seed)
    world.run(for: .seconds(5))
    _ = load(&world, for: .seconds(1))
    world.cut(0)
    let start = world.now
    #expect(load(&world, for: .seconds(10)) { $0.mode() == .solo(primary: "b") })
    #expect(world.now - start < .seconds(3))
    _ = load(&world, for: .seconds(2))
    world.heal()
    #expect(load(&world, for: .seconds(60)) { $0.mode() == .sync(primary: "b", secondary: "a") })
    world.run(for: .seconds(1))
    #expect(world.counters[.failovers] == 1)
    #expect(writable(world) == [1])
    #expect(world.violation == nil)
  }

  @Test(
    "the secondary is lost: the primary goes on alone after the patience of its stack file, and is replicated again later"
  )
  func relax() {
    var world = replicated(seed: 6)
    world.run(for: .seconds(5))
    world.cut(1)
    world.insert(1, into: "shop", at: 0)
    #expect(!world.run(within: .seconds(1)) { $0.lastAcknowledgedRow == 1 })
    #expect(world.run(within: .seconds(6)) { $0.mode() == .solo(primary: "a") })
    #expect(world.run(within: .seconds(2)) { $0.lastAcknowledgedRow == 1 })
    world.insert(2, into: "shop", at: 0)
    #expect(world.lastAcknowledgedRow == 2)
    world.heal()
    #expect(world.run(within: .seconds(30)) { $0.mode() == .sync(primary: "a", secondary: "b") })
  }
}
