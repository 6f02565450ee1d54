import Cluster
import Raft

/// Draws one thing that befalls the cluster, with its end: one to six steps.
struct EpisodeDrawing: Sendable {
  let beginning: Duration
  private let nodes: [Scenario.Participant]
  private let dice: Dice

  init(number: Int, beginning: Duration, drawing: ScenarioDrawing) {
    self.beginning = beginning
    nodes = drawing.nodes
    dice = Dice(chance: drawing.dice.chance, purpose: .incident, salt: UInt64(number) + 1)
  }

  private enum Kind: Int, CaseIterable {
    case partition, oneWay, clog, flap, swizzle, quality
    case process, pause, power, lostWrites
    case disk, clock
    case engine, containers, image, server, cache
    case interruptedSwitchover, interruptedDrain, interruptedFailover, interruptedDeploy, interruptedScaling

    var weight: UInt64 {
      switch self {
      case .partition, .process: 12
      case .oneWay, .power: 8
      case .lostWrites, .pause, .clog, .disk, .interruptedSwitchover, .interruptedFailover: 6
      case .swizzle, .server, .cache, .engine, .interruptedDeploy: 5
      case .flap, .quality, .clock, .containers, .image, .interruptedDrain, .interruptedScaling: 4
      }
    }
  }

  func steps() -> [Scenario.Step] {
    let kinds = Kind.allCases
    switch kinds[dice.weighted(kinds.map(\.weight), "kind")] {
    case .partition: return partition()
    case .oneWay: return lasting(.cut(machine(), other(), .oneWay), until: .heal(.all))
    case .clog: return once(.clog(machine(), other(), direction, length))
    case .flap: return flap()
    case .swizzle: return swizzle()
    case .quality: return lasting(.link(machine(), other(), direction, quality), until: .heal(machine()))
    case .process: return process()
    case .pause: return lasting(.pause(victim), until: .resume(.all))
    case .power: return power()
    case .lostWrites: return lostWrites()
    case .disk: return disk()
    case .clock: return clock()
    case .engine: return engine()
    case .containers: return containers()
    case .image: return image()
    case .server: return server()
    case .cache: return cache()
    case .interruptedSwitchover: return interruptedSwitchover()
    case .interruptedDrain: return interruptedDrain()
    case .interruptedFailover: return interruptedFailover()
    case .interruptedDeploy: return interrupted(.deploy(image: newImage, order: order))
    case .interruptedScaling: return interrupted(.scale(dice.below(8, "tasks")))
    }
  }

  // MARK: Shapes

  private func once(_ incidents: Incident...) -> [Scenario.Step] { [.init(.at(beginning), incidents)] }

  private func lasting(_ incident: Incident, until end: Incident...) -> [Scenario.Step] {
    [.init(.at(beginning), [incident]), .init(.at(beginning + length), end)]
  }

  /// From 50 ms to 20 s, short ones as likely as long ones.
  private var length: Duration {
    let scale = dice.pick([50, 200, 500, 1_000, 2_000, 5_000, 10_000], "scale")
    return .milliseconds(scale + dice.below(scale, "length"))
  }

  private func moment(_ place: UInt64, below bound: Int) -> Duration {
    beginning + .milliseconds(dice.below(bound, "moment", place))
  }

  // MARK: Targets

  private func name(_ number: UInt64 = 0) -> String { dice.pick(nodes, "machine", number).name }
  private func machine() -> Target { .named(name()) }

  /// Another machine than `machine()`.
  private func other() -> Target {
    let others = nodes.map(\.name).filter { $0 != name() }
    return .named(dice.pick(others, "other machine"))
  }

  private var zone: Target { .named(dice.pick(["a", "b", "c"], "zone")) }
  private var direction: Direction { dice.isOne(in: 2, "direction") ? .oneWay : .bothWays }

  /// One that is worth hitting.
  private var victim: Target {
    switch dice.weighted([40, 20, 20, 10, 10], "victim") {
    case 0: machine()
    case 1: .leader
    case 2: .primary
    case 3: .secondary
    default: .follower
    }
  }

  // MARK: Network

  private func partition() -> [Scenario.Step] {
    switch dice.weighted([50, 30, 20], "partition") {
    case 0: return lasting(.isolate(zone), until: .heal(zone))
    case 1:
      // The triangle: two zones do not see each other, the third sees both.
      let left = dice.pick([["a", "b"], ["a", "c"], ["b", "c"]], "triangle").map(Target.named)
      return lasting(.cut(left[0], left[1], .bothWays), until: .healLink(left[0], left[1]))
    default: return lasting(.isolate(victim), until: .heal(.all))
    }
  }

  private func flap() -> [Scenario.Step] {
    let every = Duration.milliseconds(100 + dice.below(1_000, "flapping"))
    return once(.flap(machine(), other(), every: every, for: length))
  }

  /// The links of several machines are cut one after another, and healed in another order.
  private func swizzle() -> [Scenario.Step] {
    var steps: [Scenario.Step] = []
    for (place, node) in nodes.enumerated() where !dice.isOne(in: 3, "left out", UInt64(place)) {
      let cut = moment(UInt64(place), below: 3_000)
      let healed = moment(UInt64(place + nodes.count), below: 4_000) + .seconds(3)
      steps.append(.init(.at(cut), [.isolate(.named(node.name))]))
      steps.append(.init(.at(healed), [.heal(.named(node.name))]))
    }
    return steps
  }

  private var quality: LinkQuality {
    LinkQuality(
      delay: .milliseconds(dice.pick([1, 20, 100], "delay")),
      jitter: .milliseconds(dice.pick([0, 20, 200], "jitter")),
      lost: dice.pick([0, 10_000, 100_000, 400_000], "loss"),
      duplicated: dice.pick([0, 10_000, 200_000], "duplication"),
      reordered: dice.pick([0, 10_000, 200_000], "reordering"))
  }

  // MARK: Machines

  private func process() -> [Scenario.Step] {
    switch dice.weighted([60, 20, 10, 10], "process") {
    case 0: lasting(.kill(victim), until: .start(.all))
    case 1: lasting(.stop(victim), until: .start(.all))
    case 2: lasting(.kill(zone), until: .start(zone))
    default: lasting(.kill(.all), until: .start(.all))
    }
  }

  private func power() -> [Scenario.Step] {
    switch dice.weighted([50, 20, 15, 15], "power") {
    case 0: once(.reboot(victim, down: length))
    case 1: lasting(.powerOff(zone), until: .start(zone))
    case 2: once(.reboot(.all, down: length))
    default: rollingReboot()
    }
  }

  private func rollingReboot() -> [Scenario.Step] {
    let pause = Duration.milliseconds(500 + dice.below(6_000, "pause"))
    return nodes.enumerated().map { place, node in
      .init(.at(beginning + pause * place), [.reboot(.named(node.name), down: pause)])
    }
  }

  private func lostWrites() -> [Scenario.Step] {
    let fault: DiskFault = dice.isOne(in: 2, "torn") ? .tearTail : .loseUnsynced
    let target = dice.isOne(in: 4, "everywhere") ? Target.all : victim
    return lasting(.disk(target, fault), until: .start(.all))
  }

  private func disk() -> [Scenario.Step] {
    switch dice.weighted([70, 30], "disk") {
    case 0: lasting(.disk(victim, .stall), until: .disk(.all, .release))
    default: lasting(.disk(victim, .fill), until: .disk(.all, .free), .start(.all))
    }
  }

  private func clock() -> [Scenario.Step] {
    switch dice.weighted([50, 35, 15], "clock") {
    case 0: return once(.clockJump(victim, length * dice.pick([1, 10, 1_000], "jump")))
    case 1:
      let drift = dice.pick([-50_000, -1_000, -200, 200, 1_000, 50_000], "drift")
      return lasting(
        .clockDrift(machine(), partsPerMillion: drift), until: .clockDrift(.all, partsPerMillion: 0))
    default:
      return once(
        .wallClock(machine(), Duration(nanoseconds: length.nanoseconds * dice.pick([-3_600, 3_600], "wall"))))
    }
  }

  // MARK: Services

  private func engine() -> [Scenario.Step] {
    switch dice.below(5, "engine") {
    case 0: lasting(.docker(victim, .down), until: .docker(.all, .up))
    case 1:
      lasting(
        .docker(victim, .slow(.milliseconds(200 + dice.below(4_000, "slowness")))),
        until: .docker(.all, .well))
    case 2: lasting(.docker(victim, .failing), until: .docker(.all, .well))
    case 3: lasting(.docker(victim, .halfDone), until: .docker(.all, .well))
    default: lasting(.docker(victim, .answersTwice), until: .docker(.all, .well))
    }
  }

  private func containers() -> [Scenario.Step] {
    let fault = dice.pick(ContainerFault.allCases, "container")
    let target = dice.isOne(in: 2, "both") ? Target.all : victim
    return once(.container(target, fault))
  }

  private var newImage: String { dice.pick(["shop:2", "shop:3", "shop:4"], "image") }
  private var order: UpdatePolicy.Order { dice.isOne(in: 2, "order") ? .startFirst : .stopFirst }

  private func image() -> [Scenario.Step] {
    let nature = dice.pick([ImageNature.broken, .neverHealthy, .slow], "nature")
    return [
      .init(
        .at(beginning),
        [.image(newImage, nature), .operate(.deploy(image: newImage, order: order), via: nil)]),
      .init(.at(beginning + length + .seconds(5)), [.image(newImage, .well)]),
    ]
  }

  private func server() -> [Scenario.Step] {
    switch dice.weighted([50, 30, 20], "server") {
    case 0: once(.postgres(databaseVictim, .crash))
    case 1: lasting(.postgres(databaseVictim, .freeze), until: .postgres(.all, .thaw))
    default: lasting(.postgres(databaseVictim, .slow), until: .postgres(.all, .well))
    }
  }

  private var databaseVictim: Target { dice.pick([.primary, .secondary, .all], "server's machine") }

  private func cache() -> [Scenario.Step] {
    let target = dice.pick([Target.named("a"), .named("b"), .all], "cache")
    switch dice.below(3, "cache's fault") {
    case 0: return lasting(.varnish(target, .unreachable), until: .varnish(target, .reachable))
    case 1: return once(.varnish(target, .restart))
    default: return lasting(.varnish(target, .halfDone), until: .varnish(target, .well))
    }
  }

  // MARK: In the middle of operations

  /// What breaks in the middle, and its end some time later.
  private func interruption() -> (fault: Incident, end: [Incident]) {
    switch dice.below(8, "interruption") {
    case 0, 1: (.kill(.leader), [.start(.all)])
    case 2: (.kill(dice.isOne(in: 2, "side") ? .primary : .secondary), [.start(.all)])
    case 3: (.isolate(zone), [.heal(.all)])
    case 4: (.reboot(dice.pick([.primary, .secondary, .all], "rebooted"), down: length), [])
    case 5: (.postgres(databaseVictim, .crash), [])
    case 6: (.disk(.leader, .tearTail), [.start(.all)])
    default: (.cut(.named("a"), .named("b"), .bothWays), [.heal(.all)])
    }
  }

  private func interruptedIn(
    _ modes: [Scenario.ModeName], of beginning: Incident, then later: [Incident] = []
  ) -> [Scenario.Step] {
    let (fault, end) = interruption()
    let condition = Scenario.Condition.mode(database: Scenario.databases[0], dice.pick(modes, "mode"))
    let ends = end + later
    return [
      .init(.at(self.beginning), [beginning]),
      .init(.when(condition, within: .seconds(4)), [fault]),
    ] + (ends.isEmpty ? [] : [.init(.at(self.beginning + .seconds(1) + length), ends)])
  }

  private func interruptedSwitchover() -> [Scenario.Step] {
    interruptedIn([.switching, .stopped, .promoting, .solo, .syncing], of: .operate(.promote, via: nil))
  }

  private func interruptedDrain() -> [Scenario.Step] {
    let target = Target.named(dice.pick(["a", "b"], "drained"))
    return interruptedIn(
      [.switching, .stopped, .promoting, .solo], of: .operate(.drain(target), via: nil),
      then: [.operate(.activate(target), via: nil)])
  }

  private func interruptedFailover() -> [Scenario.Step] {
    let (fault, end): (Incident, Incident) =
      dice.isOne(in: 2, "failover") ? (.isolate(.primary), .heal(.all)) : (.powerOff(.primary), .start(.all))
    return interruptedIn([.promoting, .solo, .syncing], of: fault, then: [end])
  }

  private func interrupted(_ operation: Operation) -> [Scenario.Step] {
    let (fault, end) = interruption()
    let later = moment(99, below: 4_000)
    return [
      .init(.at(beginning), [.operate(operation, via: nil)]),
      .init(.at(later), [fault]),
    ] + (end.isEmpty ? [] : [.init(.at(later + length), end)])
  }
}
