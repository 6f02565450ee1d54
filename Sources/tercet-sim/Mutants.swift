import ArgumentParser
import Foundation
import PlantedBugs
import Simulation
import StandardStreams

struct Mutants: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Proves the checkers: each planted bug must be found.",
    discussion: """
      Needs a program that holds the planted bugs:
        swift build -c release --traits PlantedBugs --scratch-path .build-planted --product tercet-sim
        .build-planted/release/tercet-sim mutants

      First the program without a bug must survive all attacks. Then each bug is attacked, in a process of its own, \
      with the same ones until one finds it: stories and random worlds of Raft alone, bounded searches, the scenario \
      files, and random worlds of the whole manager. The attacks are the same in every run. The last line says how \
      many were killed.

      Exit codes: 0 all were killed, 1 one lives, or the program without a bug does not survive; 64 usage.
      """)

  /// Instead of a bug's name: the program as it ships.
  static let none = "none"

  @Option(help: "The folder with the scenario files.", completion: .directory)
  var scenarios = "simulations"

  @Option(help: "Only this bug; none: the program without one.")
  var only: String?

  @Option(
    help:
      "Seconds of processor time after which a bug counts as living: only one that makes a run hang needs it."
  )
  var limit = 600

  @Option(help: "How many bugs at the same time.")
  var jobs = Machinery.processors

  @Flag(help: "Go on after the first kind of attack that finds a bug, and say of each whether it does.")
  var matrix = false

  mutating func validate() throws {
    guard (1...86_400).contains(limit) else {
      throw ValidationError("--limit must be from 1 to 86400 seconds")
    }
    guard (1...256).contains(jobs) else { throw ValidationError("--jobs must be from 1 to 256") }
    if let only, only != Self.none, PlantedBug(rawValue: only) == nil {
      throw ValidationError(
        "no bug is called \(only); there are: \(PlantedBug.allCases.map(\.rawValue)), and none for the program without one"
      )
    }
  }

  mutating func run() async throws {
    #if PlantedBugs
      if let only {
        try attack(PlantedBug(rawValue: only))
      } else {
        try await attackAll()
      }
    #else
      throw Scenario.FileFailure(
        text: """
          this program holds no planted bugs; build one that does:
            swift build -c release --traits PlantedBugs --scratch-path .build-planted --product tercet-sim
          """)
    #endif
  }
}

#if PlantedBugs
  extension Mutants {
    /// In this process: prints what finds the bug, and how long each kind of attack took.
    private func attack(_ bug: PlantedBug?) throws {
      let files = try Scenario.files(in: scenarios)
      plantedBug = bug
      Child.endSelf(after: limit)
      var isFound = false
      for series in Attack.order(against: bug?.area, files) {
        let start = Machinery.processorSeconds
        let found = series.lazy.compactMap { attack in attack.run().map { "\(attack.name): \($0)" } }.first
        if let found { console.line("\(found)") }
        if matrix || bug == nil {
          let verdict = found == nil ? "nothing found by" : "found by"
          console.line("\(verdict) \(series[0].kind.rawValue), \(Int(Machinery.processorSeconds - start)) s")
        }
        isFound = isFound || found != nil
        if isFound, !matrix { break }
      }
      console.line("after \(Int(Machinery.processorSeconds)) s of processor time")
      if !isFound { throw ExitCode(1) }
    }

    private struct Result {
      var bug: PlantedBug?
      var verdict: Child.Verdict
      /// What the process printed, or how it ended.
      var text: String
    }

    /// One process a bug, and the first of them without one.
    private func attackAll() async throws {
      let bugs = [nil] + PlantedBug.allCases
      var survives = false
      var killed = 0
      let start = ContinuousClock.now
      let (limit, matrix, scenarios) = ("\(limit)", matrix, scenarios)
      await Machinery.each(from: 0, to: UInt64(bugs.count), jobs: jobs, for: nil, again: nil) { number in
        let bug = bugs[Int(number)]
        var arguments = [
          "mutants", "--only", bug?.rawValue ?? Self.none, "--scenarios", scenarios, "--limit", limit,
        ]
        if matrix { arguments.append("--matrix") }
        let (verdict, text) = Child.run(arguments)
        return Result(bug: bug, verdict: verdict, text: text)
      } then: { result in
        if result.bug == nil { survives = result.verdict == .notFound }
        if result.bug != nil, result.verdict == .found { killed += 1 }
        console.line(Self.row(result))
      }
      let seconds = Int((ContinuousClock.now - start) / .seconds(1))
      console.line(
        "the program without a bug \(survives ? "survives" : "does not survive") all attacks; all took \(seconds) s"
      )
      console.line("\(killed) of \(PlantedBug.allCases.count) killed")
      if killed < PlantedBug.allCases.count || !survives { throw ExitCode(1) }
    }

    /// The bug, what became of it, and, indented, what found it.
    private static func row(_ result: Result) -> String {
      let verdict =
        switch (result.verdict, result.bug) {
        case (.found, nil): "KILLED "
        case (.found, _): "killed "
        case (.notFound, nil): "lives  "
        case (.notFound, _): "LIVES  "
        case (.outOfTime, _): "IN TIME"
        }
      let area = (result.bug?.area.rawValue ?? "").padding(toLength: 8, withPad: " ", startingAt: 0)
      let name = (result.bug?.rawValue ?? none).padding(toLength: 28, withPad: " ", startingAt: 0)
      let lines = result.text.split(separator: "\n").map { "\n         \($0.prefix(200))" }
      return "\(verdict)  \(area) \(name) \(result.bug?.summary ?? "the program as it ships")"
        + lines.joined()
    }
  }
#endif
