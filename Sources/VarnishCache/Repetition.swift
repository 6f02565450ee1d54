import Raft

/// Does bans and purges by tags a second time, some seconds later.
///
/// Like a purge of an address, they miss what is being fetched at that moment and may show what was before the edit.
/// Varnish cannot be asked whether anything they mean is on its way, so they are repeated when all but the slowest
/// pages have come in; addresses, which Plone sends, have the exact `SecondPass`.
///
/// The actor guards the queue.
actor Repetition {
  private let delay: Swift.Duration
  /// Says whether it came to be done.
  private let carryOut: @Sendable (Work) async -> Bool
  private var due: [Due] = []
  /// What is being done.
  private var underWay: Due?
  private var isAtWork = false

  /// Bans and tags that wait at most.
  private static let capacity = 20_000
  /// After a failure, and for how long it is tried.
  private static let retry = Swift.Duration.seconds(1)
  private static let patience = Swift.Duration.seconds(60)

  private struct Due {
    var at: ContinuousClock.Instant
    var work: Work
    /// Behind this index begins what it is of.
    var previous: Index
    var deadline: ContinuousClock.Instant
  }

  init(delay: Swift.Duration, carryOut: @escaping @Sendable (Work) async -> Bool) {
    self.delay = delay
    self.carryOut = carryOut
  }

  /// Behind this index not all is done a second time yet; nil if nothing is left.
  var settledThrough: Index? { [due.map(\.previous).min(), underWay?.previous].compactMap(\.self).min() }

  /// Takes work over that was just done, in the step behind `previous`, and returns at once; says whether there was room
  /// for it.
  func add(_ work: Work, behind previous: Index) -> Bool {
    guard work.repeatedCount > 0 else { return true }
    let waiting = due.reduce(0) { $0 + $1.work.repeatedCount }
    guard waiting + work.repeatedCount <= Self.capacity else { return false }
    let at = ContinuousClock.now + delay
    if let last = due.indices.last, at - due[last].at < .milliseconds(100) {
      due[last].work.merge(work)
      due[last].previous = min(due[last].previous, previous)
    } else {
      due.append(Due(at: at, work: work, previous: previous, deadline: at + Self.patience))
    }
    guard !isAtWork else { return true }
    isAtWork = true
    _Concurrency.Task { await run() }
    return true
  }

  func close() {
    due.removeAll()
    underWay = nil
  }

  private func run() async {
    while let next = due.first {
      try? await _Concurrency.Task.sleep(until: next.at, clock: .continuous)
      guard let first = due.first, first.at <= .now else { continue }
      due.removeFirst()
      underWay = first
      let isDone = await carryOut(first.work)
      // Closed meanwhile?
      guard var again = underWay else { continue }
      underWay = nil
      guard !isDone, again.deadline > .now else { continue }
      again.at = .now + Self.retry
      due.insert(again, at: 0)
    }
    isAtWork = false
  }
}

extension Work {
  /// So much of it is done a second time here.
  fileprivate var repeatedCount: Int { bans.count + keys.count + softKeys.count }
}
