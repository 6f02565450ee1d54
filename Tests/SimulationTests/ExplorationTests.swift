import Simulation
import Testing

@Suite("Random worlds")
struct ExplorationTests {
  /// A debug build lives through a world 27 times slower.
  private static var seeds: Range<UInt64> {
    #if DEBUG
      1..<3
    #else
      1..<101
    #endif
  }

  @Test(
    "under cuts, kills and crashes every acknowledged row and purge stays, and everything comes right afterwards"
  )
  func promises() {
    var faults = 0
    for seed in Self.seeds {
      var exploration = Exploration(seed: seed)
      let summary = exploration.run()
      faults += summary.faults
      #expect(summary.failures.isEmpty, "seed \(seed)")
      #expect(summary.rows > 0)
    }
    #expect(faults > 0)
  }

  @Test("one seed gives one world")
  func determinism() {
    var first = Exploration(seed: 42)
    var second = Exploration(seed: 42)
    let (one, other) = (first.run(), second.run())
    #expect(one.rows == other.rows)
    #expect(one.purges == other.purges)
    #expect(one.terms == other.terms)
    #expect(one.databaseSteps == other.databaseSteps)
  }
}
