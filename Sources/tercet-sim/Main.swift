import ArgumentParser
import Raft
import Simulation

/// tercet-sim: runs the whole manager in simulated worlds.
@main
struct Main: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tercet-sim",
    abstract: "Runs the whole manager in simulated worlds and looks for broken promises.",
    subcommands: [Explore.self])
}

struct Explore: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Lives through random worlds: one for each seed.",
    discussion: """
      Each world is a cluster of three zones under load — inserts, purges, scalings, switchovers, drains — and \
      faults: cuts of zones and of single directions, killed managers, unreachable caches, crashing containers. \
      Then the faults end, and everything must come right.

      Exit codes: 0 every promise was kept, 1 one was broken.
      """)

  @Option(help: "The first seed.")
  var fromSeed: UInt64 = 1

  @Option(help: "How many worlds.")
  var seeds = 20

  mutating func run() throws {
    guard seeds > 0 else { throw ValidationError("--seeds must be at least 1") }
    let clock = ContinuousClock()
    let start = clock.now
    var simulated = Duration.zero
    var (faults, rows, purges, failed) = (0, 0, 0, 0)
    for seed in fromSeed..<(fromSeed + UInt64(seeds)) {
      var exploration = Exploration(seed: seed)
      let summary = exploration.run()
      simulated = simulated + summary.time
      faults += summary.faults
      rows += summary.rows
      purges += summary.purges
      guard !summary.failures.isEmpty else { continue }
      failed += 1
      for failure in summary.failures.prefix(5) { print("seed \(seed): \(failure)") }
      print("seed \(seed): show it again with: tercet-sim explore --from-seed \(seed) --seeds 1")
    }
    let elapsed = (clock.now - start) / .seconds(1)
    let speed = Int(Double(simulated.milliseconds) / 1_000 / max(elapsed, 0.001))
    print(
      "\(seeds) worlds, \(simulated.milliseconds / 1_000) simulated seconds (\(speed) a second), \(faults) faults, "
        + "\(rows) rows and \(purges) purges acknowledged, \(failed) worlds with a broken promise")
    if failed > 0 { throw ExitCode(1) }
  }
}
