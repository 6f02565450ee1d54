import Raft

/// A node's store as its writes tell it: the terms of its log, and what stands beside the log.
struct StoreImage: Sendable {
  struct MembershipRecord: Equatable, Sendable {
    var index: Index
    var membership: Membership
  }

  private(set) var hardState: HardState
  private(set) var snapshot: Position
  private(set) var commit: Index
  /// The membership at the snapshot, and those in the entries after it.
  private(set) var memberships: [MembershipRecord]
  /// The last entry that is compacted away.
  private var base: Position
  /// The terms of the entries after `base`.
  private var terms: [Term]

  init(_ restored: Restored) {
    hardState = restored.hardState
    snapshot = restored.snapshot.position
    commit = restored.commit
    memberships = [MembershipRecord(index: snapshot.index, membership: restored.snapshot.membership)]
    if let first = restored.entries.first, first.index <= snapshot.index {
      // The term of the entry before is not known any more.
      base = first.position
      terms = restored.entries.dropFirst().map(\.term)
    } else {
      base = snapshot
      terms = restored.entries.map(\.term)
    }
    for entry in restored.entries where entry.index > snapshot.index { note(entry) }
  }

  var last: Position {
    guard let term = terms.last else { return base.index < snapshot.index ? snapshot : base }
    return Position(index: base.index + Index(terms.count), term: term)
  }

  var membership: Membership { memberships[memberships.count - 1].membership }

  /// The term of the entry at `index`; nil if it is compacted away or not there yet.
  func term(at index: Index) -> Term? {
    if index > base.index, index - base.index <= Index(terms.count) {
      return terms[Int(index - base.index) - 1]
    }
    if index == base.index { return base.term }
    return index == snapshot.index ? snapshot.term : nil
  }

  /// Whether the entry is there, in the log or in the snapshot.
  func holds(_ position: Position) -> Bool {
    term(at: position.index).map { $0 == position.term } ?? (position.index <= snapshot.index)
  }

  mutating func apply(_ write: Write) {
    if let snapshot = write.snapshot { replace(snapshot) }
    if let index = write.removeFrom { remove(from: index) }
    if let index = write.compactThrough { compact(through: index) }
    for entry in write.entries {
      terms.append(entry.term)
      note(entry)
    }
    if let hardState = write.hardState { self.hardState = hardState }
    commit = max(commit, write.commit)
  }

  private mutating func note(_ entry: Entry) {
    guard case .membership(let membership) = entry.payload else { return }
    memberships.append(MembershipRecord(index: entry.index, membership: membership))
  }

  private mutating func replace(_ new: Snapshot) {
    snapshot = new.position
    memberships.removeAll { $0.index <= new.position.index }
    memberships.insert(
      MembershipRecord(index: new.position.index, membership: new.membership), at: 0)
  }

  private mutating func remove(from index: Index) {
    let kept = index > base.index ? Int(index - base.index) - 1 : 0
    if kept < terms.count { terms.removeSubrange(kept...) }
    while memberships.count > 1, memberships[memberships.count - 1].index >= index {
      memberships.removeLast()
    }
  }

  private mutating func compact(through index: Index) {
    guard index > base.index else { return }
    // A snapshot that was taken over may stand where another entry stood.
    let new = index == snapshot.index ? snapshot : Position(index: index, term: term(at: index) ?? 0)
    terms.removeFirst(min(terms.count, Int(index - base.index)))
    base = new
  }
}
