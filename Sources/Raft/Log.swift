import PlantedBugs

/// The part of the log that is held in memory: consecutive entries after `base`, the last entry that was
/// compacted away. Appending and looking up take constant time.
package struct Log: Hashable, Sendable {
  package private(set) var base: Position
  private var entries: [Entry] = []

  package init(base: Position) { self.base = base }

  package var last: Position { entries.last?.position ?? base }

  /// The term of the entry at `index`; nil if it is compacted away or not there yet.
  package func term(at index: Index) -> Term? {
    if index == base.index { return base.term }
    guard index > base.index, index <= last.index else { return nil }
    return entries[slot(index)].term
  }

  package func contains(_ position: Position) -> Bool { term(at: position.index) == position.term }

  /// Whether a log that ends at `position` holds everything this one may have committed (5.4.1).
  func isAtMost(_ position: Position) -> Bool {
    if planted(.longestLogWins) { return last.index <= position.index }
    return (last.term, last.index) <= (position.term, position.index)
  }

  /// The entries of a range that the log holds.
  func entries(_ range: ClosedRange<Index>) -> ArraySlice<Entry> {
    entries[slot(range.lowerBound)...slot(range.upperBound)]
  }

  /// Entries from `first` on, as many as fit into `maximumBytes`, but at least one if there is one.
  package func entries(from first: Index, maximumBytes: Int) -> (entries: [Entry], bytes: Int) {
    guard first > base.index, first <= last.index else { return ([], 0) }
    var end = slot(first)
    var bytes = 0
    while end < entries.endIndex {
      let more = entries[end].byteCount
      if bytes > 0, bytes + more > maximumBytes { break }
      bytes += more
      end += 1
    }
    return (Array(entries[slot(first)..<end]), bytes)
  }

  package mutating func append(_ entry: Entry) {
    precondition(entry.index == last.index + 1, "entries are consecutive")
    entries.append(entry)
  }

  mutating func append(contentsOf more: ArraySlice<Entry>) {
    guard let first = more.first else { return }
    precondition(first.index == last.index + 1, "entries are consecutive")
    entries.append(contentsOf: more)
  }

  /// Removes the entry at `index` and all after it.
  package mutating func truncate(from index: Index) {
    precondition(index > base.index, "what is compacted is committed and stays")
    guard index <= last.index else { return }
    entries.removeSubrange(slot(index)...)
  }

  /// Forgets the entries up to `index`, which the log holds.
  package mutating func compact(through index: Index) {
    guard index > base.index else { return }
    let newBase = entries[slot(index)].position
    entries.removeFirst(slot(index) + 1)
    base = newBase
  }

  /// Where to compact so that the entries up to `index` that stay are at most so many, with at most so many bytes.
  func end(before index: Index, leaving entries: Int, bytes: Int) -> Index {
    var end = index
    var (entriesLeft, bytesLeft) = (entries, bytes)
    while end > base.index, entriesLeft > 0 {
      bytesLeft -= self.entries[slot(end)].byteCount
      guard bytesLeft >= 0 else { break }
      entriesLeft -= 1
      end -= 1
    }
    return end
  }

  /// Empties the log; the next entry follows `position`.
  mutating func reset(to position: Position) {
    base = position
    entries.removeAll()
  }

  /// The last place at or before `index` whose term is at most `term`: where a log that has an entry of that
  /// term at `index` may agree with this one (5.3). Terms never fall along a log, so this is a binary search.
  /// Nil if it lies before `base`.
  package func lastPosition(termAtMost term: Term, through index: Index) -> Position? {
    guard index >= base.index, base.term <= term else { return nil }
    var low = base.index
    var high = min(index, last.index)
    while low < high {
      let middle = low + (high - low + 1) / 2
      if entries[slot(middle)].term <= term { low = middle } else { high = middle - 1 }
    }
    return low == base.index ? base : entries[slot(low)].position
  }

  private func slot(_ index: Index) -> Int { Int(index - base.index) - 1 }
}

extension Entry {
  /// About what the entry takes up in a message or in memory.
  var byteCount: Int { payload.byteCount + 32 }
}

extension Payload {
  var byteCount: Int {
    switch self {
    case .empty: 0
    case .command(let bytes): bytes.count
    case .membership(let membership):
      8 * (membership.voters.count + membership.outgoing.count + membership.learners.count)
    }
  }
}
