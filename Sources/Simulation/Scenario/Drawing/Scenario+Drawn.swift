import Raft

extension Scenario {
  /// A random scenario: who takes part, how links are, what is asked for, what befalls whom for about a minute, and
  /// then a time without faults in which everything must come right. The seed draws all of it, equally on every
  /// machine.
  ///
  /// Every part is drawn by what it is, not in its turn: two versions of this program that differ in how they draw
  /// one kind of fault draw all others alike. What befalls stays within what the design promises to survive: no log is
  /// damaged, and at most one machine loses its disk, for two of three are no majority.
  public static func drawn(seed: UInt64) -> Scenario {
    let drawing = ScenarioDrawing(seed: seed)
    var scenario = Scenario(name: "drawn-\(seed)")
    scenario.nodes = drawing.nodes
    scenario.allowsMisses = true
    scenario.settings = drawing.settings()
    scenario.links = drawing.links()
    scenario.load = drawing.load()
    scenario.steps = drawing.steps()
    scenario.eventually = Eventually(within: .seconds(60), goals: Goal.allCases)
    scenario.expect = [.linearizable]
    return scenario
  }
}

/// Draws the parts of a scenario.
struct ScenarioDrawing: Sendable {
  let nodes: [Scenario.Participant]
  let dice: Dice

  /// For so long faults begin.
  static let faultTime = Duration.seconds(60)

  init(seed: UInt64) {
    dice = Dice(chance: Chance(seed), purpose: .scenario)
    nodes = Self.clusters[dice.weighted(Self.clusterWeights, "nodes")]
  }

  /// The usual three machines, and five over three zones.
  private static let clusters: [[Scenario.Participant]] = [
    [("m1", "a"), ("m2", "b"), ("m3", "c")],
    [("m1", "a"), ("m2", "a"), ("m3", "b"), ("m4", "b"), ("m5", "c")],
    [("m1", "a"), ("m2", "b"), ("m3", "c"), ("m4", "c"), ("m5", "c")],
  ].map { $0.map { Scenario.Participant(name: $0.0, zone: $0.1) } }
  private static let clusterWeights: [UInt64] = [85, 10, 5]

  // MARK: The world

  func settings() -> [Scenario.ScenarioSetting] {
    var settings: [Scenario.ScenarioSetting] = []
    if dice.isOne(in: 2, "snapshots") {
      settings.append(.snapshotEntries(dice.pick([20, 50, 200, 1_000], "snapshot entries")))
      settings.append(.entriesKept(dice.pick([0, 5, 20, 100], "entries kept")))
    }
    if dice.isOne(in: 3, "chunks") {
      settings.append(.chunkBytes(dice.pick([2_000, 20_000], "chunk bytes")))
    }
    if dice.isOne(in: 4, "in flight") {
      settings.append(.inFlight(dice.pick([1, 2, 8], "messages in flight")))
    }
    if dice.isOne(in: 6, "uncommitted") {
      settings.append(.uncommittedBytes(dice.pick([1_000, 10_000], "uncommitted bytes")))
    }
    if dice.isOne(in: 3, "transfer") {
      settings.append(.transferAfter(.milliseconds(dice.pick([200, 1_000, 60_000], "transfer after"))))
    }
    if dice.isOne(in: 3, "rebalance") {
      settings.append(.rebalanceAfter(.milliseconds(dice.pick([500, 2_000, 10_000], "rebalance after"))))
    }
    if dice.isOne(in: 3, "relax") {
      settings.append(.relaxAfter(dice.pick([nil, .milliseconds(200), .seconds(5)], "relax after")))
    }
    if dice.isOne(in: 3, "replicas") { settings.append(.replicas(1 + dice.below(6, "number of replicas"))) }
    if beginsOlder { settings.append(.program(.older)) }
    return settings
  }

  func links() -> [Scenario.LinkRule] {
    switch dice.weighted([60, 20, 20], "links") {
    case 0: []
    case 1: [rule(.named("c"), .named("a"), 0), rule(.named("c"), .named("b"), 1)]
    default: [rule(.named("a"), .named("b"), 2)]
    }
  }

  private func rule(_ from: Target, _ to: Target, _ number: UInt64) -> Scenario.LinkRule {
    let quality = LinkQuality(
      delay: .milliseconds(dice.pick([1, 2, 10, 30], "usual delay", number)),
      jitter: .milliseconds(dice.pick([0, 1, 10], "usual jitter", number)),
      lost: dice.pick([0, 0, 1_000, 10_000], "usual loss", number),
      duplicated: dice.pick([0, 0, 10_000], "usual duplication", number),
      reordered: dice.pick([0, 0, 10_000], "usual reordering", number))
    return Scenario.LinkRule(from: from, to: to, direction: .bothWays, quality: quality)
  }

  func load() -> Scenario.Load {
    var load = Scenario.Load()
    load.clients = 2 + dice.below(7, "clients")
    load.requestsPerSecond = dice.pick([10, 20, 40, 60], "rate")
    load.mix = Self.weights.compactMap { kind, weights in
      let weight = dice.pick(weights, "weight of \(kind.rawValue)")
      return weight > 0 ? Scenario.Load.Share(kind: kind, weight: weight) : nil
    }
    load.until = Self.faultTime
    return load
  }

  private static let weights: [(Scenario.Load.Kind, [UInt64])] = [
    (.insert, [20, 60, 100]), (.purge, [5, 20, 60]), (.scale, [0, 2, 8]), (.read, [0, 5, 15]),
    (.deploy, [0, 0, 1, 3]), (.promote, [0, 0, 0, 1]), (.drain, [0, 0, 0, 1]),
    (.forget, [0, 0, 0, 1]),
  ]

  // MARK: What befalls

  /// In order of time; the last ones end all faults and take drained machines into service again.
  func steps() -> [Scenario.Step] {
    let count =
      3 + dice.below(6, "episodes") + (dice.isOne(in: 3, "many episodes") ? dice.below(8, "more") : 0)
    let episodes = beginnings(count).enumerated().map { number, beginning in
      EpisodeDrawing(number: number, beginning: beginning, drawing: self).steps()
    }
    return Self.merged(episodes + [diskLoss, canary] + upgrades) + ending
  }

  /// Whether the managers begin with the older program, to be upgraded one after another.
  private var beginsOlder: Bool { dice.isOne(in: 4, "program") }

  /// One is upgraded and taken back, before the others follow.
  private var canary: [Scenario.Step] {
    guard beginsOlder, dice.isOne(in: 3, "canary") else { return [] }
    let machine = Target.named(dice.pick(nodes, "canary's machine").name)
    let beginning = Duration.milliseconds(1_000 + dice.below(3_000, "canary's beginning"))
    let end = beginning + .milliseconds(dice.below(6_000, "canary's length"))
    return [
      .init(.at(beginning), [.install(machine, .newer)]), .init(.at(end), [.install(machine, .older)]),
    ]
  }

  private var upgrades: [[Scenario.Step]] {
    guard beginsOlder else { return [] }
    // Before any of them a condition may have held things up until then.
    let last = [Scenario.Step(.at(Self.faultTime + .seconds(24)), [.install(.all, .newer)])]
    return [last]
      + nodes.enumerated().map { place, node in
        let moment = Duration.milliseconds(11_000 + dice.below(45_000, "upgrade", UInt64(place)))
        return [.init(.at(moment), [.install(.named(node.name), .newer)])]
      }
  }

  /// A disk is replaced in a machine, and some time later a new manager is set up there.
  private var diskLoss: [Scenario.Step] {
    guard dice.isOne(in: 6, "disk loss") else { return [] }
    let machine = Target.named(dice.pick(nodes, "machine that loses its disk").name)
    let loss = Duration.milliseconds(2_000 + dice.below(40_000, "moment of the loss"))
    let start = loss + .milliseconds(dice.below(3_000, "time without a disk"))
    let replacement = start + .milliseconds(100 + dice.below(15_000, "time with a strange disk"))
    return [
      .init(.at(loss), [.kill(machine), .wipe(machine)]), .init(.at(start), [.start(machine)]),
      .init(.at(replacement), [.operate(.replace(machine), via: nil)]),
    ]
  }

  /// When the episodes begin: far apart, in pairs, or in bursts.
  private func beginnings(_ count: Int) -> [Duration] {
    let span = Self.faultTime.milliseconds - 2_000
    let style = dice.weighted([50, 25, 25], "style")
    return (0..<count).map { number in
      let group = [number, number / 2, number % 3][style]
      let within = [1, 500, 3_000][style]
      return .milliseconds(
        2_000 + dice.below(span - within, "beginning", UInt64(group))
          + dice.below(within, "moment", UInt64(number)))
    }
  }

  /// Sorted by time; a condition stays behind the step that its episode has before it.
  private static func merged(_ episodes: [[Scenario.Step]]) -> [Scenario.Step] {
    var timed: [(time: Duration, order: Int, step: Scenario.Step)] = []
    for episode in episodes {
      var time = Duration.zero
      for step in episode {
        if case .at(let own) = step.trigger { time = own }
        timed.append((time, timed.count, step))
      }
    }
    return timed.sorted { ($0.time, $0.order) < ($1.time, $1.order) }.map(\.step)
  }

  private var ending: [Scenario.Step] {
    let activations = nodes.map { Incident.operate(.activate(.named($0.name)), via: nil) }
    return [
      .init(.at(Self.faultTime + .seconds(25)), [.restore(.all)]),
      .init(.when(.goal(.oneLeader), within: .seconds(20)), activations),
      .init(.then(.seconds(6)), activations),
    ]
  }
}

/// Draws by identity: what is drawn is named, and the name is part of the question.
struct Dice: Sendable {
  let chance: Chance
  let purpose: Chance.Purpose
  /// Tells those apart that ask the same.
  var salt: UInt64 = 0

  func below(_ bound: Int, _ name: String, _ number: UInt64 = 0) -> Int {
    Int(chance.below(UInt64(bound), purpose, Dice.hash(name), salt &* 1_000 &+ number))
  }

  func isOne(in count: Int, _ name: String, _ number: UInt64 = 0) -> Bool { below(count, name, number) == 0 }

  func pick<Element>(_ elements: [Element], _ name: String, _ number: UInt64 = 0) -> Element {
    elements[below(elements.count, name, number)]
  }

  /// A place in the weights, as likely as its weight says.
  func weighted(_ weights: [UInt64], _ name: String, _ number: UInt64 = 0) -> Int {
    var ticket = UInt64(below(Int(weights.reduce(0, +)), name, number))
    for (place, weight) in weights.enumerated() {
      if ticket < weight { return place }
      ticket -= weight
    }
    return 0
  }

  /// FNV-1a: the same everywhere, unlike the standard library's.
  static func hash(_ name: String) -> UInt64 {
    name.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
  }
}
