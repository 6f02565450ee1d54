import ArgumentParser
import Raft
import Simulation
import StandardStreams

struct Shrink: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Makes a failing scenario small.",
    discussion: """
      The random world of a seed, or a file with a seed, is lived through again and again with less in it, as long as \
      the same rule is broken. The smallest one is printed as a scenario file.

      Exit codes: 0 a scenario was printed, 1 nothing fails there or the file could not be read, 64 usage.
      """)

  @Argument(
    help: "A scenario file; without it, the random world of the seed.", completion: .file(extensions: ["scn"])
  )
  var file: String?

  @Option(help: "The seed.")
  var seed: UInt64

  @Option(help: "For how long to go on, in seconds.")
  var seconds: Double = 60

  mutating func validate() throws {
    guard seconds > 0 && seconds <= 100_000 else {
      throw ValidationError("--seconds must be more than 0 and at most 100000")
    }
  }

  mutating func run() async throws {
    let scenario = try file.map { try Scenario.read($0) } ?? .drawn(seed: seed)
    let seed = seed
    guard let failure = Self.failure(of: scenario, seed: seed) else {
      console.complaint("\(scenario.name) keeps every promise with seed \(seed)")
      throw ExitCode(1)
    }
    let clock = ContinuousClock()
    let end = clock.now.advanced(by: .seconds(seconds))
    var shrinking = Shrinking(
      scenario, mayGoOn: { clock.now < end },
      fails: { Self.failure(of: $0, seed: seed)?.isLike(failure) == true })
    let smallest = shrinking.run()
    let last = Self.failure(of: smallest, seed: seed) ?? failure
    console.line("# With seed \(seed) this breaks \(last)")
    console.line("# (made small in \(shrinking.attempts) attempts).\n")
    console.write(smallest.text)
  }

  private static func failure(of scenario: Scenario, seed: UInt64) -> Violation? {
    var run = ScenarioRun(scenario, seed: seed)
    return run.run().failure
  }
}

extension Violation {
  /// Whether the same rule is broken; of one that has many reasons, for the same kind of reason, which the text's
  /// first word tells.
  fileprivate func isLike(_ other: Violation) -> Bool {
    invariant == other.invariant
      && (invariant != .convergence || text.prefix { $0 != " " } == other.text.prefix { $0 != " " })
  }
}
