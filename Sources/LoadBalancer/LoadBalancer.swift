/// Drives one HAProxy: gives it what it should balance, and tells which servers take traffic.
///
/// HAProxy runs in master-worker mode (`haproxy -W -S MASTER.sock -f FILE`). The file is ours, whole.

public import Cluster
import Foundation
public import Logging
public import NIOCore
import NIOPosix

/// One HAProxy of this node. The actor guards what HAProxy was last told.
public actor LoadBalancer {
  /// Where HAProxy's file and sockets are.
  public struct Configuration: Sendable {
    /// The file that HAProxy was started with; it is overwritten. One that is not Tercet's is kept beside it once, as
    /// `….before-tercet`.
    public var file: String
    /// The master's socket (`haproxy -S`).
    public var masterSocket: String
    /// The workers' socket, which the file tells HAProxy to open.
    public var adminSocket: String
    /// The address on which published ports are opened.
    public var bind: String
    /// The user and group of HAProxy's workers; nil keeps those of its master, which then need not be root.
    public var user: String?
    /// The program that checks a file before it is used, on the search path or with its own.
    public var program = "haproxy"
    /// The longest that a server's last requests are waited for, in milliseconds.
    public var drainLimitMilliseconds = 5_000
    /// The longest that HAProxy may take for one answer or one reload, in milliseconds.
    public var timeoutMilliseconds = 5_000

    public init(
      file: String, masterSocket: String, adminSocket: String, bind: String = "0.0.0.0",
      user: String? = "haproxy"
    ) {
      self.file = file
      self.masterSocket = masterSocket
      self.adminSocket = adminSocket
      self.bind = bind
      self.user = user
    }
  }

  private let configuration: Configuration
  private let logger: Logger
  private let admin: RuntimeSocket
  private let master: Master
  /// What HAProxy runs with, as far as this process has seen to it.
  private var applied: Balancing?

  /// Connects to nothing before it is asked for something.
  public init(configuration: Configuration, group: any EventLoopGroup, logger: Logger) {
    self.configuration = configuration
    self.logger = logger
    admin = RuntimeSocket(
      path: configuration.adminSocket, timeoutMilliseconds: configuration.timeoutMilliseconds, group: group)
    master = Master(
      socket: RuntimeSocket(
        path: configuration.masterSocket, timeoutMilliseconds: configuration.timeoutMilliseconds, group: group
      ))
  }

  /// Makes HAProxy balance this and nothing else.
  ///
  /// When it returns, a server that is gone gets no new request, and its last ones have ended or had
  /// `drainLimitMilliseconds`. Servers are added and removed in the running worker, so that no visitor's
  /// connection ends; all else takes a reload, in which the old worker finishes what it has begun. Either way the
  /// file says the same, for HAProxy's next start. Nothing is done when nothing has changed.
  ///
  /// On an error HAProxy goes on with what it had. But for `portsTaken`: a port that another program has must not keep
  /// all else from its changes, which are made. A HAProxy that does not run finds all that it can open when it starts.
  public func carryOut(_ balancing: Balancing) async throws(LoadBalancerError) {
    try balancing.check()
    guard balancing != applied else { return }
    let before = applied
    do throws(LoadBalancerError) {
      try await bring(balancing)
    } catch .reloadFailed(let socket) {
      // By its file HAProxy has these itself.
      let open = boundPorts(await ConfigurationFile(path: configuration.file).read() ?? "")
      let taken = await takenPorts(balancing, besides: open)
      guard !taken.isEmpty else { throw .reloadFailed(socket: socket) }
      let rest = balancing.without(taken)
      if rest == before { applied = before } else { try await bring(rest) }
      throw .portsTaken(taken)
    } catch .unreachable(let socket, let reason) {
      await prepareStart(with: balancing)
      throw .unreachable(socket: socket, reason: reason)
    }
  }

  /// HAProxy does not run: one port of its file that another program has would keep it from starting at all.
  private func prepareStart(with balancing: Balancing) async {
    guard (try? await servers()) == nil else { return }
    let rest = balancing.without(await takenPorts(balancing, besides: []))
    try? await replaceFile(with: render(rest, configuration))
  }

  private func replaceFile(with text: String) async throws(LoadBalancerError) {
    let file = ConfigurationFile(path: configuration.file)
    guard try await file.write(text, checkedBy: configuration.program) else { return }
    logger.warning(
      "HAProxy's file was not Tercet's: it is kept, and what it balances has to come from stacks now",
      metadata: ["file": "\(file.path)", "kept": "\(file.keptPath)"])
  }

  /// The ports to be opened that nobody could open.
  private func takenPorts(_ balancing: Balancing, besides open: Set<Int>) async -> [Int] {
    var taken: [Int] = []
    for port in balancing.frontends.map(\.port) where !open.contains(port) {
      if await isTaken(port) { taken.append(port) }
    }
    return taken
  }

  private func isTaken(_ port: Int) async -> Bool {
    do {
      let channel = try await ServerBootstrap(group: admin.group)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .bind(host: configuration.bind, port: port).get()
      try? await channel.close()
      return false
    } catch {
      return (error as? IOError)?.errnoCode == EADDRINUSE
    }
  }

  private func bring(_ balancing: Balancing) async throws(LoadBalancerError) {
    let file = ConfigurationFile(path: configuration.file)
    let previous = await file.read()
    let text = render(balancing, configuration)
    if text != previous { try await replaceFile(with: text) }
    do throws(LoadBalancerError) {
      try await apply(balancing)
    } catch {
      // HAProxy may be started again at any time: with what it has now, not with what it would not take.
      if let previous { _ = try? await file.write(previous, checkedBy: configuration.program) }
      throw error
    }
    applied = balancing
  }

  /// The servers that pass their check and take traffic.
  public func observe() async throws(LoadBalancerError) -> BalancerObservation {
    BalancerObservation(serving: try await servers().filter(\.isServing).map(\.name))
  }

  /// All servers as HAProxy sees them now, sorted by frontend and name.
  public func servers() async throws(LoadBalancerError) -> [ServerState] {
    let answer = try await admin.ask(ServerState.question)
    return try ServerState.read(answer, from: configuration.adminSocket)
  }
}

extension Balancing {
  fileprivate func without(_ ports: [Int]) -> Balancing {
    Balancing(frontends: frontends.filter { !ports.contains($0.port) })
  }
}

// MARK: - Change

extension LoadBalancer {
  private func apply(_ balancing: Balancing) async throws(LoadBalancerError) {
    let before = applied
    // Until we have told HAProxy ourselves, and after an error midway, what it runs with is not known.
    applied = nil
    if let change = before.flatMap({ ServerChange(from: $0, to: balancing) }) {
      do throws(LoadBalancerError) {
        return try await carryOut(change)
      } catch {
        logger.info("a change of servers takes a reload", metadata: ["reason": "\(error)"])
      }
    }
    try await master.reload()
    try await drainOldWorkers(keeping: balancing)
  }

  /// First what comes, then what goes: a service keeps a server at every moment.
  private func carryOut(_ change: ServerChange) async throws(LoadBalancerError) {
    for (place, server) in change.added {
      try await command(
        "add server \(place) \(endpoint(of: server)) \(serverOptions)", expecting: "New server")
      try await command("enable health \(place)")
      try await command("enable server \(place)")
    }
    for place in change.removed { try await command("set server \(place) state drain") }
    let removed = Set(change.removed)
    try await waitForLastRequests { () throws(LoadBalancerError) in
      try await self.servers().contains { removed.contains($0.place) && $0.isBusy }
    }
    for place in change.removed {
      try await command("set server \(place) state maint")
      await delete(place)
    }
  }

  /// A server is kept, without traffic, while HAProxy holds an idle connection to it.
  private func delete(_ place: String) async {
    do {
      try await command("del server \(place)", expecting: "Server deleted")
    } catch {
      logger.debug("a removed server stays until the next reload", metadata: ["server": "\(place)"])
    }
  }

  /// HAProxy answers most commands with nothing, and refuses with a sentence.
  private func command(_ command: String, expecting answer: String = "") async throws(LoadBalancerError) {
    let given = try await admin.ask(command).trimmingCharacters(in: .whitespacesAndNewlines)
    guard answer.isEmpty ? given.isEmpty : given.hasPrefix(answer) else {
      throw .commandRefused(command, answer: given)
    }
  }

  /// After a reload the old workers finish their requests, also those to servers that are gone.
  private func drainOldWorkers(keeping balancing: Balancing) async throws(LoadBalancerError) {
    let kept = Set(
      balancing.frontends.flatMap { frontend in frontend.servers.map { "\(frontend.name)/\($0.name)" } })
    try await waitForLastRequests { () throws(LoadBalancerError) in
      try await self.master.serversOfOldWorkers().contains { !kept.contains($0.place) && $0.isBusy }
    }
  }

  private func waitForLastRequests(
    _ areBusy: () async throws(LoadBalancerError) -> Bool
  ) async throws(LoadBalancerError) {
    let deadline = NIODeadline.now() + .milliseconds(Int64(configuration.drainLimitMilliseconds))
    while try await areBusy() {
      guard NIODeadline.now() < deadline else {
        logger.warning("requests to a removed server have not ended in time")
        return
      }
      await pause(milliseconds: 20)
    }
  }
}

/// A cancelled task does not pause: its next request for an answer fails soon enough.
func pause(milliseconds: Int) async {
  try? await _Concurrency.Task.sleep(for: .milliseconds(milliseconds))
}
