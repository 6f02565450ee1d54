import Raft
import Simulation
import Testing

@Suite("Making failing scenarios small")
struct ShrinkingTests {
  @Test(
    "of a drawn scenario that fails for two of its incidents these two remain, and nothing else",
    arguments: UInt64(1)...12)
  func twoIncidents(_ seed: UInt64) {
    let scenario = Scenario.drawn(seed: seed)
    let incidents = scenario.steps.flatMap(\.incidents).filter { $0 != .restore(.all) }
    let needed = [incidents[0], incidents[incidents.count / 2]]
    var shrinking = Shrinking(scenario) { candidate in
      let present = candidate.steps.flatMap(\.incidents)
      return needed.allSatisfy(present.contains)
    }
    let smallest = shrinking.run()
    #expect(Set(smallest.steps.flatMap(\.incidents)) == Set(needed))
    #expect(smallest.steps.allSatisfy { $0.trigger == .at(.zero) || $0.isConditional })
    #expect(smallest.load == Scenario.Load())
    #expect(smallest.settings.isEmpty)
    #expect(smallest.links.isEmpty)
    #expect(smallest.eventually == nil)
    #expect(shrinking.attempts < 300)
  }

  @Test("what fails only at the end keeps its end and what ends its faults")
  func keepsHealing() throws {
    let scenario = Scenario.drawn(seed: 3)
    var faulty = scenario
    faulty.steps.insert(.init(.at(.seconds(1)), [.pause(.named("m2"))]), at: 0)
    var shrinking = Shrinking(faulty) { candidate in
      candidate.eventually?.goals.contains(.onePrimary) == true
        && candidate.steps.flatMap(\.incidents).contains(.pause(.named("m2")))
    }
    let smallest = shrinking.run()
    #expect(smallest.eventually?.goals == [.onePrimary])
    #expect(FaultLedger(smallest).lasting.isEmpty)
    #expect(smallest.steps.flatMap(\.incidents).count == 2)
    #expect(try Scenario(parsing: smallest.text, file: "small") == smallest)
  }

  @Test("the load becomes as small as it can be")
  func load() {
    var shrinking = Shrinking(Scenario.drawn(seed: 5)) { candidate in
      candidate.load.mix.contains { $0.kind == .purge } && candidate.load.requestsPerSecond >= 5
        && candidate.load.until >= .seconds(7)
    }
    let load = shrinking.run().load
    #expect(load.clients == 1)
    #expect(load.mix == [.init(kind: .purge, weight: 1)])
    #expect((5..<10).contains(load.requestsPerSecond))
    #expect(load.until >= .seconds(7) && load.until < .seconds(14))
  }

  @Test("when the time is up, the smallest so far is given, which fails")
  func limit() {
    let scenario = Scenario.drawn(seed: 9)
    let needed = scenario.steps[0].incidents[0]
    func fails(_ candidate: Scenario) -> Bool { candidate.steps.flatMap(\.incidents).contains(needed) }
    var left = 5
    var shrinking = Shrinking(
      scenario,
      mayGoOn: {
        left -= 1
        return left >= 0
      }, fails: fails)
    #expect(fails(shrinking.run()))
    #expect(shrinking.attempts <= 5)
  }

  @Test("a scenario that can do without nothing stays as it is")
  func minimal() {
    var scenario = Scenario(name: "minimal")
    scenario.steps = [.init(.at(.seconds(1)), [.kill(.leader)])]
    var shrinking = Shrinking(scenario) { $0 == scenario }
    #expect(shrinking.run() == scenario)
  }
}

extension Scenario.Step {
  fileprivate var isConditional: Bool {
    if case .when = trigger { true } else { false }
  }
}
