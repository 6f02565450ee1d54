import ArgumentParser
import Raft
import Simulation
import StandardStreams

struct Replay: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Lives through one world and tells what happens, line by line.",
    discussion: """
      With --at the world stands still at that time, and the state of every machine is printed.

      Exit codes: 0 every promise was kept, 1 one was broken or the file could not be read, 64 usage.
      """)

  @Argument(help: "A scenario file; without it, the random world of the seed.")
  var file: String?

  @Option(help: "The seed.")
  var seed: UInt64 = 1

  @Option(help: "Print only what is from this time on, in seconds since the world began.")
  var from: Double = 0

  @Option(help: "Print only what is up to this time.")
  var to: Double = .infinity

  @Option(help: "Stand still at this time and print the state of every machine.")
  var at: Double?

  @Flag(help: "Print each index that a machine applies and each link that is cut, too.")
  var all = false

  mutating func validate() throws {
    if let at, !(at >= 0 && at < 1e9) { throw ValidationError("--at must be a time in seconds, from 0 on") }
  }

  mutating func run() async throws {
    let scenario = try file.map { try Scenario.read($0) } ?? .drawn(seed: seed)
    var run = ScenarioRun(scenario, seed: seed, chronicle: Chronicle(keepsMessages: false))
    let end = at.map { Instant(nanoseconds: Int64($0 * 1e9)) }
    let outcome = run.run(until: end ?? .never)
    let names = run.world.machines.map(\.name)
    for line in run.world.chronicle?.lines ?? [] {
      let seconds = Double(line.time.nanoseconds) / 1e9
      guard seconds >= from, seconds <= to else { continue }
      switch line.kind {
      case .applied where !all, .cut where !all, .mended where !all: continue
      default: break
      }
      console.line(line.text(names: names))
    }
    if at != nil { for text in run.world.portrait { console.line(text) } }
    if let failure = outcome.failure {
      console.line("\(failure)")
      throw ExitCode(1)
    }
    if at == nil { console.line("every promise was kept") }
  }
}
