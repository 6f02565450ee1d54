import Raft

/// Does bans and purges by tags a second time, some seconds later.
///
/// Like a purge of an address, they miss what is being fetched at that moment and may show what was before the edit.
/// Varnish cannot be asked whether anything they mean is on its way, so they are repeated when all but the slowest
/// pages have come in; addresses, which Plone sends, have the exact `SecondPass`.
///
/// The actor guards the queue.
actor Repetition {
  private let delay: Duration
  /// Says whether it came to be done.
  private let carryOut: @Sendable (Work) async -> Bool
  private var due: [Due] = []
  /// What is being done.
  private var underWay: Due?
  private var waiting = 0
  private var isAtWork = false

  /// Bans and tags that wait at most; what comes beyond is not repeated.
  private static let capacity = 20_000
  /// After a failure, and for how long it is tried.
  private static let retry = Duration.seconds(1)
  private static let patience = Duration.seconds(60)

  private struct Due {
    var at: ContinuousClock.Instant
    var work: Work
    /// The step of the log that was done; 0 when it stands for all before it, too.
    var step: Index
    var deadline: ContinuousClock.Instant
  }

  init(delay: Duration, carryOut: @escaping @Sendable (Work) async -> Bool) {
    self.delay = delay
    self.carryOut = carryOut
  }

  /// The first step of which something is not done a second time yet; nil if all is.
  var lowest: Index? { [due.map(\.step).min(), underWay?.step].compactMap(\.self).min() }

  /// Takes work over that was just done, and returns at once.
  func add(_ work: Work, of step: Index) {
    guard work.repeatedCount > 0, waiting + work.repeatedCount <= Self.capacity else { return }
    waiting += work.repeatedCount
    let at = ContinuousClock.now + delay
    if let last = due.indices.last, at - due[last].at < .milliseconds(100) {
      due[last].work.merge(work)
      due[last].step = min(due[last].step, step)
    } else {
      due.append(Due(at: at, work: work, step: step, deadline: at + Self.patience))
    }
    guard !isAtWork else { return }
    isAtWork = true
    _Concurrency.Task { await run() }
  }

  func close() {
    due.removeAll()
    underWay = nil
    waiting = 0
  }

  private func run() async {
    while let next = due.first {
      try? await _Concurrency.Task.sleep(until: next.at, clock: .continuous)
      guard let first = due.first, first.at <= .now else { continue }
      due.removeFirst()
      waiting = max(0, waiting - first.work.repeatedCount)
      underWay = first
      let isDone = await carryOut(first.work)
      // Closed meanwhile?
      guard var again = underWay else { continue }
      underWay = nil
      guard !isDone, again.deadline > .now else { continue }
      again.at = .now + Self.retry
      waiting += again.work.repeatedCount
      due.insert(again, at: 0)
    }
    isAtWork = false
  }
}

extension Work {
  /// So much of it is done a second time here.
  fileprivate var repeatedCount: Int { bans.count + keys.count + softKeys.count }
}
