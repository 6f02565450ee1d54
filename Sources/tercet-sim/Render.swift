import ArgumentParser
import Foundation
import Raft
import Simulation
import StandardStreams

struct Render: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Draws one world as a page for the browser.",
    discussion: """
      The page is one file that needs no network: a lane for each machine, grouped by zone, with who leads, what is \
      down or frozen, votes and entries on their way, what befell the cluster, and the broken promise.

      Exit codes: 0 the page is written, 1 it could not be, 64 usage.
      """)

  @Argument(help: "A scenario file; without it, the random world of the seed.")
  var file: String?

  @Option(help: "The seed.")
  var seed: UInt64 = 1

  @Option(name: .shortAndLong, help: "Where to write the page.", completion: .file(extensions: ["html"]))
  var output = "timeline.html"

  mutating func run() async throws {
    let scenario = try file.map { try Scenario.read($0) } ?? .drawn(seed: seed)
    var run = ScenarioRun(scenario, seed: seed, chronicle: Chronicle(keepsMessages: true))
    let outcome = run.run()
    let page = try TimelinePage(run: run, outcome: outcome).html()
    do {
      try page.write(toFile: output, atomically: true, encoding: .utf8)
    } catch {
      throw Scenario.FileFailure(text: "\(output) cannot be written: \(error.localizedDescription)")
    }
    console.line("\(output): \(outcome.time.milliseconds / 1_000) s of \(scenario.name), seed \(seed)")
  }
}
