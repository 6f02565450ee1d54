/// Does bans and purges by tags a second time, some seconds later.
///
/// Like a purge of an address, they miss what is being fetched at that moment and may show what was before the edit.
/// Varnish cannot be asked whether anything they mean is on its way, so they are repeated when all but the slowest
/// pages have come in; addresses, which Plone sends, have the exact `SecondPass`.
///
/// The actor guards the queue.
actor Repetition {
  private let delay: Duration
  private let carryOut: @Sendable (Work) async -> Void
  private var due: [(at: ContinuousClock.Instant, work: Work)] = []
  private var waiting = 0
  private var isAtWork = false

  /// Bans and tags that wait at most; what comes beyond is not repeated.
  private static let capacity = 20_000

  init(delay: Duration, carryOut: @escaping @Sendable (Work) async -> Void) {
    self.delay = delay
    self.carryOut = carryOut
  }

  /// Takes work over that was just done, and returns at once.
  func add(_ work: Work) {
    let size = work.bans.count + work.keys.count + work.softKeys.count
    guard size > 0, waiting + size <= Self.capacity else { return }
    waiting += size
    let at = ContinuousClock.now + delay
    if let last = due.indices.last, at - due[last].at < .milliseconds(100) {
      due[last].work.merge(work)
    } else {
      due.append((at, work))
    }
    guard !isAtWork else { return }
    isAtWork = true
    _Concurrency.Task { await run() }
  }

  func close() {
    due.removeAll()
    waiting = 0
  }

  private func run() async {
    while let next = due.first {
      try? await _Concurrency.Task.sleep(until: next.at, clock: .continuous)
      guard let first = due.first, first.at <= .now else { continue }
      due.removeFirst()
      waiting -= first.work.bans.count + first.work.keys.count + first.work.softKeys.count
      await carryOut(first.work)
    }
    isAtWork = false
  }
}
