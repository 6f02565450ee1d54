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
