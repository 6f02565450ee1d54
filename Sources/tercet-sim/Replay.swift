import ArgumentParser
import Raft
import Simulation

struct Replay: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Lives through one world and tells what happens, line by line.",
    discussion: """
      Exit codes: 0 every promise was kept, 1 one was broken or the file could not be read, 64 usage.
      """)

  @Argument(help: "A scenario file; without it, the random world of the seed.")
  var file: String?

  @Option(help: "The seed.")
  var seed: UInt64 = 1

  @Option(help: "Begin with this time, in seconds since the world began.")
  var from: Double = 0

  @Option(help: "End with this time, in seconds.")
  var to: Double = .infinity

  mutating func run() async throws {
    let scenario = try file.map { try Scenario.read($0) } ?? .drawn(seed: seed)
    var run = ScenarioRun(scenario, seed: seed, chronicle: Chronicle(keepsMessages: false))
    let outcome = run.run()
    for line in run.world.chronicle?.lines ?? [] {
      let seconds = Double(line.time.nanoseconds) / 1e9
      guard seconds >= from, seconds <= to else { continue }
      print(line.text(names: run.world.machines.map(\.name)))
    }
    print(outcome.failure.map { "\($0)" } ?? "every promise was kept")
    if outcome.failure != nil { throw ExitCode(1) }
  }
}
