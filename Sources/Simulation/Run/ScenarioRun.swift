import Cluster
import Control
import Manager
public import Raft

/// Lives through a scenario with one seed.
public struct ScenarioRun: Sendable {
  public let scenario: Scenario
  public let seed: UInt64
  public private(set) var world: World
  private var load: LoadGenerator
  /// The scenario's time zero.
  private var origin = Instant.origin
  private var atOrigin = Counters()
  private var lastStep = Instant.origin

  /// - Parameter chronicle: what to record of the run; nothing if nil.
  public init(_ scenario: Scenario, seed: UInt64, chronicle: Chronicle? = nil) {
    self.scenario = scenario
    self.seed = seed
    world = World(seed: seed, participants: scenario.nodes) { $0.adopt(scenario.settings) }
    world.chronicle = chronicle
    world.watched = scenario.always
    load = LoadGenerator(scenario.load, chance: Chance(seed))
  }

  /// What came of a run.
  public struct Outcome: Sendable {
    public var scenario: String
    public var seed: UInt64
    /// What was broken or not reached; nil if all is well.
    public var failure: Violation?
    public var counters: Counters
    /// How often each kind of fault befell the cluster.
    public var faults: [String: Int]
    /// Simulated.
    public var time: Duration
    public var events: UInt64
    /// Equal for equal runs.
    public var traceHash: UInt64
  }

  /// Lives through it all, or until a time of the world.
  public mutating func run(until end: Instant = .never) -> Outcome {
    world.standsStillAt = end
    let failure = live()
    return Outcome(
      scenario: scenario.name, seed: seed, failure: failure, counters: world.counters - atOrigin,
      faults: world.faults, time: world.now - .origin, events: world.events, traceHash: world.traceHash)
  }

  private mutating func live() -> Violation? {
    begin()
    for step in scenario.steps {
      if let failure = take(step) { return failure }
    }
    pass(until: max(world.now, origin + scenario.load.until)) { _ in false }
    if let eventually = scenario.eventually { converge(eventually) }
    if world.isGoingOn { checkHistory() }
    if world.isGoingOn { checkReach() }
    return world.violation
  }

  private mutating func fail(_ invariant: Invariant, _ text: String) { world.violate(invariant, text) }

  // MARK: The beginning

  private mutating func begin() {
    for rule in scenario.links { world.setUsual(rule) }
    if scenario.start == .settled { settle() }
    origin = world.now
    lastStep = origin
    atOrigin = world.counters
    load.begin(at: origin)
  }

  private mutating func settle() {
    let limit = Duration.seconds(60)
    world.run(within: limit) { world in
      world.leader != nil && world.newestState?.nodes.count == world.machines.count
    }
    world.submit(
      .deploy(
        ExampleStack.stack(
          replicas: scenario.replicas, zones: world.dataZones, relaxAfter: scenario.relaxAfter)), to: 0)
    let goals: [Scenario.Goal] = [.oneLeader, .onePrimary, .desiredIsActual]
    for _ in 0..<600 where world.isGoingOn {
      if world.newestState?.services.isEmpty == false, goals.allSatisfy({ world.meets($0) }) { return }
      world.run(for: .milliseconds(100))
    }
    guard world.isGoingOn else { return }
    let missing = goals.filter { !world.meets($0) }.map { world.shortfall(of: $0) }
    fail(.convergence, "the cluster did not settle: \(missing.joined(separator: "; "))")
  }

  // MARK: Steps

  private mutating func take(_ step: Scenario.Step) -> Violation? {
    switch step.trigger {
    case .at(let time): pass(until: origin + time) { _ in false }
    case .then(let delay): pass(until: lastStep + delay) { _ in false }
    case .when(let condition, let limit):
      let start = atOrigin
      if !pass(until: world.now + limit, stopWhen: { $0.meets(condition, since: start) }) {
        guard world.isGoingOn, !scenario.allowsMisses else { return world.violation }
        fail(.convergence, "line \(step.line): the condition was not met within \(limit.milliseconds) ms")
      }
    }
    guard world.isGoingOn else { return world.violation }
    lastStep = world.now
    for incident in step.incidents {
      if case .operate(let operation, let target) = incident {
        world.chronicle?.note(world.now, nil, .befell(incident))
        load.note(world.operate(operation, via: target))
        continue
      }
      if !world.befall(incident), !scenario.allowsMisses {
        fail(.convergence, "line \(step.line): there is nothing that `\(incident.text)` could befall")
      }
    }
    return world.violation
  }

  /// Lets time pass under load.
  @discardableResult
  private mutating func pass(until end: Instant, stopWhen condition: (World) -> Bool) -> Bool {
    while world.isGoingOn {
      let pause = min(end, load.next)
      if pause > world.now, world.run(within: pause - world.now, until: condition) { return true }
      if pause <= world.now, condition(world) { return true }
      guard load.next <= end else { return false }
      load.request(&world)
    }
    return false
  }

  // MARK: The end

  private mutating func converge(_ eventually: Scenario.Eventually) {
    if scenario.allowsMisses { world.replaceStrangers() }
    if scenario.load.mix.contains(where: { $0.kind == .drain }) || (scenario.allowsMisses && world.hasDrained)
    {
      activateAll()
    }
    let end = world.now + eventually.within
    let goals = eventually.goals
    while !goals.allSatisfy({ world.meets($0) }), world.isGoingOn {
      guard world.now < end else {
        let missing = goals.filter { !world.meets($0) }.map { world.shortfall(of: $0) }
        fail(
          .convergence,
          "not well \(eventually.within.milliseconds / 1_000) s after the faults ended: "
            + missing.joined(separator: "; "))
        return
      }
      world.run(for: .milliseconds(100))
    }
    guard world.isGoingOn else { return }
    if goals.contains(.freshIntent) { askEverywhere() }
    if goals.contains(.freshRow) { insertOne() }
    if goals.contains(.allPurged), let stale = world.stalePage {
      fail(.noStalePage, "\(stale.machine) serves \(stale.path) though its purge was acknowledged")
    }
  }

  /// Ends the drains, as an operator does that does not give up.
  private mutating func activateAll() {
    // What was asked for during the faults may come into the log until its time is up.
    world.run(for: .seconds(6))
    for machine in world.machines {
      for attempt in 0..<10 {
        let token = world.submit(.activate(node: machine.name), to: attempt % world.machines.count)
        load.note([token])
        world.run(within: .seconds(6)) { $0.answer(to: token) != nil }
        if case .applied? = world.answer(to: token) { break }
      }
    }
  }

  private mutating func askEverywhere() {
    for index in world.taken {
      let tokens = [
        world.submit(.scale(ExampleStack.web, replicas: 3 + index % 2), to: index), world.barrier(at: index),
      ]
      load.note(tokens)
      world.run(within: .seconds(6)) { world in tokens.allSatisfy { world.answer(to: $0) != nil } }
      for token in tokens {
        switch world.answer(to: token) {
        case .applied, .current: continue
        default:
          fail(
            .convergence, "after the faults ended a request at \(world.machines[index].name) is not answered")
          return
        }
      }
    }
  }

  private mutating func insertOne() {
    let row = UInt64.max
    let database = ExampleStack.database
    guard let primary = world.machines.indices.first(where: { world.insert(row, into: database, at: $0) })
    else {
      return fail(.convergence, "after the faults ended no server takes writes")
    }
    if !world.run(within: .seconds(3), until: { $0.lastAcknowledgedRow == row }) {
      fail(.convergence, "after the faults ended \(world.machines[primary].name) acknowledges no row")
    }
  }

  // MARK: The whole history

  private mutating func checkHistory() {
    for expectation in scenario.expect {
      switch expectation {
      case .linearizable: checkLinearizability()
      case .noRestart:
        let started = (world.counters - atOrigin)[.starts]
        if started > 0 { fail(.convergence, "\(started) containers were started") }
      case .noHalt:
        if (world.counters - atOrigin)[.halts] > 0 { fail(.noHalt, "a manager halted") }
      }
    }
  }

  private mutating func checkLinearizability() {
    for (register, history) in load.histories(of: world, initial: scenario.replicas) {
      switch history.verdict() {
      case .linearizable: continue
      case .impossible(let instant):
        fail(
          .linearizable,
          "no order of the requests about \(register) explains what clients saw that had their answers by "
            + "\(instant.milliseconds) ms")
      case .unknown:
        fail(
          .linearizable, "the history of \(register) is too large to be checked: make the load smaller")
      }
    }
  }

  private mutating func checkReach() {
    for bound in scenario.reach {
      let actual = world.value(of: bound.measure, since: atOrigin)
      if !bound.holds(for: actual) {
        fail(
          .convergence,
          "reach: \(bound.measure.text) is \(actual), not \(bound.relation.rawValue)\(bound.value)")
      }
    }
  }
}

extension Instant {
  var milliseconds: Int64 { nanoseconds / 1_000_000 }
}

extension Scenario {
  /// How many tasks the example's service has at the beginning.
  var replicas: Int {
    for case .replicas(let count) in settings { return count }
    return 3
  }

  var relaxAfter: Duration? {
    for case .relaxAfter(let patience) in settings { return patience }
    return .seconds(2)
  }
}

extension Manager.Configuration {
  mutating func adopt(_ settings: [Scenario.ScenarioSetting]) {
    // What a test need not wait for.
    control.rebalanceAfter = .seconds(5)
    var (kept, chunk, uncommitted, inFlight) = (2_000, 256 << 10, 32 << 20, 64)
    for setting in settings {
      switch setting {
      case .rebalanceAfter(let time): control.rebalanceAfter = time
      case .transferAfter(let time): transferAfter = time
      case .snapshotEntries(let count): snapshotEntries = count
      case .entriesKept(let count): kept = count
      case .chunkBytes(let bytes): chunk = bytes
      case .uncommittedBytes(let bytes): uncommitted = bytes
      case .inFlight(let count): inFlight = count
      case .program(let program): featureLevel = program.featureLevel
      case .relaxAfter, .replicas: break
      }
    }
    let settings = try? Settings(
      maximumInFlightMessages: inFlight, maximumUncommittedBytes: uncommitted, snapshotChunkBytes: chunk,
      entriesKeptAfterSnapshot: kept)
    if let settings { raft = settings }
  }
}
