/// Drives one Varnish: purges, bans and what can be seen of it.
///
/// Two connections are kept open, to Varnish's command line (bans, observation) and to the address at which it
/// takes purges, and are opened again when one is lost.

public import Cluster
public import Logging
public import NIOCore
import NIOHTTP1

/// One Varnish of this node. The actor guards the two connections; requests of several callers share them.
public actor VarnishCache {
  /// The addresses and the secret of one Varnish.
  public struct Configuration: Sendable {
    /// The cache's name in the cluster.
    public var name: String
    /// Varnish's command line (`varnishd -T`).
    public var commandLine: Endpoint
    /// The file that Varnish was given with `-S`.
    public var secretFile: String
    /// The address at which Varnish takes purges (`varnishd -a tercet=…`, see `deploy/varnish/tercet.vcl`).
    public var purges: Endpoint
    /// The longest a connection may take to open, in milliseconds.
    public var connectTimeoutMilliseconds = 1_000
    /// The longest Varnish may be silent while an answer is due, in milliseconds.
    public var replyTimeoutMilliseconds = 5_000

    public init(name: String, commandLine: Endpoint, secretFile: String, purges: Endpoint) {
      self.name = name
      self.commandLine = commandLine
      self.secretFile = secretFile
      self.purges = purges
    }
  }

  private let configuration: Configuration
  private let connector: Connector
  private let logger: Logger
  private var commandLine: CommandLine?
  private var purges: PurgeLine?

  /// Connects to nothing before it is asked for something.
  public init(configuration: Configuration, group: any EventLoopGroup, logger: Logger) {
    self.configuration = configuration
    self.connector = Connector(configuration: configuration, group: group)
    self.logger = logger
  }

  /// Carries out one action. It may be repeated: forgetting twice is forgetting.
  ///
  /// A ban expression that Varnish will never take is logged and passed over. It must not hold up every purge
  /// behind it.
  public func carryOut(_ action: CacheAction) async throws(VarnishError) {
    switch action {
    case .flush: try await flush()
    case .purge(let purges, _):
      try await purge(
        purges.compactMap { if case .address(let host, let path) = $0 { (host, path) } else { nil } })
      for case .ban(let expression) in purges { try await banOrPassOver(expression) }
    }
  }

  private func banOrPassOver(_ expression: String) async throws(VarnishError) {
    do {
      try await ban(expression)
    } catch .expressionRefused(let expression, let reason) {
      logger.error(
        "passed over a ban that Varnish does not take",
        metadata: ["cache": "\(configuration.name)", "ban": "\(expression)", "reason": "\(reason)"])
    }
  }

  /// Purges addresses with all their variants.
  ///
  /// An exact purge hits only the host under which the object is cached. Without a host the object is banned by
  /// its address, whatever its host; this needs the header `x-url` that `tercet.vcl` puts on objects. An address
  /// that no request can carry (a space, a control character) is in no cache and counts as purged.
  public func purge(_ items: [(host: String?, path: String)]) async throws(VarnishError) {
    let items = items.filter { isAddress($0.path) && ($0.host.map(isPrintable) ?? true) }
    try await ban(
      items.filter { !isExact($0) }.map { .address(host: $0.host, path: $0.path) })
    try await purgeExactly(
      items.filter(isExact).map { PurgeLine.request(host: $0.host ?? "", path: $0.path) })
  }

  /// Bans every object that matches, in the form of `man vcl`, "Ban expressions":
  /// `obj.http.x-url ~ "^/news" && obj.status == 200`. Prefer `obj.*`, see `tercet.vcl`.
  public func ban(_ expression: String) async throws(VarnishError) {
    try await ban([BanExpression(parsing: expression)])
  }

  /// Bans every object there is.
  public func flush() async throws(VarnishError) { try await ban([.everything]) }

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
        bans: replies[2].pendingBans)
    } catch {
      logger.debug("cannot observe", metadata: ["cache": "\(configuration.name)", "error": "\(error)"])
      return CacheObservation(cache: configuration.name, isReachable: false)
    }
  }

  /// Closes both connections. A later request opens them again.
  public func close() async {
    await commandLine?.close()
    await purges?.close()
    commandLine = nil
    purges = nil
  }
}

// MARK: - Requests

extension VarnishCache {
  private func ban(_ expressions: [BanExpression]) async throws(VarnishError) {
    guard !expressions.isEmpty else { return }
    let replies = try await send(expressions.map { .ban($0) })
    for (expression, reply) in zip(expressions, replies) where !reply.isSuccess {
      throw .expressionRefused("\(expression)", reason: "\(reply.text) (\(reply.status))")
    }
  }

  /// Sends commands in one go and collects the answers. Varnish may have been started anew since the last time:
  /// what was sent on a connection that turns out to be dead is sent again on another.
  private func send(_ commands: [Command]) async throws(VarnishError) -> [CommandReply] {
    let bytes = commands.map(\.bytes)
    if let line = commandLine, line.isActive {
      do { return try await line.send(bytes) } catch .connectionLost { await line.close() }
    }
    let line = await keep(try await connector.openCommandLine(), or: commandLine)
    commandLine = line
    return try await line.send(bytes)
  }

  /// Likewise. Varnish closes this connection after some idle seconds (`timeout_idle`).
  private func send(_ requests: [HTTPRequestHead]) async throws(VarnishError) -> [Int] {
    if let line = purges, line.isActive {
      do { return try await line.send(requests) } catch .connectionLost { await line.close() }
    }
    let line = await keep(try await connector.openPurgeLine(), or: purges)
    purges = line
    return try await line.send(requests)
  }

  private func purgeExactly(_ requests: [HTTPRequestHead]) async throws(VarnishError) {
    guard !requests.isEmpty else { return }
    let statuses = try await send(requests)
    for (request, status) in zip(requests, statuses) where status != 200 {
      throw .purgeRefused(configuration.purges, path: request.uri, status: status)
    }
  }

  /// Two callers may have opened a connection at the same time: the later one is given up.
  private func keep<Request, Reply>(
    _ new: Line<Request, Reply>, or current: Line<Request, Reply>?
  ) async -> Line<Request, Reply> {
    guard let current, current.isActive else { return new }
    await new.close()
    return current
  }
}

// MARK: - Addresses

/// A purge by request needs a host, and a request line that Varnish has room for.
private func isExact(_ item: (host: String?, path: String)) -> Bool {
  item.host != nil && item.path.utf8.count <= 8_000
}

private func isAddress(_ path: String) -> Bool { path.hasPrefix("/") && isPrintable(path) }

private func isPrintable(_ text: String) -> Bool {
  !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
}
