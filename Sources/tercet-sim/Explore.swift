import ArgumentParser
import Raft
import Simulation

struct Explore: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Lives through random worlds: one for each seed.",
    discussion: """
      A seed draws everything: the cluster and its settings, the load, and the faults — partitions of every kind, \
      kills, reboots, stalls, full disks, clocks that drift and jump, services that fail. Then the faults end, and \
      everything must come right. The last line sums up.

      Ctrl-C ends it with the sum of what was lived so far; a second one at once.

      Exit codes: 0 every promise was kept, 1 one was broken, 64 usage, 130 interrupted and nothing found.
      """)

  @Option(help: "The first seed.")
  var fromSeed: UInt64 = 1

  @Option(help: "How many worlds; without it, 100, or as many as fit into --minutes.")
  var seeds: UInt64?

  @Option(help: "For how long to go on, in minutes.")
  var minutes: Double?

  @Option(help: "How many worlds at the same time.")
  var jobs = Machinery.processors

  @Option(
    help: "Write a line for each seed, with its trace hash, to this file: equal for equal worlds.",
    completion: .file())
  var traces: String?

  @Flag(help: "Print the speed beside the targets, measured on one processor.")
  var benchmark = false

  /// With a time limit alone, as many as there are.
  private var leastSeeds: UInt64 { seeds ?? (minutes == nil ? 100 : 1) }

  mutating func validate() throws {
    if seeds == 0 { throw ValidationError("--seeds must be at least 1") }
    try Machinery.check(leastSeeds, seedsFrom: fromSeed)
    if let minutes, !(minutes > 0 && minutes <= 10_000) {
      throw ValidationError("--minutes must be more than 0 and at most 10000")
    }
    guard (1...256).contains(jobs) else { throw ValidationError("--jobs must be from 1 to 256") }
    if benchmark { jobs = 1 }
  }

  mutating func run() async throws {
    let limit = minutes.map { Swift.Duration.seconds($0 * 60) }
    var tally = Tally()
    let traces = try self.traces.map { try TraceFile(path: $0) }
    let end = seeds == nil && minutes != nil ? .max : fromSeed + leastSeeds
    Interruption.watch()
    let command = "tercet-sim explore --seeds 1 --from-seed "
    await Machinery.each(from: fromSeed, to: end, jobs: jobs, for: limit, again: command) { seed in
      var run = ScenarioRun(.drawn(seed: seed), seed: seed)
      return run.run()
    } then: { outcome in
      traces?.add(outcome)
      tally.add(outcome) { command + "\(outcome.seed)" }
      tally.tellProgress()
    }
    tally.printSummary()
    if benchmark { tally.printSpeed() }
    if tally.failed > 0 { throw ExitCode(1) }
    if let number = Interruption.number { throw ExitCode(128 + number) }
  }
}
