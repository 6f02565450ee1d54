import ArgumentParser
import Raft
import Simulation

struct Check: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Searches all that can happen to a few nodes of the shipped Raft, within bounds.",
    discussion: """
      Every order of timers, deliveries, losses, copies, slow disks and crashes is tried, breadth first, each state \
      once, and every rule of Raft is checked in each. A broken rule is told with the shortest way to it.

      The fewer bounds there are to explore, the deeper the search comes: an option of 0 takes that kind of trouble out.

      Exit codes: 0 nothing was broken, 1 a rule was, 64 usage.
      """)

  @Option(help: "Nodes, all of them voters: 1 to 4.")
  var nodes = 3

  @Option(help: "The highest term: 1 to 5.")
  var terms = 3

  @Option(help: "Entries that clients propose.")
  var entries = 1

  @Option(help: "Crashes of one node; what its disk had not synced is lost.")
  var crashes = 1

  @Option(help: "Connections that break, with all that is on its way.")
  var losses = 0

  @Option(help: "Messages that come twice.")
  var duplicates = 0

  @Option(help: "Steps whose writes the disk leaves waiting.")
  var lateWrites = 1

  @Option(help: "Heartbeats that a leader sends.")
  var heartbeats = 0

  @Option(help: "Linearizable reads.")
  var reads = 0

  @Flag(help: "Begin with empty disks rather than with a leader in term 1.")
  var fromNothing = false

  @Option(help: "No more steps than this.")
  var depth: Int?

  @Option(help: "Stop after so many different states; each takes about 250 bytes.")
  var states = 10_000_000

  @Option(help: "Stop after so many minutes.")
  var minutes: Double?

  private var bounds: SearchBounds {
    var bounds = SearchBounds()
    bounds.nodes = nodes
    bounds.terms = terms
    bounds.entries = entries
    bounds.crashes = crashes
    bounds.losses = losses
    bounds.duplicates = duplicates
    bounds.lateWrites = lateWrites
    bounds.heartbeats = heartbeats
    bounds.reads = reads
    bounds.startsWithLeader = !fromNothing
    return bounds
  }

  mutating func validate() throws {
    if let complaint = bounds.complaint { throw ValidationError(complaint) }
    if let depth, depth < 1 { throw ValidationError("--depth must be at least 1") }
    guard (1...1_000_000_000).contains(states) else {
      throw ValidationError("--states must be from 1 to 1000000000")
    }
    if let minutes, !(minutes > 0 && minutes <= 10_000) {
      throw ValidationError("--minutes must be more than 0 and at most 10000")
    }
  }

  mutating func run() async throws {
    let limit = minutes.map { Swift.Duration.seconds($0 * 60) }
    let clock = ContinuousClock()
    let start = clock.now
    var search = ExhaustiveSearch(bounds)
    var told = 0
    while search.advance(10_000, maximumDepth: depth ?? .max), search.distinct < states,
      limit.map({ clock.now - start < $0 }) ?? true
    {
      guard search.depth > told else { continue }
      told = search.depth
      print("depth \(told): \(search.distinct) states")
    }
    let seconds = (clock.now - start) / .seconds(1)
    if let found = search.counterexample {
      print("broken: \(found.violation)")
      for step in found.steps { print("  \(step)") }
    }
    let end = search.isComplete ? "all there are" : "to depth \(search.depth)"
    print(
      "\(search.generated) states generated, \(search.distinct) different, \(end); "
        + "\(Int(Double(search.generated) / max(seconds, 0.001))) a second")
    if search.counterexample != nil { throw ExitCode(1) }
  }
}
