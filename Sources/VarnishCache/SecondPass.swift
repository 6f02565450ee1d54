import DequeModule
import Logging
import NIOCore

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
  private var waiting: Deque<PurgeRequest> = []
  private var known: Set<PurgeRequest> = []
  private var workers = 0
  private var idle: [PurgeLine] = []

  /// Connections at most: a slow page holds up one of them.
  private static let maximumWorkers = 4
  /// Addresses on one connection at a time.
  private static let atOnce = 250
  /// How long addresses are gathered: nobody waits for them, and together they cost less.
  private static let gathering = Duration.milliseconds(50)
  /// Addresses that wait at most, when all connections are held up; beyond them the oldest are given up.
  private static let capacity = 50_000

  init(connector: Connector, logger: Logger) {
    self.connector = connector
    self.logger = logger
  }

  /// Takes addresses over that were just purged, and returns at once.
  func add(_ targets: [PurgeRequest]) {
    for target in targets where known.insert(target).inserted { waiting.append(target) }
    if waiting.count > Self.capacity { giveUpOldest() }
    // Whoever is at work may be held up by a slow page; what waits now must not wait for it.
    guard workers < Self.maximumWorkers, !waiting.isEmpty else { return }
    workers += 1
    _Concurrency.Task { await work() }
  }

  func close() async {
    waiting.removeAll()
    known.removeAll()
    for line in idle { await line.close() }
    idle.removeAll()
  }

  private func giveUpOldest() {
    let excess = waiting.count - Self.capacity
    for target in waiting.prefix(excess) { known.remove(target) }
    waiting.removeFirst(excess)
    logger.warning(
      "too many purged pages are still being fetched; the oldest may stay as they were before their purge",
      metadata: ["cache": "\(connector.configuration.name)", "pages": "\(excess)"])
  }

  private func work() async {
    try? await _Concurrency.Task.sleep(for: Self.gathering)
    while !waiting.isEmpty {
      let batch = Array(waiting.prefix(Self.atOnce))
      waiting.removeFirst(batch.count)
      for target in batch { known.remove(target) }
      do throws(VarnishError) {
        try await settle(batch)
      } catch {
        // A Varnish that went away has lost its pages, or is purged anew when it is back.
        logger.debug(
          "a second purge was given up",
          metadata: ["cache": "\(connector.configuration.name)", "reason": "\(error)"])
      }
    }
    workers -= 1
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
