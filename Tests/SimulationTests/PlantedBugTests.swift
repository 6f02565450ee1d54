import PlantedBugs
import Testing

@Suite("Planted bugs")
struct PlantedBugTests {
  @Test("each says in one sentence what is wrong, and none says the same as another")
  func summaries() {
    var seen: [String] = []
    for bug in PlantedBug.allCases {
      #expect(bug.summary != bug.rawValue, "\(bug) has no summary")
      #expect(!seen.contains(bug.summary), "\(bug) says what another one says")
      seen.append(bug.summary)
    }
  }

  @Test("every area has bugs, Raft at least eighteen and the rest at least twenty-two")
  func areas() {
    for area in PlantedBug.Area.allCases {
      #expect(PlantedBug.allCases.contains { $0.area == area }, "none in \(area)")
    }
    let inRaft = PlantedBug.allCases.count { $0.area == .raft }
    #expect(inRaft >= 18 && PlantedBug.allCases.count - inRaft >= 22)
  }

  #if !PlantedBugs
    @Test("a program that was not built to have bugs has none")
    func none() {
      for bug in PlantedBug.allCases { #expect(!planted(bug)) }
    }
  #endif
}
