#if PlantedBugs
  import Foundation
  import PlantedBugs
  import Simulation

  /// One way to look for a bug. Each is a claim about the product that stands by itself; a bug's area decides only in
  /// which order they are tried.
  struct Attack {
    enum Kind: String {
      case story = "stories of Raft"
      case raftWorld = "random worlds of Raft"
      case search = "bounded searches"
      case file = "scenario files"
      case world = "random worlds"
    }

    let kind: Kind
    let name: String
    /// How a bug showed; nil if none did.
    let run: () -> String?

    /// All attacks, kind by kind, those first that are nearest to the area.
    static func order(
      against area: PlantedBug.Area?, _ files: [(path: String, scenario: Scenario)]
    ) -> [[Attack]] {
      let ofRaft = [stories, raftWorlds, searches]
      let ofAll = [files.map(file), worlds]
      return area == .raft || area == .storage ? ofRaft + ofAll : ofAll + ofRaft
    }

    private static var stories: [Attack] {
      RaftStory.allCases.map { story in Attack(kind: .story, name: "a story of Raft") { story.run() } }
    }

    private static var raftWorlds: [Attack] {
      (UInt64(1)...1_000).map { seed in
        Attack(kind: .raftWorld, name: "random world of Raft \(seed)") {
          var world = RaftWorld(seed: seed)
          return world.run()
        }
      }
    }

    /// As many states as it takes to find what only such a search finds.
    private static let statesOfASearch = 1_000_000

    private static var searches: [Attack] {
      SearchSlice.all.map { slice in
        Attack(kind: .search, name: "search \(slice.name)") {
          var search = ExhaustiveSearch(slice.bounds)
          while search.advance(10_000), search.distinct < statesOfASearch {}
          return search.counterexample?.violation
        }
      }
    }

    private static func file(_ path: String, _ scenario: Scenario) -> Attack {
      Attack(kind: .file, name: path) {
        var run = ScenarioRun(scenario, seed: 1)
        return run.run().failure.map { "\($0)" }
      }
    }

    private static var worlds: [Attack] {
      (UInt64(1)...200).map { seed in
        Attack(kind: .world, name: "random world \(seed)") {
          var run = ScenarioRun(.drawn(seed: seed), seed: seed)
          return run.run().failure.map { "\($0)" }
        }
      }
    }
  }

  extension Scenario {
    static func files(in folder: String) throws -> [(path: String, scenario: Scenario)] {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      let paths = names.filter { $0.hasSuffix(".scn") }.sorted().map { folder + "/" + $0 }
      guard !paths.isEmpty else {
        throw FileFailure(text: "\(folder) holds no scenario files; name it with --scenarios")
      }
      return try paths.map { ($0, try Scenario.read($0)) }
    }
  }
#endif
