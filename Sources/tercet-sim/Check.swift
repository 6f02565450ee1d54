import ArgumentParser
import Raft
import Simulation
import StandardStreams

struct Check: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Searches all that can happen to a few nodes of the shipped Raft, within bounds.",
    discussion: """
      Every order of timers, deliveries, losses, copies, slow disks and crashes is tried, breadth first, each state \
      once, and every rule of Raft is checked in each. A broken rule is told with the shortest way to it.

      Without bounds it makes a series of searches, each deep and narrow. With any of them it makes one, in which \
      what is not given does not happen.

      Exit codes: 0 nothing was broken, 1 a rule was, 64 usage.
      """)

  @Option(help: "Nodes, all of them voters: 1 to 4; 3 if not given.")
  var nodes: Int?

  @Option(help: "The highest term: 1 to 5; 2 if not given.")
  var terms: Int?

  @Option(help: "Entries that clients propose.")
  var entries: Int?

  @Option(help: "Crashes of one node; what its disk had not synced is lost.")
  var crashes: Int?

  @Option(help: "Connections that break, with all that is on its way.")
  var losses: Int?

  @Option(help: "Messages that come twice.")
  var duplicates: Int?

  @Option(help: "Steps whose writes the disk leaves waiting.")
  var lateWrites: Int?

  @Option(help: "Heartbeats that a leader sends.")
  var heartbeats: Int?

  @Option(help: "Linearizable reads.")
  var reads: Int?

  @Flag(help: "Begin with empty disks rather than with a leader in term 1.")
  var fromNothing = false

  @Option(help: "No more steps than this.")
  var depth: Int?

  @Option(help: "End a search after so many different states; each takes about 250 bytes.")
  var states = 3_000_000

  @Option(help: "Stop after so many minutes.")
  var minutes: Double?

  /// The bounds of the one search asked for; nil for the series.
  private var bounds: SearchBounds? {
    let given = [nodes, terms, entries, crashes, losses, duplicates, lateWrites, heartbeats, reads]
    guard fromNothing || given.contains(where: { $0 != nil }) else { return nil }
    var bounds = SearchBounds()
    bounds.nodes = nodes ?? 3
    bounds.terms = terms ?? 2
    bounds.entries = entries ?? 0
    bounds.crashes = crashes ?? 0
    bounds.losses = losses ?? 0
    bounds.duplicates = duplicates ?? 0
    bounds.lateWrites = lateWrites ?? 0
    bounds.heartbeats = heartbeats ?? 0
    bounds.reads = reads ?? 0
    bounds.startsWithLeader = !fromNothing
    return bounds
  }

  mutating func validate() throws {
    if let complaint = bounds?.complaint { throw ValidationError(complaint) }
    if let depth, depth < 1 { throw ValidationError("--depth must be at least 1") }
    guard (1...1_000_000_000).contains(states) else {
      throw ValidationError("--states must be from 1 to 1000000000")
    }
    if let minutes, !(minutes > 0 && minutes <= 10_000) {
      throw ValidationError("--minutes must be more than 0 and at most 10000")
    }
  }

  mutating func run() async throws {
    let clock = ContinuousClock()
    let start = clock.now
    let end = minutes.map { start + .seconds($0 * 60) }
    var generated = 0
    var distinct = 0
    var found: ExhaustiveSearch.Counterexample?
    let searches = bounds.map { [("one search", $0)] } ?? SearchSlice.all.map { ($0.name, $0.bounds) }
    for (name, bounds) in searches {
      if let end, clock.now >= end { break }
      let search = explore(bounds, until: end)
      let extent = search.isComplete ? "all there are" : "to depth \(search.depth)"
      console.line("\(name): \(search.distinct) states, \(extent)")
      generated += search.generated
      distinct += search.distinct
      found = search.counterexample
      if found != nil { break }
    }
    if let found {
      console.line("broken: \(found.violation)")
      for step in found.steps { console.line("  \(step)") }
    }
    let seconds = max((clock.now - start) / .seconds(1), 0.001)
    console.line(
      "\(generated) states generated, \(distinct) different, \(Int(Double(generated) / seconds)) a second, "
        + (found == nil ? "no rule broken" : "a rule broken"))
    if found != nil { throw ExitCode(1) }
  }

  private func explore(_ bounds: SearchBounds, until end: ContinuousClock.Instant?) -> ExhaustiveSearch {
    var search = ExhaustiveSearch(bounds)
    while search.advance(10_000, maximumDepth: depth ?? .max), search.distinct < states {
      if let end, ContinuousClock.now >= end { break }
    }
    return search
  }
}
