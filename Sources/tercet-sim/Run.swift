import ArgumentParser
import Foundation
import Raft
import Simulation
import StandardStreams

struct Run: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Lives through scenario files.",
    discussion: """
      Each file is run with the seed given, or with several from it on. Its format is taught in simulations/README.md.

      Exit codes: 0 every promise was kept, 1 one was broken or a file could not be read, 64 usage.
      """)

  @Argument(help: "Scenario files.", completion: .file(extensions: ["scn"]))
  var files: [String]

  @Option(help: "The first seed.")
  var seed: UInt64 = 1

  @Option(help: "How many seeds for each file.")
  var seeds: UInt64 = 1

  @Option(help: "How many runs at the same time.")
  var jobs = Machinery.processors

  @Flag(help: "Print a line for each run, with its trace hash.")
  var verbose = false

  mutating func validate() throws {
    guard seeds >= 1 else { throw ValidationError("--seeds must be at least 1") }
    try Machinery.check(seeds, seedsFrom: seed)
    guard (1...256).contains(jobs) else { throw ValidationError("--jobs must be from 1 to 256") }
  }

  mutating func run() async throws {
    var tally = Tally()
    // All files are read first: a mistake in the last one is told before an hour of runs.
    let scenarios = try files.map { (path: $0, scenario: try Scenario.read($0)) }
    let isVerbose = verbose
    for (path, scenario) in scenarios {
      let command = "tercet-sim run \(path) --seed "
      await Machinery.each(from: seed, to: seed + seeds, jobs: jobs, for: nil, again: command) { seed in
        var run = ScenarioRun(scenario, seed: seed)
        return run.run()
      } then: { outcome in
        tally.add(outcome) { command + "\(outcome.seed)" }
        if isVerbose { console.line("\(path) seed \(outcome.seed): trace \(outcome.traceText)") }
      }
    }
    tally.printSummary()
    if tally.failed > 0 { throw ExitCode(1) }
  }
}

extension Scenario {
  /// Reads a scenario file; a mistake in it ends the program with its place.
  static func read(_ path: String) throws -> Scenario {
    let text: String
    do {
      text = try String(contentsOfFile: path, encoding: .utf8)
    } catch {
      throw FileFailure(text: "\(path) cannot be read: \(error.localizedDescription)")
    }
    do {
      return try Scenario(parsing: text, file: path)
    } catch {
      throw FileFailure(text: "\(error)")
    }
  }

  struct FileFailure: Error, CustomStringConvertible {
    let text: String
    var description: String { text }
  }
}
