public import Raft

/// Whether a history of reads and writes of one register could have come from a cluster that does one thing after the
/// other: the search of Wing and Gong (1993) with Lowe's memory (2017). Histories of several services are checked one
/// service at a time, which is as strong (Herlihy and Wing 1990, locality).
public struct RegisterHistory: Sendable {
  public enum Kind: Hashable, Sendable {
    case write(Int)
    case read(Int)
  }

  public struct Operation: Hashable, Sendable {
    public var kind: Kind
    public var called: Instant
    /// `never` if nobody knows whether and when it took effect.
    public var returned: Instant

    public init(_ kind: Kind, called: Instant, returned: Instant) {
      self.kind = kind
      self.called = called
      self.returned = returned
    }
  }

  public enum Verdict: Hashable, Sendable {
    case linearizable
    /// The operations that returned by then have no order that explains them.
    case impossible(after: Instant)
    /// The search became too large.
    case unknown
  }

  public var initial: Int
  public var operations: [Operation]

  public init(initial: Int, operations: [Operation]) {
    self.initial = initial
    self.operations = operations.sorted { ($0.called, $0.returned) < ($1.called, $1.returned) }
  }

  /// What has been put in order, and what the register holds then.
  private struct Place: Hashable {
    var done: [UInt64]
    /// All operations before it are done.
    var first: Int
    var value: Int

    func isDone(_ operation: Int) -> Bool { done[operation >> 6] & (1 << UInt64(operation & 63)) != 0 }

    mutating func take(_ operation: Int, _ kind: Kind) {
      done[operation >> 6] |= 1 << UInt64(operation & 63)
      if case .write(let value) = kind { self.value = value }
      while first < done.count << 6, isDone(first) { first += 1 }
    }
  }

  /// - Parameter limit: how many places the search may look at.
  public func verdict(limit: Int = 500_000) -> Verdict {
    let words = operations.count / 64 + 1
    var seen: Set<Place> = []
    var open = [Place(done: Array(repeating: 0, count: words), first: 0, value: initial)]
    var furthest = Instant.origin
    while var place = open.popLast() {
      takeMatchingReads(&place)
      guard seen.insert(place).inserted else { continue }
      guard seen.count <= limit else { return .unknown }
      let bound = earliestReturn(place)
      if bound == .never { return .linearizable }
      furthest = max(furthest, bound)
      for operation in candidates(place, before: bound) {
        guard case .write = operations[operation].kind else { continue }
        var next = place
        next.take(operation, operations[operation].kind)
        open.append(next)
      }
    }
    return .impossible(after: furthest)
  }

  /// A read that finds what is there may come now: it changes nothing for the others.
  private func takeMatchingReads(_ place: inout Place) {
    var found = true
    while found {
      found = false
      let bound = earliestReturn(place)
      for operation in candidates(place, before: bound)
      where operations[operation].kind == .read(place.value) {
        place.take(operation, operations[operation].kind)
        found = true
      }
    }
  }

  /// When the first of the operations that are not done had returned: what was called later comes later.
  private func earliestReturn(_ place: Place) -> Instant {
    var earliest = Instant.never
    for operation in place.first..<operations.count where !place.isDone(operation) {
      if operations[operation].called > earliest { break }
      earliest = min(earliest, operations[operation].returned)
    }
    return earliest
  }

  private func candidates(_ place: Place, before bound: Instant) -> [Int] {
    var found: [Int] = []
    for operation in place.first..<operations.count {
      if operations[operation].called > bound { break }
      if !place.isDone(operation) { found.append(operation) }
    }
    return found
  }
}
