/// The memberships that may still be in force: that at the last snapshot, and those in the entries after it.
/// A membership counts from the moment it is appended, and no more once its entry is removed (section 6).
struct MembershipHistory: Hashable, Sendable {
  private struct Record: Hashable, Sendable {
    var index: Index
    var membership: Membership
  }
  /// Ascending by index and never empty.
  private var records: [Record]

  init(_ membership: Membership, at index: Index) {
    records = [Record(index: index, membership: membership)]
  }

  /// The membership in force.
  var current: Membership { records[records.count - 1].membership }
  /// Where it stands in the log.
  var currentIndex: Index { records[records.count - 1].index }

  /// The membership in force at `index`, which is at or after the last snapshot.
  func membership(at index: Index) -> Membership {
    (records.last { $0.index <= index } ?? records[0]).membership
  }

  mutating func append(_ entry: Entry) {
    guard case .membership(let membership) = entry.payload else { return }
    records.append(Record(index: entry.index, membership: membership))
  }

  mutating func truncate(from index: Index) {
    while records.count > 1, records[records.count - 1].index >= index { records.removeLast() }
  }

  /// Forgets all before the membership in force at `index`.
  mutating func compact(through index: Index) {
    while records.count > 1, records[1].index <= index { records.removeFirst() }
  }
}
