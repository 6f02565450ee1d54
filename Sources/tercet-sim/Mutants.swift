import ArgumentParser
import Foundation
import PlantedBugs
import Simulation

struct Mutants: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Proves the checkers: each planted bug must be found.",
    discussion: """
      Needs a program that holds the planted bugs:
        swift build -c release --traits PlantedBugs --scratch-path .build-planted --product tercet-sim
        .build-planted/release/tercet-sim mutants

      Each bug is attacked in a process of its own: by stories and random worlds of Raft alone, by the scenario files, \
      and by random worlds of the whole manager, until one of them finds it. The last line says how many were killed.

      Exit codes: 0 all were killed, 1 one lives, 64 usage.
      """)

  @Option(help: "The folder with the scenario files.", completion: .directory)
  var scenarios = "simulations"

  @Option(help: "Only this bug.")
  var only: String?

  @Option(help: "Seconds after which a bug counts as living.")
  var limit = 240

  @Option(help: "How many bugs at the same time.")
  var jobs = Machinery.processors

  @Flag(help: "Go on after the first attack that finds a bug, and say of each attack whether it does.")
  var matrix = false

  mutating func validate() throws {
    guard (1...86_400).contains(limit) else {
      throw ValidationError("--limit must be from 1 to 86400 seconds")
    }
    guard (1...256).contains(jobs) else { throw ValidationError("--jobs must be from 1 to 256") }
    if let only, PlantedBug(rawValue: only) == nil {
      throw ValidationError("no bug is called \(only); there are: \(PlantedBug.allCases.map(\.rawValue))")
    }
  }

  mutating func run() async throws {
    #if PlantedBugs
      if let bug = only.flatMap({ PlantedBug(rawValue: $0) }) {
        try attack(bug)
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
    /// In this process: prints what finds the bug.
    private func attack(_ bug: PlantedBug) throws {
      let files = try Scenario.files(in: scenarios)
      plantedBug = bug
      var attacks = Attack.all(files)
      if bug.area == .raft || bug.area == .storage { attacks.sort { $0.isOfRaft && !$1.isOfRaft } }
      var found: [String] = []
      for attack in attacks {
        guard let how = attack.run() else { continue }
        found.append("\(attack.name): \(how)")
        if !matrix { break }
      }
      for line in found { print(line) }
      if found.isEmpty { throw ExitCode(1) }
    }

    /// One process a bug.
    private func attackAll() async throws {
      let bugs = PlantedBug.allCases
      var killed = 0
      let start = ContinuousClock.now
      let (limit, matrix, scenarios) = (limit, matrix, scenarios)
      await Machinery.each(from: 0, to: UInt64(bugs.count), jobs: jobs, for: nil) { number in
        let bug = bugs[Int(number)]
        var arguments = ["mutants", "--only", bug.rawValue, "--scenarios", scenarios]
        if matrix { arguments.append("--matrix") }
        return (bug, Child.run(arguments, limit: limit))
      } then: { bug, result in
        if result.succeeded { killed += 1 }
        let verdict = result.succeeded ? "killed" : "LIVES "
        let name = bug.rawValue.padding(toLength: 28, withPad: " ", startingAt: 0)
        print(
          "\(verdict)  \(bug.area.rawValue.padding(toLength: 8, withPad: " ", startingAt: 0)) \(name) \(bug.summary)"
        )
        for line in result.output.split(separator: "\n") { print("          \(line.prefix(200))") }
      }
      print("\(killed) of \(bugs.count) killed, in \((ContinuousClock.now - start) / .seconds(1)) s")
      if killed < bugs.count { throw ExitCode(1) }
    }
  }

  /// One way to look for a bug.
  struct Attack {
    let name: String
    let isOfRaft: Bool
    /// How the bug showed; nil if it did not.
    let run: () -> String?

    static func all(_ files: [(path: String, scenario: Scenario)]) -> [Attack] {
      [
        Attack(name: "stories of Raft", isOfRaft: true) {
          RaftStory.allCases.lazy.compactMap { $0.run() }.first
        },
        Attack(name: "random worlds of Raft", isOfRaft: true) {
          (UInt64(1)...2_000).lazy.compactMap { seed in
            var world = RaftWorld(seed: seed)
            return world.run().map { "seed \(seed): \($0)" }
          }.first
        },
        Attack(name: "scenario files", isOfRaft: false) {
          files.lazy.compactMap { file in
            var run = ScenarioRun(file.scenario, seed: 1)
            return run.run().failure.map { "\(file.path): \($0)" }
          }.first
        },
        Attack(name: "random worlds", isOfRaft: false) {
          (UInt64(1)...300).lazy.compactMap { seed in
            var run = ScenarioRun(.drawn(seed: seed), seed: seed)
            return run.run().failure.map { "seed \(seed): \($0)" }
          }.first
        },
      ]
    }
  }

  /// This program again, as another process.
  enum Child {
    static func run(_ arguments: [String], limit: Int) -> (succeeded: Bool, output: String) {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
      process.arguments = arguments
      let pipe = Pipe()
      process.standardOutput = pipe
      do {
        try process.run()
      } catch {
        return (false, "cannot be started: \(error.localizedDescription)")
      }
      let deadline = DispatchWorkItem { process.terminate() }
      DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(limit), execute: deadline)
      let output = pipe.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      deadline.cancel()
      // A crash is a bug found, too; the end by the time limit is not.
      let crashed = process.terminationReason == .uncaughtSignal && process.terminationStatus != SIGTERM
      let text =
        crashed ? "a crash, signal \(process.terminationStatus)" : String(decoding: output, as: UTF8.self)
      return (crashed || (process.terminationReason == .exit && process.terminationStatus == 0), text)
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
