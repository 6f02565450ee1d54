import Raft

/// What every entry ever written is, by index and term: the same at all nodes, and so is the one before it.
/// By induction, logs that agree on an entry agree on all before it (Log Matching, 5.3).
struct EntryOrigins: Sendable {
  private struct Origin: Equatable, Sendable {
    let term: Term
    let previousTerm: Term
    let payload: Payload
  }
  /// The latest for each index; that of index 1 stands at 0.
  private var latest: [Origin?] = []
  /// Those of other terms.
  private var others: [Position: Origin] = [:]

  /// Whether the entry is the one that was written at its place in its term before, if one was.
  mutating func add(_ entry: Entry, after previousTerm: Term) -> Bool {
    while Index(latest.count) < entry.index { latest.append(nil) }
    let slot = Int(entry.index) - 1
    let origin = Origin(term: entry.term, previousTerm: previousTerm, payload: entry.payload)
    guard let known = latest[slot] else {
      latest[slot] = origin
      return true
    }
    if known.term == entry.term { return known == origin }
    if let known = others[entry.position] { return known == origin }
    others[Position(index: entry.index, term: known.term)] = known
    others[entry.position] = origin
    latest[slot] = origin
    return true
  }
}
