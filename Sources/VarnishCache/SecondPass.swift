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
/// Addresses are asked for many at a time. When that takes too long, or one of them is purged again meanwhile, they are
/// asked for alone: a slow page holds up no other for longer.
///
/// The actor guards the queues and the idle connections.
actor SecondPass {
  private let connector: Connector
  private let logger: Logger
  /// What is to be done, each address once: it stands in one of the two queues, or rests.
  private var pending: [PurgeRequest: Entry] = [:]
  private var fresh: Deque<PurgeRequest> = []
  /// Those that are asked for alone.
  private var slow: Deque<PurgeRequest> = []
  /// What each worker is at.
  private var underWay: [Int: [PurgeRequest: Entry]] = [:]
  private var pauses = 0
  /// How often it was closed: what was begun before is not gone on with.
  private var closings = 0
  private var idle: [PurgeLine] = []

  /// Connections at most. The first workers are for fresh addresses alone, the others for slow ones first.
  private static let maximumWorkers = 8
  private static let freshWorkers = 2
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
    var previous: Index
    /// Until when it is tried; nil before it was.
    var deadline: ContinuousClock.Instant?
    /// It, or one of those that it was asked for with, was too slow.
    var isSlow = false
    var pause = SecondPass.pause
    /// The pause that it rests in.
    var rest: Int?

    /// Whether no fetch from before the purge can have been under way any more at a time.
    func isOver(at time: ContinuousClock.Instant) -> Bool { deadline.map { $0 <= time } ?? false }
  }

  init(connector: Connector, logger: Logger) {
    self.connector = connector
    self.logger = logger
  }

  /// Behind this index not all is done a second time yet; nil if nothing is left.
  var settledThrough: Index? {
    let places =
      [pending.values.lazy.map(\.previous).min()] + underWay.values.map { $0.values.map(\.previous).min() }
    return places.compactMap(\.self).min()
  }

  /// Those that are being waited for, or were for too long.
  func awaited(among targets: [PurgeRequest]) -> Set<PurgeRequest> {
    guard !pending.isEmpty || !underWay.isEmpty else { return [] }
    return Set(targets.filter { pending[$0]?.isSlow == true || pending[$0]?.rest != nil || isUnderWay($0) })
  }

  /// Takes addresses over that were just purged, in the step behind `previous`, and returns at once.
  func add(_ targets: [PurgeRequest], behind previous: Index) {
    for target in targets {
      var entry = pending[target] ?? Entry(previous: previous, isSlow: isUnderWay(target))
      let stands = pending[target] != nil && entry.rest == nil
      // Purged anew, it has its time anew.
      (entry.deadline, entry.pause, entry.rest) = (nil, Self.pause, nil)
      if !stands { entry.isSlow = entry.isSlow || isUnderWay(target) }
      pending[target] = entry
      if !stands { enqueue(target, entry) }
    }
    giveUpExcess()
    // Whoever is at work may be held up by a slow page; what waits now must not wait for it.
    startWorkers()
  }

  func close() async {
    closings += 1
    (pending, fresh, slow) = ([:], [], [])
    for number in underWay.keys { underWay[number] = [:] }
    await closeIdle()
  }

  private func closeIdle() async {
    let lines = idle
    idle.removeAll()
    for line in lines { await line.close() }
  }

  // MARK: The queues

  private func isUnderWay(_ target: PurgeRequest) -> Bool { underWay.values.contains { $0[target] != nil } }

  private func isUnderWayAlone(_ target: PurgeRequest) -> Bool {
    underWay.values.contains { $0.count == 1 && $0[target] != nil }
  }

  private func enqueue(_ target: PurgeRequest, _ entry: Entry) {
    if entry.isSlow { slow.append(target) } else { fresh.append(target) }
  }

  private func giveUpExcess() {
    let excess = pending.count - Self.capacity
    guard excess > 0 else { return }
    let late = min(excess, slow.count)
    let given = Array(slow.prefix(late)) + Array(fresh.prefix(excess - late))
    slow.removeFirst(late)
    fresh.removeFirst(given.count - late)
    for target in given { pending[target] = nil }
    logger.warning(
      "too many purged pages are still being fetched; the oldest may stay as they were before their purge",
      metadata: ["cache": "\(connector.configuration.name)", "pages": "\(given.count)"])
  }

  /// One more for what is fresh, and as many as there are slow pages that nobody asks for alone yet.
  private func startWorkers() {
    var free = (0..<Self.maximumWorkers).filter { underWay[$0] == nil }[...]
    if !fresh.isEmpty, let number = free.popFirst() { start(number) }
    let takers = free.filter { $0 >= Self.freshWorkers }
    let takeable =
      takers.isEmpty ? 0 : slow.lazy.filter { !self.isUnderWayAlone($0) }.prefix(takers.count).count
    for number in takers.prefix(takeable) { start(number) }
  }

  private func start(_ number: Int) {
    underWay[number] = [:]
    _Concurrency.Task { await work(number) }
  }

  private func takeBatch(_ worker: Int) -> [PurgeRequest: Entry] {
    if worker >= Self.freshWorkers, let place = slow.firstIndex(where: { !isUnderWayAlone($0) }) {
      let target = slow.remove(at: place)
      return pending.removeValue(forKey: target).map { [target: $0] } ?? [:]
    }
    let targets = fresh.prefix(Self.atOnce)
    fresh.removeFirst(targets.count)
    return targets.reduce(into: [:]) { $0[$1] = pending.removeValue(forKey: $1) }
  }

  // MARK: Workers

  private func work(_ number: Int) async {
    try? await _Concurrency.Task.sleep(for: Self.gathering)
    let began = closings
    while closings == began {
      let batch = takeBatch(number)
      if batch.isEmpty { break }
      underWay[number] = batch
      // What it leaves is for others: it may be held up.
      startWorkers()
      let start = ContinuousClock.now
      do throws(VarnishError) {
        let left = try await settle(Array(batch.keys))
        if closings == began { doAgain(batch, left, askedAt: start) }
      } catch {
        let isSilent = batch.count == 1 && error.isTimeout ? await !answersQuestions() : false
        if closings == began { doAgain(batch, because: error, askedAt: start, isSilent: isSilent) }
      }
      underWay[number] = [:]
      // Others may take now what waited for this one's end.
      startWorkers()
    }
    underWay[number] = nil
    if closings != began { await closeIdle() }
    startWorkers()
  }

  /// A page that is there again and again, or for which Varnish has another answer, is purged once more from time to
  /// time, for as long as a fetch from before its purge may take: what comes in after that has begun after it.
  private func doAgain(
    _ batch: [PurgeRequest: Entry], _ left: [PurgeRequest: Int], askedAt start: ContinuousClock.Instant
  ) {
    guard !left.isEmpty else { return }
    let begun = batch.filter { left[$0.key] != nil }.mapValues(begun)
    let refused = begun.filter { $0.value.isOver(at: start) && left[$0.key] != PurgeBundle.isThereAgain }
    if let status = refused.first.flatMap({ left[$0.key] }) {
      tellGivenUp(refused.count, because: "Varnish answers \(status)")
    }
    rest(begun.filter { !$0.value.isOver(at: start) })
  }

  /// What a lost connection has taken along is done again when there is another, for as long as a page may be fetched.
  /// A page that was asked for alone and is fetched for longer than that is given up.
  private func doAgain(
    _ batch: [PurgeRequest: Entry], because error: VarnishError, askedAt start: ContinuousClock.Instant,
    isSilent: Bool
  ) {
    var again = batch.mapValues(begun)
    if error.isTimeout, batch.count > 1 {
      for target in again.keys { again[target]?.isSlow = true }
    } else if error.isTimeout, !isSilent {
      again = [:]
    } else {
      again = again.filter { !$0.value.isOver(at: start) }
    }
    if again.count < batch.count { tellGivenUp(batch.count - again.count, because: "\(error)") }
    rest(again)
  }

  /// With the end of its time, if it has none yet.
  private func begun(_ entry: Entry) -> Entry {
    var entry = entry
    let patience = Swift.Duration.milliseconds(connector.configuration.fetchTimeoutMilliseconds)
    entry.deadline = entry.deadline ?? .now + patience
    return entry
  }

  private func tellGivenUp(_ count: Int, because reason: String) {
    logger.warning(
      "a second purge was given up; what was being fetched meanwhile may stay as it was before",
      metadata: ["cache": "\(connector.configuration.name)", "pages": "\(count)", "reason": "\(reason)"])
  }

  /// Has them wait again after a pause; those that were purged anew meanwhile wait already.
  private func rest(_ entries: [PurgeRequest: Entry]) {
    for (target, entry) in entries where pending[target] != nil {
      pending[target]?.previous = min(pending[target]?.previous ?? entry.previous, entry.previous)
    }
    let left = entries.filter { pending[$0.key] == nil }
    for (pause, group) in Dictionary(grouping: left, by: \.value.pause) {
      pauses += 1
      let number = pauses
      for (target, entry) in group {
        var entry = entry
        entry.pause = min(pause * 2, Self.longestPause)
        entry.rest = number
        pending[target] = entry
      }
      // The last look is soon after the end of their time.
      let end = group.compactMap(\.value.deadline).max() ?? .now
      let targets = group.map(\.key)
      _Concurrency.Task {
        try? await _Concurrency.Task.sleep(for: min(pause, max(end - .now, Self.pause)))
        wake(targets, from: number)
      }
    }
  }

  private func wake(_ targets: [PurgeRequest], from number: Int) {
    for target in targets {
      guard var entry = pending[target], entry.rest == number else { continue }
      entry.rest = nil
      // Somebody waits for it: then it is asked for alone.
      entry.isSlow = entry.isSlow || isUnderWay(target)
      pending[target] = entry
      enqueue(target, entry)
    }
    startWorkers()
  }

  // MARK: Requests

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

  private func answersQuestions() async -> Bool {
    guard let line = try? await open() else { return false }
    idle.append(line)
    return true
  }

  /// That Varnish does not answer a question says nothing of any page.
  private func open() async throws(VarnishError) -> PurgeLine {
    do throws(VarnishError) {
      return try await connector.openPurgeLine(
        timeoutMilliseconds: connector.configuration.fetchTimeoutMilliseconds)
    } catch {
      switch error {
      case .timedOut(let endpoint, _), .connectionLost(let endpoint, _):
        throw .unreachable(endpoint, reason: "\(error)")
      default: throw error
      }
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

extension VarnishError {
  fileprivate var isTimeout: Bool {
    if case .timedOut = self { true } else { false }
  }
}
