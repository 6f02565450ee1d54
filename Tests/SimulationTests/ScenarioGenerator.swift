import Cluster
import Raft
import Simulation

/// Any scenario that a file can say, whether it makes sense in a run or not: from every case of every enumeration.
struct ScenarioGenerator {
  private var random: RandomSource
  private var nodes: [Scenario.Participant] = []

  init(seed: UInt64) { random = RandomSource(seed: seed) }

  mutating func scenario() -> Scenario {
    var scenario = Scenario(name: pick(["a", "zone-cut-2", "x9"]))
    let zones = ["a", "b", "c", "m1"]
    nodes = (0...below(5)).map { Scenario.Participant(name: "m\($0 + 1)", zone: zones[$0 % (1 + below(4))]) }
    scenario.nodes = nodes
    scenario.start = pick(Scenario.Start.allCases)
    scenario.allowsMisses = chance(2)
    scenario.settings = settings()
    scenario.links = times(3) {
      Scenario.LinkRule(
        from: .all, to: $0.target(but: .all), direction: $0.direction(), quality: $0.quality())
    }
    if chance(2) { scenario.load = load() }
    scenario.steps = steps()
    scenario.always = some(Invariant.allCases)
    scenario.reach = times(4) { $0.bound() }
    scenario.expect = some(Scenario.Expectation.allCases)
    if chance(2) {
      scenario.steps.append(.init(.then(.zero), [.restore(.all)]))
      scenario.eventually = .init(within: duration(), goals: some(Scenario.Goal.allCases, atLeast: 1))
    }
    return scenario
  }

  // MARK: Parts

  private mutating func settings() -> [Scenario.ScenarioSetting] {
    some([
      .rebalanceAfter(duration()), .transferAfter(duration()), .snapshotEntries(1 + below(500)),
      .entriesKept(below(500)), .relaxAfter(chance(2) ? nil : duration()), .replicas(below(9)),
    ])
  }

  private mutating func load() -> Scenario.Load {
    var load = Scenario.Load()
    load.clients = 1 + below(20)
    load.requestsPerSecond = 1 + below(10_000)
    load.mix = some(Scenario.Load.Kind.allCases, atLeast: 1).map { .init(kind: $0, weight: 7) }
    load.until = duration()
    return load
  }

  private mutating func steps() -> [Scenario.Step] {
    var time = Duration.zero
    var steps: [Scenario.Step] = []
    for number in 0...below(9) {
      var trigger = Scenario.Trigger.at(time)
      switch below(number == 0 ? 2 : 3) {
      case 0:
        time = time + duration()
        trigger = .at(time)
      case 1: trigger = .when(condition(), within: duration())
      default: trigger = .then(chance(4) ? .zero : duration())
      }
      var incidents = [incident()] + times(3) { $0.incident() }
      incidents = incidents.flatMap { incident -> [Incident] in
        switch incident {
        case .wipe(let target), .recover(let target): [.kill(target), incident]
        default: [incident]
        }
      }
      steps.append(.init(trigger, incidents))
    }
    return steps
  }

  private mutating func condition() -> Scenario.Condition {
    switch below(4) {
    case 0: .bound(bound())
    case 1: .mode(database: "shop", pick(Scenario.ModeName.allCases))
    case 2: .leader(chance(2) ? nil : target())
    default: .goal(pick(Scenario.Goal.allCases))
    }
  }

  private mutating func bound() -> Scenario.Bound {
    let measure: Scenario.Measure =
      chance(3) ? .applied(target()) : .counter(pick(Scenario.Measure.Counter.allCases))
    return .init(measure, pick(Scenario.Bound.Relation.allCases), random.below(UInt64.max))
  }

  private mutating func incident() -> Incident {
    let (one, other) = ends()
    let target = target()
    switch below(28) {
    case 0: return .cut(one, other, direction())
    case 1: return .isolate(target)
    case 2: return .healLink(one, other)
    case 3: return .heal(target)
    case 4: return .link(one, other, direction(), quality())
    case 5: return .clog(one, other, direction(), duration())
    case 6: return .flap(one, other, every: duration(), for: duration())
    case 7: return .kill(target)
    case 8: return .stop(target)
    case 9: return .start(target)
    case 10: return .pause(target)
    case 11: return .resume(target)
    case 12: return .reboot(target, down: duration())
    case 13: return .powerOff(target)
    case 14: return .wipe(target)
    case 27: return .recover(target)
    case 15: return .disk(target, pick(DiskFault.allCases))
    case 16: return .clockJump(target, duration())
    case 17: return .clockDrift(target, partsPerMillion: below(2_001) - 1_000)
    case 18:
      return .wallClock(target, chance(2) ? duration() : Duration(nanoseconds: -duration().nanoseconds))
    case 19: return .docker(target, engineFault())
    case 20: return .container(target, pick(ContainerFault.allCases))
    case 21: return .image("shop:\(below(4))", pick(ImageNature.allCases))
    case 22: return .postgres(target, pick(ServerFault.allCases))
    case 23: return .varnish(target, pick(CacheFault.allCases))
    case 24: return .restore(target)
    default: return .operate(operation(), via: chance(2) ? nil : self.target())
    }
  }

  private mutating func engineFault() -> EngineFault {
    pick([.down, .up, .slow(duration()), .failing, .halfDone, .answersTwice, .well])
  }

  private mutating func operation() -> Operation {
    pick([
      .deploy(image: "shop:2", order: chance(2) ? .startFirst : .stopFirst), .scale(below(1_001)), .promote,
      .purge(path: "/news?page=\(below(9))", pages: chance(2) ? nil : 1 + below(9_999)), .drain(target()),
      .activate(target()),
    ])
  }

  private mutating func quality() -> LinkQuality {
    LinkQuality(
      delay: chance(2) ? LinkQuality.usual.delay : duration(),
      jitter: chance(2) ? LinkQuality.usual.jitter : .milliseconds(below(3)),
      lost: random.below(1_000_001), duplicated: UInt64(below(2)) * 10, reordered: UInt64(below(2)) * 10_000)
  }

  private mutating func target() -> Target {
    pick(
      [.all, .leader, .follower, .primary, .secondary, .lastKilled, .decider]
        + nodes.flatMap { [.named($0.name), .zone($0.zone), .named($0.zone)] })
  }

  private mutating func target(but other: Target) -> Target {
    let target = target()
    return target == other ? self.target(but: other) : target
  }

  private mutating func ends() -> (Target, Target) {
    let one = target()
    return (one, target(but: one))
  }

  private mutating func direction() -> Direction { chance(2) ? .oneWay : .bothWays }

  private mutating func duration() -> Duration {
    let units: [Int64] = [1, 1_000, 1_000_000, 1_000_000_000, 60_000_000_000, 3_600_000_000_000]
    return Duration(nanoseconds: pick(units) * Int64(1 + below(200)))
  }

  // MARK: Drawing

  private mutating func below(_ bound: Int) -> Int { Int(random.below(UInt64(bound))) }
  private mutating func chance(_ outOf: Int) -> Bool { below(outOf) == 0 }
  private mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

  private mutating func times<Element>(
    _ most: Int, _ element: (inout Self) -> Element
  ) -> [Element] {
    (0..<below(most + 1)).map { _ in element(&self) }
  }

  private mutating func some<Element>(_ elements: [Element], atLeast least: Int = 0) -> [Element] {
    var chosen = elements
    while chosen.count > least, chance(3) == false { chosen.remove(at: below(chosen.count)) }
    return chosen
  }
}
