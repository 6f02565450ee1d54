import DequeModule
import Logging
import NIOCore
import Raft

/// Purges every address a second time, once no fetch of it is under way any more.
///
/// A purge removes what is in the cache at that moment. A page whose fetch had begun before it, and that may show
/// what was before the edit, comes in afterwards and would stay. Varnish answers a settling purge (`tercet.vcl`) only
/// when such fetches have ended, and removes what they brought. So it waits as long as the slowest of them: on
/// connections of its own, and without holding up the cache's progress. How long a page that was overtaken by its
/// purge can be served is thus bounded by its own fetch (and the moment of gathering), not by a guess.
///
/// The actor guards the queue and the idle connections.
actor SecondPass {
  private let connector: Connector
  private let logger: Logger
  private var waiting: Deque<Entry> = []
  private var known: Set<PurgeRequest> = []
  /// What each worker is at.
  private var underWay: [Int: [Entry]] = [:]
  /// How often it was closed: what was begun before is not gone on with.
  private var closings = 0
  private var idle: [PurgeLine] = []

  /// Connections at most: a slow page holds up one of them.
  private static let maximumWorkers = 4
  /// Addresses on one connection at a time.
  private static let atOnce = 250
  /// How long addresses are gathered: nobody waits for them, and together they cost less.
  private static let gathering = Swift.Duration.milliseconds(50)
  /// Addresses that wait at most, when all connections are held up; beyond them the oldest are given up.
  private static let capacity = 50_000
  /// After a lost connection.
  private static let retry = Swift.Duration.seconds(1)

  /// An address that was purged in a step of the log, the first behind this index.
  private struct Entry {
    var target: PurgeRequest
    var previous: Index
    /// Until when it is tried; nil before it was.
    var deadline: ContinuousClock.Instant?
    /// One of those that it was asked for with was too slow.
    var isAlone = false
  }

  init(connector: Connector, logger: Logger) {
    self.connector = connector
    self.logger = logger
  }

  /// Behind this index not all is done a second time yet; nil if nothing is left.
  var settledThrough: Index? {
    let places = [waiting.lazy.map(\.previous).min(), underWay.values.joined().lazy.map(\.previous).min()]
    return places.compactMap(\.self).min()
  }

  /// Takes addresses over that were just purged, in the step behind `previous`, and returns at once.
  func add(_ targets: [PurgeRequest], behind previous: Index) {
    for target in targets where known.insert(target).inserted {
      waiting.append(Entry(target: target, previous: previous))
    }
    if waiting.count > Self.capacity { giveUpOldest() }
    // Whoever is at work may be held up by a slow page; what waits now must not wait for it.
    startWorker()
  }

  private func startWorker() {
    let free = (0..<Self.maximumWorkers).first { underWay[$0] == nil }
    guard !waiting.isEmpty, let number = free else { return }
    underWay[number] = []
    _Concurrency.Task { await work(number) }
  }

  func close() async {
    closings += 1
    waiting.removeAll()
    known.removeAll()
    for number in underWay.keys { underWay[number] = [] }
    await closeIdle()
  }

  private func closeIdle() async {
    let lines = idle
    idle.removeAll()
    for line in lines { await line.close() }
  }

  private func giveUpOldest() {
    let excess = waiting.count - Self.capacity
    for entry in waiting.prefix(excess) { known.remove(entry.target) }
    waiting.removeFirst(excess)
    logger.warning(
      "too many purged pages are still being fetched; the oldest may stay as they were before their purge",
      metadata: ["cache": "\(connector.configuration.name)", "pages": "\(excess)"])
  }

  private func work(_ number: Int) async {
    try? await _Concurrency.Task.sleep(for: Self.gathering)
    let began = closings
    while closings == began {
      let batch = takeBatch(number)
      if batch.isEmpty { break }
      for entry in batch { known.remove(entry.target) }
      underWay[number] = batch
      do throws(VarnishError) {
        try await settle(batch.map(\.target))
        underWay[number] = []
      } catch {
        if closings == began { await retry(batch, of: number, because: error, began) }
      }
    }
    underWay[number] = nil
    guard closings != began else { return }
    await closeIdle()
    // For what came since, when all were busy.
    startWorker()
  }

  /// The first worker is never held up by a page that is known to be slow.
  private func takeBatch(_ worker: Int) -> [Entry] {
    if let first = waiting.firstIndex(where: { !$0.isAlone }) {
      let batch = Array(waiting[first...].prefix(Self.atOnce).prefix { !$0.isAlone })
      waiting.removeSubrange(first..<first + batch.count)
      return batch
    }
    guard worker > 0, let alone = waiting.popFirst() else { return [] }
    return [alone]
  }

  /// What a lost connection has taken along is done again when there is another, for as long as a page may be fetched.
  /// A page that is fetched for longer than that is given up, and those are asked for alone that waited with it.
  private func retry(_ batch: [Entry], of worker: Int, because error: VarnishError, _ began: Int) async {
    let now = ContinuousClock.now
    let patience = Swift.Duration.milliseconds(connector.configuration.fetchTimeoutMilliseconds)
    var rest = batch
    for place in rest.indices { rest[place].deadline = rest[place].deadline ?? now + patience }
    rest.removeAll { $0.deadline ?? now <= now }
    if case .timedOut = error {
      if rest.count == 1 { rest = [] }
      for place in rest.indices { rest[place].isAlone = true }
    }
    if rest.count < batch.count {
      logger.warning(
        "a second purge was given up; what was being fetched meanwhile may stay as it was before",
        metadata: [
          "cache": "\(connector.configuration.name)", "pages": "\(batch.count - rest.count)",
          "reason": "\(error)",
        ])
    }
    underWay[worker] = rest
    guard !rest.isEmpty else { return }
    try? await _Concurrency.Task.sleep(for: Self.retry)
    guard closings == began else { return }
    for entry in rest where known.insert(entry.target).inserted { waiting.append(entry) }
    underWay[worker] = []
    startWorker()
  }

  private func settle(_ batch: [PurgeRequest]) async throws(VarnishError) {
    let bundles = PurgeBundle.bundles(of: batch)
    while let line = idle.popLast() {
      guard line.isActive else { continue }
      do {
        try await settle(bundles, on: line)
        return idle.append(line)
      } catch .connectionLost {
        await line.close()
      }
    }
    do {
      try await settleAnew(bundles)
    } catch .connectionLost {
      // What is larger than Varnish has room for it does not answer, but hangs up.
      try await settleAnew(bundles.flatMap(\.apart))
    }
  }

  private func settleAnew(_ bundles: [PurgeBundle]) async throws(VarnishError) {
    let line = try await connector.openPurgeLine(
      timeoutMilliseconds: connector.configuration.fetchTimeoutMilliseconds)
    do throws(VarnishError) {
      try await settle(bundles, on: line)
      idle.append(line)
    } catch {
      await line.close()
      throw error
    }
  }

  /// One of a bundle that was there again is purged, and the rest of its bundle is asked for one by one.
  private func settle(_ bundles: [PurgeBundle], on line: PurgeLine) async throws(VarnishError) {
    let answers = try await line.send(bundles.map { $0.request(settles: true) })
    let apart = zip(bundles, answers).filter { $0.status(by: $1) == nil }.flatMap(\.0.apart)
    _ = try await line.send(apart.map { $0.request(settles: true) })
  }
}
