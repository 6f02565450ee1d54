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
  /// Those in `waiting`.
  private var known: Set<PurgeRequest> = []
  /// Pages that are known to be slow wait here, and are asked for one by one.
  private var slow: [Entry] = []
  /// What each worker is at.
  private var underWay: [Int: [Entry]] = [:]
  /// What is done again in a moment, with the number of its pause.
  private var resting: [Int: [Entry]] = [:]
  private var pauses = 0
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
  /// After a lost connection, and when a page is there again and again: doubled each time, up to the longest.
  private static let pause = Swift.Duration.seconds(1)
  private static let longestPause = Swift.Duration.seconds(16)

  /// An address that was purged in a step of the log, the first behind this index.
  private struct Entry {
    var target: PurgeRequest
    var previous: Index
    /// Until when it is tried; nil before it was.
    var deadline: ContinuousClock.Instant?
    /// It, or one of those that it was asked for with, was too slow.
    var isSlow = false
    var pause = SecondPass.pause
  }

  init(connector: Connector, logger: Logger) {
    self.connector = connector
    self.logger = logger
  }

  /// Behind this index not all is done a second time yet; nil if nothing is left.
  var settledThrough: Index? {
    let places = [
      waiting.lazy.map(\.previous).min(), slow.lazy.map(\.previous).min(),
      underWay.values.joined().lazy.map(\.previous).min(), resting.values.joined().lazy.map(\.previous).min(),
    ]
    return places.compactMap(\.self).min()
  }

  /// Takes addresses over that were just purged, in the step behind `previous`, and returns at once.
  func add(_ targets: [PurgeRequest], behind previous: Index) {
    guard !targets.isEmpty else { return }
    let awaited = awaited
    for target in targets {
      if awaited.contains(target) {
        // Purged again while it is on its way: nobody but a worker of its own may be held up by it.
        slow.append(Entry(target: target, previous: previous, isSlow: true))
      } else if known.insert(target).inserted {
        waiting.append(Entry(target: target, previous: previous))
      }
    }
    giveUpExcess()
    // Whoever is at work may be held up by a slow page; what waits now must not wait for it.
    startWorkers()
  }

  /// What is being waited for, by workers or until it is tried again.
  var awaited: Set<PurgeRequest> {
    var targets: Set<PurgeRequest> = []
    for entries in [underWay.values, resting.values] {
      for entry in entries.joined() { targets.insert(entry.target) }
    }
    return targets
  }

  /// One more for what waits, and one for each slow page; the first is never held up by one of those.
  private func startWorkers() {
    var free = (0..<Self.maximumWorkers).filter { underWay[$0] == nil }[...]
    if !waiting.isEmpty, let number = free.popFirst() { start(number) }
    for number in free.filter({ $0 > 0 }).prefix(slow.count) { start(number) }
  }

  private func start(_ number: Int) {
    underWay[number] = []
    _Concurrency.Task { await work(number) }
  }

  func close() async {
    closings += 1
    waiting.removeAll()
    known.removeAll()
    slow.removeAll()
    resting.removeAll()
    for number in underWay.keys { underWay[number] = [] }
    await closeIdle()
  }

  private func closeIdle() async {
    let lines = idle
    idle.removeAll()
    for line in lines { await line.close() }
  }

  private func giveUpExcess() {
    let resting = resting.values.reduce(0) { $0 + $1.count }
    let excess = waiting.count + slow.count + resting - Self.capacity
    guard excess > 0 else { return }
    let (fresh, late) = (min(excess, waiting.count), min(max(0, excess - waiting.count), slow.count))
    for entry in waiting.prefix(fresh) { known.remove(entry.target) }
    waiting.removeFirst(fresh)
    slow.removeFirst(late)
    logger.warning(
      "too many purged pages are still being fetched; the oldest may stay as they were before their purge",
      metadata: ["cache": "\(connector.configuration.name)", "pages": "\(fresh + late)"])
  }

  private func work(_ number: Int) async {
    try? await _Concurrency.Task.sleep(for: Self.gathering)
    let began = closings
    while closings == began {
      let batch = takeBatch(number)
      if batch.isEmpty { break }
      underWay[number] = batch
      do throws(VarnishError) {
        let left = try await settle(batch.map(\.target))
        if closings == began, !left.isEmpty { doAgain(batch, left) }
      } catch {
        if closings == began { doAgain(batch, because: error) }
      }
      underWay[number] = []
    }
    underWay[number] = nil
    guard closings != began else { return }
    await closeIdle()
    // For what came since, when all were busy.
    startWorkers()
  }

  private func takeBatch(_ worker: Int) -> [Entry] {
    if !waiting.isEmpty {
      let batch = Array(waiting.prefix(Self.atOnce))
      waiting.removeFirst(batch.count)
      for entry in batch { known.remove(entry.target) }
      return batch
    }
    let awaited = Set(underWay.values.joined().map(\.target))
    guard worker > 0, let next = slow.firstIndex(where: { !awaited.contains($0.target) }) else { return [] }
    return [slow.remove(at: next)]
  }

  /// A page that is there again and again, or for which Varnish has another answer, is purged once more from time to
  /// time, for as long as a fetch from before its purge may take: what comes in after that has begun after it.
  private func doAgain(_ batch: [Entry], _ left: [PurgeRequest: Int]) {
    let entries = batch.filter { left[$0.target] != nil }.map(begun)
    let again = entries.filter { $0.deadline ?? .now > .now }
    let ended = entries.filter { $0.deadline ?? .now <= .now }
    let refused = ended.filter { left[$0.target] != PurgeBundle.isThereAgain }
    if let first = refused.first {
      tellGivenUp(refused.count, because: "Varnish answers \(left[first.target] ?? 0)")
    }
    rest(again)
  }

  /// What a lost connection has taken along is done again when there is another, for as long as a page may be fetched.
  /// A page that is fetched for longer than that is given up, and those are asked for alone that waited with it.
  private func doAgain(_ batch: [Entry], because error: VarnishError) {
    var again = batch.map(begun).filter { $0.deadline ?? .now > .now }
    if case .timedOut = error {
      if batch.count == 1 { again = [] }
      for place in again.indices { again[place].isSlow = true }
    }
    if again.count < batch.count { tellGivenUp(batch.count - again.count, because: "\(error)") }
    rest(again)
  }

  private func tellGivenUp(_ count: Int, because reason: String) {
    logger.warning(
      "a second purge was given up; what was being fetched meanwhile may stay as it was before",
      metadata: ["cache": "\(connector.configuration.name)", "pages": "\(count)", "reason": "\(reason)"])
  }

  /// With the end of its time, if it has none yet.
  private func begun(_ entry: Entry) -> Entry {
    var entry = entry
    let patience = Swift.Duration.milliseconds(connector.configuration.fetchTimeoutMilliseconds)
    entry.deadline = entry.deadline ?? .now + patience
    return entry
  }

  /// Has them wait again after a pause.
  private func rest(_ entries: [Entry]) {
    let longest = entries.map(\.pause).max()
    guard let pause = longest, let end = entries.compactMap(\.deadline).max() else { return }
    pauses += 1
    let number = pauses
    resting[number] = entries.map { entry in
      var entry = entry
      entry.pause = min(pause * 2, Self.longestPause)
      return entry
    }
    _Concurrency.Task {
      // The last look is soon after the end of their time.
      try? await _Concurrency.Task.sleep(for: min(pause, max(end - .now, Self.pause)))
      guard let rested = resting.removeValue(forKey: number) else { return }
      slow += rested.filter(\.isSlow)
      for entry in rested where !entry.isSlow && known.insert(entry.target).inserted { waiting.append(entry) }
      startWorkers()
    }
  }

  /// Returns those that are not settled by that, with what Varnish says of them.
  private func settle(_ batch: [PurgeRequest]) async throws(VarnishError) -> [PurgeRequest: Int] {
    let bundles = PurgeBundle.bundles(of: batch)
    while let line = idle.popLast() {
      guard line.isActive else { continue }
      do {
        let unsettled = try await settle(bundles, on: line)
        idle.append(line)
        return unsettled
      } catch .connectionLost {
        await line.close()
      }
    }
    do {
      return try await settleAnew(bundles)
    } catch .connectionLost {
      // What is larger than Varnish has room for it does not answer, but hangs up.
      return try await settleAnew(bundles.flatMap(\.apart))
    }
  }

  private func settleAnew(_ bundles: [PurgeBundle]) async throws(VarnishError) -> [PurgeRequest: Int] {
    let line = try await open()
    do throws(VarnishError) {
      let unsettled = try await settle(bundles, on: line)
      idle.append(line)
      return unsettled
    } catch {
      await line.close()
      throw error
    }
  }

  /// Varnish being silent to a question says nothing of any page.
  private func open() async throws(VarnishError) -> PurgeLine {
    do throws(VarnishError) {
      return try await connector.openPurgeLine(
        timeoutMilliseconds: connector.configuration.fetchTimeoutMilliseconds)
    } catch .timedOut(let endpoint, let milliseconds) {
      throw .unreachable(endpoint, reason: "it did not answer for \(milliseconds) ms")
    }
  }

  /// One of a bundle that was there again is purged, and the rest of its bundle is asked for one by one.
  private func settle(
    _ bundles: [PurgeBundle], on line: PurgeLine
  ) async throws(VarnishError) -> [PurgeRequest: Int] {
    let answers = zip(bundles, try await line.send(bundles.map { $0.request(.settling) }))
    let apart = answers.filter { $0.status(by: $1) == nil }.flatMap(\.0.apart)
    let further = zip(apart, try await line.send(apart.map { $0.request(.settling) }))
    var left: [PurgeRequest: Int] = [:]
    for (bundle, answer) in Array(answers) + Array(further) {
      guard let status = bundle.status(by: answer), status != 200 else { continue }
      for target in bundle.targets { left[target] = status }
    }
    return left
  }
}
