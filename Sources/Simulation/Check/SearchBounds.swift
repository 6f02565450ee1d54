/// How much may happen in an exhaustive search.
public struct SearchBounds: Hashable, Sendable {
  /// Members, all of them voters: 1 to 4.
  public var nodes = 3
  /// The highest term that a node may reach: 1 to 5.
  public var terms = 3
  /// Commands proposed.
  public var entries = 2
  /// Crashes of one node, each with the loss of what was not synced.
  public var crashes = 1
  /// Connections between two nodes that break, each with the loss of all that is on its way between them.
  public var losses = 1
  /// Messages delivered twice.
  public var duplicates = 1
  /// Steps whose writes the disk leaves waiting; all others are synced at once.
  public var lateWrites = 1
  /// Heartbeats sent.
  public var heartbeats = 1
  /// Linearizable reads asked for.
  public var reads = 0
  /// Whether the search starts from a cluster whose first node leads in term 1, rather than from empty disks.
  public var startsWithLeader = true

  public init() {}

  /// What is out of range; nil if nothing is.
  public var complaint: String? {
    if !(1...4).contains(nodes) { return "nodes must be from 1 to 4" }
    if !(1...5).contains(terms) { return "terms must be from 1 to 5" }
    if nodes * terms > 16 { return "nodes times terms must be at most 16" }
    let budgets = [entries, crashes, losses, duplicates, lateWrites, heartbeats, reads]
    if budgets.contains(where: { !(0...15).contains($0) }) {
      return "what may happen must be from 0 to 15 times"
    }
    // Every term adds an entry of its leader; an index must fit into four bits.
    if entries + terms > 15 { return "terms and entries together must be at most 15" }
    return nil
  }
}

/// What of the bounds is left in a state: four bits each.
struct SearchBudget: Hashable, Sendable {
  enum Kind: Int {
    case entries, crashes, losses, duplicates, lateWrites, heartbeats, reads
  }

  private(set) var bits: UInt64 = 0

  init(_ bounds: SearchBounds) {
    let amounts = [
      bounds.entries, bounds.crashes, bounds.losses, bounds.duplicates, bounds.lateWrites, bounds.heartbeats,
      bounds.reads,
    ]
    for (place, amount) in amounts.enumerated() { bits |= UInt64(amount) << UInt64(4 * place) }
  }

  func left(_ kind: Kind) -> Int { Int(bits >> UInt64(4 * kind.rawValue) & 15) }

  mutating func spend(_ kind: Kind) {
    precondition(left(kind) > 0, "nothing is left of \(kind)")
    bits -= 1 << UInt64(4 * kind.rawValue)
  }
}

/// Searches that together reach what one alone would be too wide for: each allows little, and so comes deep.
public struct SearchSlice: Sendable {
  /// What it is about, in a few words.
  public let name: String
  public let bounds: SearchBounds

  private init(_ name: String, _ change: (inout SearchBounds) -> Void) {
    var bounds = SearchBounds.calm
    change(&bounds)
    self.name = name
    self.bounds = bounds
  }

  public static let all: [SearchSlice] = [
    SearchSlice("replication, with a copy of any message") {
      $0.terms = 1
      $0.entries = 2
      $0.duplicates = 1
    },
    SearchSlice("replication, with a crash, a slow disk and a broken link") {
      $0.terms = 1
      $0.entries = 1
      $0.crashes = 1
      $0.lateWrites = 1
      $0.losses = 1
    },
    SearchSlice("reads, with a copy of any message") {
      $0.terms = 1
      $0.entries = 1
      $0.duplicates = 1
      $0.reads = 2
    },
    SearchSlice("a read in an election") {
      $0.entries = 0
      $0.reads = 1
    },
    SearchSlice("an entry and a read in an election") { $0.reads = 1 },
    SearchSlice("an election and a heartbeat") { $0.heartbeats = 1 },
    SearchSlice("an election, with a crash and a slow disk") {
      $0.crashes = 1
      $0.lateWrites = 1
    },
    SearchSlice("two elections, with a slow disk") {
      $0.terms = 3
      $0.lateWrites = 1
    },
    SearchSlice("the first elections of all") {
      $0.entries = 0
      $0.startsWithLeader = false
    },
  ]
}

extension SearchBounds {
  /// A change of the leader and an entry, and no trouble but late messages.
  fileprivate static var calm: SearchBounds {
    var bounds = SearchBounds()
    bounds.terms = 2
    bounds.entries = 1
    bounds.crashes = 0
    bounds.losses = 0
    bounds.duplicates = 0
    bounds.lateWrites = 0
    bounds.heartbeats = 0
    return bounds
  }
}
