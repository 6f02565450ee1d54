/// VarnishCache: drives a node's Varnish servers: purges, bans, and what can be seen of them.

public import Cluster
public import Logging
public import NIOCore
import Raft

/// One Varnish of this node. The actor guards the connections to Varnish's command line (bans, observation) and to the
/// address at which it takes purges; requests of several callers share them, and each is opened again when it
/// is lost.
public actor VarnishCache {
  /// The addresses and the secret of one Varnish.
  public struct Configuration: Sendable {
    /// The cache's name in the cluster.
    public var name: String
    /// Varnish's command line (`varnishd -T`).
    public var commandLine: Endpoint
    /// The file that Varnish was given with `-S`.
    public var secretFile: String
    /// The address at which Varnish takes purges (`varnishd -a tercet=…`, see `deploy/varnish/tercet.vcl`); nil when
    /// there is none that only this manager reaches: everything is banned on the command line then.
    public var purges: Endpoint?
    /// Whether `varnishstat` may be asked, and the folder of the instance (`varnishd -n`) if it is not the usual one.
    public var statistics: Statistics?
    /// The longest a connection may take to open, in milliseconds.
    public var connectTimeoutMilliseconds = 1_000
    /// The longest Varnish may be silent while an answer is due, in milliseconds.
    public var replyTimeoutMilliseconds = 5_000
    /// The longest the backend may take for a page, in milliseconds: pages that were being fetched during a purge are
    /// purged again when they are there.
    public var fetchTimeoutMilliseconds = 60_000
    /// When bans and purges by tags are done a second time, in milliseconds: nearly all pages that were being fetched
    /// are there by then.
    public var repetitionMilliseconds = 5_000

    public init(name: String, commandLine: Endpoint, secretFile: String, purges: Endpoint?) {
      self.name = name
      self.commandLine = commandLine
      self.secretFile = secretFile
      self.purges = purges
    }
  }

  public struct Statistics: Hashable, Sendable {
    public var folder: String?
    public init(folder: String? = nil) { self.folder = folder }
  }

  let configuration: Configuration
  nonisolated var name: String { configuration.name }
  let connector: Connector
  let logger: Logger
  private var commandLine: CommandLine?
  private var purges: PurgeLine?
  /// For purges that are answered only when their page is not being fetched, or any more.
  var purgesAtOnce: PurgeLine?
  let secondPass: SecondPass
  /// The last step that was carried out.
  private(set) var carriedThrough: Index = 0
  private let statistics: StatisticsReader?
  /// Made at its first use: it needs this very actor.
  private lazy var repetition = Repetition(
    delay: .milliseconds(configuration.repetitionMilliseconds)
  ) { [weak self] in await self?.repeatWork($0) ?? true }

  /// Connects to nothing before it is asked for something.
  public init(configuration: Configuration, group: any EventLoopGroup, logger: Logger) {
    self.configuration = configuration
    self.connector = Connector(configuration: configuration, group: group)
    self.logger = logger
    secondPass = SecondPass(connector: connector, logger: logger)
    statistics = configuration.statistics.map { StatisticsReader(folder: $0.folder) }
  }

  /// Carries out one step. It may be repeated: forgetting twice is forgetting.
  ///
  /// What Varnish will never take is purged in another way, which forgets more: it must neither stay nor hold up
  /// every purge behind it.
  ///
  /// - Returns: why everything was forgotten in the place of some purge; nil if it was not.
  @discardableResult
  public func carryOut(_ step: CacheAction.Step) async throws(VarnishError) -> String? {
    switch step {
    case .flush(let through):
      try await flush()
      // It stands for all that was before it, too.
      await doAgain(.flush, behind: 0)
      carriedThrough = max(carriedThrough, through)
      return nil
    case .purge(let purges, let through):
      var work = Work(purges)
      for refusal in work.refusals {
        logger.error(
          "forgets everything in the place of a ban that may not be said to Varnish",
          metadata: ["cache": "\(configuration.name)", "reason": "\(refusal)"])
      }
      if configuration.purges == nil { work.banAddresses() }
      let reasons = [
        work.refusals.first.map { "\($0)" }, try await forget(work), try await purgeExactly(work.exact),
      ]
      await doAgain(work, behind: carriedThrough)
      carriedThrough = max(carriedThrough, through)
      return reasons.lazy.compactMap(\.self).first
    }
  }

  /// What is not an exact purge; returns why everything was forgotten, if it was.
  @discardableResult
  private func forget(_ work: Work) async throws(VarnishError) -> String? {
    let reasons = [
      try await carryOut(work.bans), try await purge(keys: work.keys, soft: false),
      try await purge(keys: work.softKeys, soft: true),
    ]
    return reasons.lazy.compactMap(\.self).first
  }

  func doAgain(_ work: Work, behind previous: Index) async {
    guard await !repetition.add(work, behind: previous) else { return }
    logger.warning(
      "too many bans wait to be repeated; what was being fetched meanwhile may stay as it was before",
      metadata: ["cache": "\(configuration.name)"])
  }

  private func repeatWork(_ work: Work) async -> Bool {
    do throws(VarnishError) {
      try await forget(work)
      return true
    } catch {
      logger.debug(
        "bans were not repeated", metadata: ["cache": "\(configuration.name)", "reason": "\(error)"])
      return false
    }
  }

  /// The last step of the log up to which everything is done, a second time too.
  private func settledThrough() async -> Index {
    // Read first: what is carried out meanwhile counts the next time.
    let carried = carriedThrough
    let (pages, bans) = (await secondPass.settledThrough, await repetition.settledThrough)
    return min(carried, pages ?? carried, bans ?? carried)
  }

  /// Purges addresses with all their variants.
  ///
  /// An exact purge hits only the host under which the object is cached. Without a host the object is banned by
  /// its address, whatever its host; this needs the header `x-url` that `tercet.vcl` puts on objects. An address
  /// that no request can carry (a space, a control character) is in no cache and counts as purged.
  public func purge(_ items: [(host: String?, path: String)]) async throws(VarnishError) {
    try await carryOut(.purge(items.map { .address(host: $0.host, path: $0.path) }, through: 0))
  }

  /// Bans every object that matches, see `BanExpression`.
  public func ban(_ text: String) async throws(VarnishError) {
    let expression: BanExpression
    do { expression = try BanExpression(parsing: text) } catch {
      throw .expressionRefused(text, reason: error.reason)
    }
    try await send(bans: [expression])
  }

  /// Bans every object there is.
  public func flush() async throws(VarnishError) { try await send(bans: [.everything]) }

  /// What can be seen of the cache now. It never fails: a cache that cannot be asked is not reachable.
  ///
  /// `instance` holds the process ids of Varnish's manager and worker. Another worker began with an empty memory,
  /// so a changed `instance` proves that nothing stale is left. The reverse does not hold (ids are used again,
  /// above all in containers) and need not: purging an empty cache harms nothing.
  /// `bans` counts those not yet tested against all objects, up to what one answer of Varnish holds (about 800).
  public func observe() async -> CacheObservation {
    do {
      let replies = try await send([.status, .processes, .bans])
      let worker = replies[1].number(after: "Worker:")
      guard replies[0].text.contains("Child in state running"), let worker else {
        return CacheObservation(cache: configuration.name, isReachable: false)
      }
      let manager = replies[1].number(after: "Master:") ?? 0
      return CacheObservation(
        cache: configuration.name, isReachable: true, instance: "\(manager).\(worker)",
        bans: replies[2].pendingBans, counts: await statistics?.counts(),
        settledThrough: await settledThrough())
    } catch {
      logger.debug("cannot observe", metadata: ["cache": "\(configuration.name)", "error": "\(error)"])
      return CacheObservation(cache: configuration.name, isReachable: false)
    }
  }

  /// Closes all connections. A later request opens them again.
  public func close() async {
    await secondPass.close()
    await repetition.close()
    await commandLine?.close()
    await purges?.close()
    await purgesAtOnce?.close()
    commandLine = nil
    purges = nil
    purgesAtOnce = nil
  }
}

// MARK: - Requests

extension VarnishCache {
  /// Sends commands in one go and collects the answers. Varnish may have been started anew since the last time:
  /// what was sent on a connection that turns out to be dead is sent again on another.
  func send(_ commands: [Command]) async throws(VarnishError) -> [CommandReply] {
    if let line = commandLine, line.isActive {
      do { return try await line.send(commands) } catch .connectionLost { await line.close() }
    }
    let line = await keep(try await connector.openCommandLine(), or: commandLine)
    commandLine = line
    try await limitBans(line)
    return try await line.send(commands)
  }

  /// Likewise. Varnish closes this connection after some idle seconds (`timeout_idle`).
  private func send(_ requests: [PurgeText]) async throws(VarnishError) -> [Int] {
    if let line = purges, line.isActive {
      do { return try await line.send(requests) } catch .connectionLost { await line.close() }
    }
    let line = await keep(
      try await connector.openPurgeLine(timeoutMilliseconds: configuration.replyTimeoutMilliseconds),
      or: purges)
    purges = line
    return try await line.send(requests)
  }

  /// Whether Varnish takes purges at all, when it has refused some.
  func takesOthers(beside statuses: [Int]) async throws(VarnishError) -> Bool {
    if statuses.contains(200) { return true }
    return try await send([PurgeRequest.probe.head]) == [200]
  }

  /// What Varnish answers to each. A request that it finds malformed it answers and hangs up, on all that were sent
  /// behind it: then they are sent one by one.
  func statuses(of requests: [PurgeText]) async throws(VarnishError) -> [Int] {
    do {
      return try await send(requests)
    } catch .connectionLost {
      var statuses: [Int] = []
      for request in requests { statuses.append(try await status(of: request)) }
      return statuses
    }
  }

  /// On what is larger than it has room for (`http_req_size`) Varnish hangs up without an answer: 0.
  private func status(of request: PurgeText) async throws(VarnishError) -> Int {
    do {
      return try await send([request])[0]
    } catch .connectionLost(let endpoint, let reason) {
      guard try await takesOthers(beside: []) else {
        throw .connectionLost(endpoint, reason: reason)
      }
      return 0
    }
  }

  /// Purges by tags, where Varnish has `xkey`; otherwise, and where it refuses some, it bans what is tagged with them,
  /// at once.
  private func purge(keys: [String], soft: Bool) async throws(VarnishError) -> String? {
    guard !keys.isEmpty else { return nil }
    guard let endpoint = configuration.purges else { return try await carryOut(Ban.keys(keys)) }
    let groups = PurgeRequest.groups(of: keys)
    let statuses = try await statuses(of: groups.map { PurgeRequest.keys($0, soft: soft) })
    let refused = zip(groups, statuses).filter { $0.1 != 200 }
    if let (keys, status) = refused.first(where: { $0.1 != PurgeRequest.withoutKeys }) {
      guard try await takesOthers(beside: statuses) else {
        throw .purgeRefused(endpoint, path: "/ by keys", status: status)
      }
      logger.warning(
        "banned what is tagged with keys that Varnish does not purge",
        metadata: [
          "cache": "\(configuration.name)", "keys": "\(keys.joined(separator: " ").prefix(200))",
          "status": "\(status)",
        ])
    }
    return try await carryOut(Ban.keys(refused.flatMap(\.0)))
  }

  /// Two callers may have opened a connection at the same time: the later one is given up.
  func keep<Request: LineRequest, Reply>(
    _ new: Line<Request, Reply>, or current: Line<Request, Reply>?
  ) async -> Line<Request, Reply> {
    guard let current, current.isActive else { return new }
    await new.close()
    return current
  }
}
