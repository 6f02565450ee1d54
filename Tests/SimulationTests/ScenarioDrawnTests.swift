import Raft
import Simulation
import Testing

@Suite("Drawn scenarios")
struct ScenarioDrawnTests {
  private static let scenarios = (UInt64(1)...300).map { Scenario.drawn(seed: $0) }

  @Test("one seed draws one scenario, another seed another one")
  func isDrawnBySeed() {
    #expect(Scenario.drawn(seed: 7) == Scenario.drawn(seed: 7))
    #expect(Set(Self.scenarios.map { $0.steps }).count == Self.scenarios.count)
  }

  @Test("each can be written as a file and read again, and ends all that lasts")
  func isAFile() throws {
    for scenario in Self.scenarios {
      #expect(try Scenario(parsing: scenario.text, file: scenario.name) == scenario)
      #expect(FaultLedger(scenario).lasting.isEmpty)
      #expect(scenario.steps.contains { $0.incidents == [.restore(.all)] })
    }
  }

  @Test("each has from 3 to 25 lines of faults, most of them on three machines")
  func size() {
    for scenario in Self.scenarios {
      let lines = scenario.steps.count { $0.incidents.contains(where: \.isFault) }
      #expect((2...25).contains(lines), "\(scenario.text)")
    }
    #expect(Self.scenarios.count { $0.nodes.count == 3 } > 200)
    #expect(Self.scenarios.contains { $0.nodes.count == 5 })
  }

  @Test("all kinds of faults and requests are drawn")
  func variety() {
    let words = Set(
      Self.scenarios.flatMap(\.steps).flatMap(\.incidents).map { incident in
        // `disk m1 stall` is a kind of its own, `isolate m1` is `isolate`.
        let words = incident.text.split(separator: " ").map(String.init)
        return words.count > 2
          && ["disk", "clock", "docker", "container", "postgres", "varnish"].contains(words[0])
          ? "\(words[0]) \(words[2])" : words[0]
      })
    for word in [
      "cut", "isolate", "heal", "link", "clog", "flap", "kill", "stop", "start", "pause", "resume", "reboot",
      "poweroff", "disk stall", "disk release", "disk fill", "disk lose-unsynced",
      "disk torn-tail", "clock jump", "clock drift", "clock wall", "docker down", "docker slow",
      "docker failing",
      "docker half-done", "docker answers-twice", "container crash", "container hang", "container oom",
      "image",
      "postgres crash", "postgres freeze", "postgres slow", "varnish unreachable", "varnish restart",
      "varnish half-done", "deploy", "scale", "promote", "drain", "activate", "restore",
    ] { #expect(words.contains(word), "\(word)") }
  }

  @Test("no log is damaged, and at most one machine loses its disk: two of three are no majority")
  func losesOneDisk() {
    var worlds = 0
    for scenario in Self.scenarios {
      var wipes = 0
      for incident in scenario.steps.flatMap(\.incidents) {
        switch incident {
        case .wipe: wipes += 1
        case .disk(_, .corrupt): Issue.record("\(incident.text)")
        default: break
        }
      }
      #expect(wipes <= 1)
      worlds += wipes
    }
    #expect(worlds > 0)
  }
}
