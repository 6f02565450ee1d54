import Simulation
import Testing

@Suite("Exhaustive search")
struct ExhaustiveSearchTests {
  @Test(
    "an entry, a crash, and a slow disk or a broken link: no order of events breaks a rule",
    arguments: [(lateWrites: 1, losses: 0), (lateWrites: 0, losses: 1)])
  func oneTerm(lateWrites: Int, losses: Int) {
    var bounds = SearchBounds()
    bounds.terms = 1
    bounds.entries = 1
    bounds.lateWrites = lateWrites
    bounds.losses = losses
    bounds.duplicates = 0
    bounds.heartbeats = 0
    var search = ExhaustiveSearch(bounds)
    while search.advance(1_000) {}
    #expect(search.counterexample == nil, "\(search.counterexample?.steps ?? [])")
    #expect(search.isComplete)
    #expect(search.generated > 2 * search.distinct, "different ways must meet in the same states")
  }

  @Test("two elections, to a depth: no order of events breaks a rule")
  func twoTerms() {
    var bounds = SearchBounds()
    bounds.terms = 2
    bounds.startsWithLeader = false
    bounds.losses = 0
    bounds.heartbeats = 0
    var search = ExhaustiveSearch(bounds)
    while search.advance(1_000, maximumDepth: 6) {}
    #expect(search.counterexample == nil, "\(search.counterexample?.steps ?? [])")
    #expect(search.depth == 6)
  }

  @Test("equal bounds give equal searches")
  func deterministic() {
    func counts() -> [Int] {
      var search = ExhaustiveSearch(SearchBounds())
      while search.advance(1_000, maximumDepth: 3) {}
      return [search.generated, search.distinct, search.distinctNodes, search.distinctMessages]
    }
    #expect(counts() == counts())
  }

  @Test("every slice begins without a broken rule", arguments: SearchSlice.all.map(\.name))
  func slices(name: String) throws {
    let slice = try #require(SearchSlice.all.first { $0.name == name })
    #expect(slice.bounds.complaint == nil)
    var search = ExhaustiveSearch(slice.bounds)
    while search.advance(1_000, maximumDepth: 3) {}
    #expect(search.counterexample == nil, "\(search.counterexample?.steps ?? [])")
    #expect(search.depth == 3)
  }

  @Test("bounds that cannot be searched are refused with the reason")
  func complaints() {
    var bounds = SearchBounds()
    #expect(bounds.complaint == nil)
    bounds.nodes = 7
    #expect(bounds.complaint?.contains("nodes") == true)
    bounds = SearchBounds()
    bounds.entries = 14
    #expect(bounds.complaint?.contains("entries") == true)
  }
}
