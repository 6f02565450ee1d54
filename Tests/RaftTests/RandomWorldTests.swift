import Glibc
import Raft
import Simulation
import Testing

/// `TERCET_SEED=17` runs one seed and prints what happened; `TERCET_SEEDS=20000` runs that many,
/// `TERCET_FIRST_SEED=5000` starts there.
@Suite("Random worlds")
struct RandomWorldTests {
  #if DEBUG
    static let seeds: UInt64 = 15
  #else
    static let seeds: UInt64 = 1_000
  #endif

  static func variable(_ name: String) -> UInt64? {
    getenv(name).flatMap { UInt64(String(cString: $0)) }
  }

  @Test("no random world breaks an invariant, and every one recovers")
  func manySeeds() {
    if let seed = RandomWorldTests.variable("TERCET_SEED") {
      var world = RaftWorld(seed: seed, keepsTrace: true)
      let failure = world.run()
      for line in world.trace { print(line) }
      #expect(failure == nil, "seed \(seed), step \(world.steps)")
      return
    }
    let first = RandomWorldTests.variable("TERCET_FIRST_SEED") ?? 1
    var reached = Reached()
    var failures = 0
    for seed in first..<first + (RandomWorldTests.variable("TERCET_SEEDS") ?? RandomWorldTests.seeds) {
      var world = RaftWorld(seed: seed)
      let failure = world.run()
      #expect(failure == nil, "seed \(seed), step \(world.steps); TERCET_SEED=\(seed) shows all of it")
      reached.add(world)
      if failure != nil { failures += 1 }
      if failures == 10 { break }
    }
    print(reached)
    #expect(reached.elections > 0 && reached.truncations > 0 && reached.restores > 0 && reached.reads > 0)
  }

  @Test("equal seeds give equal runs")
  func deterministic() {
    for seed: UInt64 in 1...3 {
      var one = RaftWorld(seed: seed)
      var two = RaftWorld(seed: seed)
      _ = one.run()
      _ = two.run()
      #expect(one.digest == two.digest && one.steps == two.steps)
    }
  }

  /// What the worlds really went through: a run without truncations proves nothing about them.
  struct Reached: CustomStringConvertible {
    var steps = 0
    var elections = 0
    var truncations = 0
    var restores = 0
    var reads = 0
    var committed: UInt64 = 0

    mutating func add(_ world: RaftWorld) {
      steps += world.steps
      elections += world.cluster.elections
      truncations += world.cluster.truncations
      restores += world.cluster.restores
      reads += world.readsAnswered
      committed += world.cluster.committedIndex
    }

    var description: String {
      "\(steps) steps, \(elections) elections, \(truncations) truncations, \(restores) snapshots restored, "
        + "\(reads) reads, \(committed) entries committed"
    }
  }
}
