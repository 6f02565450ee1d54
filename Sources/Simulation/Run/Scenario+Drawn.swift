import Raft

extension Scenario {
  /// A random scenario: the seed draws all of it.
  public static func drawn(seed: UInt64) -> Scenario {
    var scenario = Scenario(name: "seed-\(seed)")
    scenario.load.clients = 4
    scenario.load.requestsPerSecond = 20
    scenario.load.mix = [
      .init(kind: .insert, weight: 40), .init(kind: .purge, weight: 30), .init(kind: .scale, weight: 10),
      .init(kind: .read, weight: 10), .init(kind: .promote, weight: 2), .init(kind: .deploy, weight: 2),
      .init(kind: .drain, weight: 2),
    ]
    scenario.load.until = .seconds(60)
    let chance = Chance(seed)
    for step in 0..<UInt64(15) {
      scenario.steps.append(Step(.at(.seconds(4 * Int(step))), [incident(chance, step)]))
    }
    scenario.steps.append(Step(.at(.seconds(60)), [.restore(.all)]))
    scenario.eventually = Eventually(within: .seconds(60), goals: Goal.allCases)
    scenario.expect = [.linearizable]
    return scenario
  }

  private static func incident(_ chance: Chance, _ step: UInt64) -> Incident {
    func machine(_ number: UInt64) -> Target { .named("m\(1 + chance.below(3, .incident, step, number))") }
    let isFirst = chance.below(2, .incident, step, 9) == 0
    switch chance.below(13, .incident, step, 8) {
    case 0, 1: return .isolate(machine(0))
    case 2, 3: return .heal(.all)
    case 4: return .kill(machine(0))
    case 5: return .reboot(machine(0), down: .seconds(3))
    case 6: return .restore(.all)
    case 7: return .pause(machine(0))
    case 8: return .disk(machine(0), isFirst ? .stall : .tearTail)
    case 9: return .varnish(machine(0), isFirst ? .unreachable : .restart)
    case 10: return .postgres(machine(0), isFirst ? .crash : .freeze)
    case 11: return .container(machine(0), .crash)
    default: return .clockJump(machine(0), .seconds(30))
    }
  }
}
