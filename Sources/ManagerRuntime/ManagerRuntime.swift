public import Cluster
internal import Glibc
internal import LogStore
public import Logging
public import Manager
public import ManagerAPI
public import NIOCore
public import Peers
internal import PostgresServer
public import Raft
internal import Synchronization
internal import VarnishCache

/// ManagerRuntime: the shell around `Manager`. One thread steps it: it takes everything that waits, steps, and
/// hands each effect to whoever carries it out — the log store, the peers, the drivers, the waiting clients —
/// none of which blocks it. All decisions are the manager's.
public final class ManagerRuntime: Sendable {
  private let mailbox = Mailbox()
  private let node: String
  private let drivers: Drivers
  private let logger: Logger
  private let store: LogStore
  private let peers: Peers
  /// The peers that the configuration names.
  private let configured: [Peers.Member]
  private let watchers = Watchers()
  private let halt: AsyncStream<String>.Continuation
  /// Ends with the reason when the manager has stopped for good by itself.
  public let halted: AsyncStream<String>

  /// Opens the log, connects the peers and starts the loop.
  ///
  /// - Parameters:
  ///   - dataFolder: of this manager alone; made by its owner.
  ///   - peers: makes the link's configuration from the disk's incarnation, which the log knows.
  /// - Throws: `LogStoreError` or `PeersError`; nothing is left running then.
  public static func start(
    _ configuration: Manager.Configuration, dataFolder: String,
    peers peersConfiguration: (_ incarnation: Incarnation) throws -> Peers.Configuration,
    group: any EventLoopGroup,
    drivers: Drivers, logger: Logger
  ) async throws -> ManagerRuntime {
    let relay = Relay()
    let (store, restored) = try LogStore.open(
      folder: dataFolder, identity: StoreIdentity(cluster: configuration.cluster, node: configuration.id),
      founding: configuration.foundingMembership,
      onCompletion: { completion in
        switch completion {
        case .stored(let id): relay.put(.stored(id))
        case .failed(let id, let reason): relay.put(.writeFailed(id, reason: reason))
        }
      })
    do {
      let link = try peersConfiguration(store.incarnation)
      let peers = try await Peers.start(
        link, group: group, logger: logger,
        handler: { event in
          switch event {
          case .connected: break
          case .disconnected(let peer): relay.put(.disconnected(peer))
          case .received(let peer, let disk, let frames):
            relay.put(.received(from: peer, disk: disk, frames: frames))
          }
        })
      return ManagerRuntime(
        configuration, restored: restored, store: store, peers: peers, configured: link.members,
        drivers: drivers, relay: relay, logger: logger)
    } catch {
      await store.close()
      throw error
    }
  }

  private init(
    _ configuration: Manager.Configuration, restored: Restored, store: LogStore, peers: Peers,
    configured: [Peers.Member], drivers: Drivers, relay: Relay, logger: Logger
  ) {
    node = configuration.node.name
    self.drivers = drivers
    self.logger = logger
    self.store = store
    self.peers = peers
    self.configured = configured
    (halted, halt) = AsyncStream.makeStream()
    relay.connect(mailbox)
    var generator = SystemRandomNumberGenerator()
    let manager = Manager(
      configuration: configuration, restored: restored, disk: store.incarnation, nonce: generator.next(),
      at: Clock.now)
    startLoop(manager)
  }

  /// Observes the local services until cancelled.
  public func observe() async {
    await drivers.observe { [mailbox] in mailbox.put(.observed($0)) }
  }

  /// Answers whoever waits, makes the log durable, and closes everything. Containers and servers run on.
  public func shutdown() async {
    mailbox.close()
    await watchers.untilLoopEnded()
    await drivers.close()
    await peers.shutdown()
    await store.close()
    halt.finish()
  }

  // MARK: The loop

  private func startLoop(_ manager: Manager) {
    startThread(named: "manager") { [self] in
      var manager = manager
      var waiters: [UInt64: @Sendable (Manager.Answer) -> Void] = [:]
      var effects: [Manager.Effect] = []
      manager.step(.wallClock(milliseconds: Clock.wallMilliseconds), at: Clock.now, into: &effects)
      manager.start(at: Clock.now, into: &effects)
      carryOut(&effects, of: manager, &waiters)
      var last = Mailbox.Content()
      while true {
        let content = mailbox.take(until: manager.nextDeadline, now: Clock.now)
        if content.isClosing {
          last = content
          break
        }
        step(&manager, content, into: &effects, &waiters)
        carryOut(&effects, of: manager, &waiters)
        answer(content.viewers, with: manager)
      }
      let rest = mailbox.closeForGood()
      let stopping = Manager.Answer.stopped(reason: "it is shutting down")
      for waiter in waiters.values { waiter(stopping) }
      for waiter in last.waiters + rest.waiters { waiter.answer(stopping) }
      answer(last.viewers + rest.viewers, with: manager)
      watchers.endLoop()
    }
  }

  private func step(
    _ manager: inout Manager, _ content: Mailbox.Content, into effects: inout [Manager.Effect],
    _ waiters: inout [UInt64: @Sendable (Manager.Answer) -> Void]
  ) {
    for waiter in content.waiters { waiters[waiter.token] = waiter.answer }
    let now = Clock.now
    manager.step(.wallClock(milliseconds: Clock.wallMilliseconds), at: now, into: &effects)
    for input in content.inputs { manager.step(input, at: now, into: &effects) }
    if !content.submissions.isEmpty { manager.step(.submit(content.submissions), at: now, into: &effects) }
    if !content.purges.isEmpty { manager.step(.purge(content.purges), at: now, into: &effects) }
    if now >= manager.nextDeadline { manager.step(.timer, at: now, into: &effects) }
  }

  private func carryOut(
    _ effects: inout [Manager.Effect], of manager: Manager,
    _ waiters: inout [UInt64: @Sendable (Manager.Answer) -> Void]
  ) {
    var frames: [(to: NodeID, frames: [[UInt8]])] = []
    var hasChanged = false
    for effect in effects {
      switch effect {
      case .write(let write):
        store.submit(write)
      case .send(let peer, let frame):
        if let place = frames.firstIndex(where: { $0.to == peer }) {
          frames[place].frames.append(frame)
        } else {
          frames.append((peer, [frame]))
        }
      case .answer(let token, let answer):
        waiters.removeValue(forKey: token)?(answer)
      case .perform(let id, let action):
        perform(id, action)
      case .changed:
        hasChanged = true
      case .managers(let joined, let removed):
        setPeers(joined: joined, removed: removed)
      case .note(let note):
        logger.info("\(note)")
      case .warning(let warning):
        logger.warning("\(warning)")
      case .alarm(let alarm):
        logger.error("\(alarm)")
      case .halted(let reason):
        logger.critical("the manager has stopped for good", metadata: ["reason": "\(reason)"])
        halt.yield(reason)
      }
    }
    effects.removeAll(keepingCapacity: true)
    for (peer, frames) in frames { peers.send(to: peer, frames: frames) }
    if hasChanged {
      drivers.databases?.watch(manager.state.databases.keys)
      drivers.databases?.hurry(manager.state.databases.values.contains(where: \.isMoving))
      drivers.caches?.set(manager.serviceCaches)
      watchers.tick()
    }
  }

  private func setPeers(joined: [ManagerMember], removed: [NodeID]) {
    let rest = configured.filter { member in
      !removed.contains(member.node) && !joined.contains { $0.node == member.node }
    }
    peers.setMembers(
      rest + joined.map { Peers.Member(node: $0.node, name: $0.name, host: $0.address, port: $0.peersPort) })
  }

  private func perform(_ id: Manager.ActionID, _ action: Action) {
    logger.debug("action \(id) begins", metadata: ["action": "\(action.summary)"])
    _Concurrency.Task { [drivers, mailbox, logger] in
      let result = await drivers.perform(action)
      switch result {
      case .failed(let reason):
        // The manager tells whether that is news: it tries again, and again.
        logger.debug("action failed", metadata: ["action": "\(action.summary)", "reason": "\(reason)"])
      case .partial(let reason):
        logger.debug(
          "action done in part", metadata: ["action": "\(action.summary)", "reason": "\(reason)"])
      case .done:
        if !action.isFrequent { logger.info("action done", metadata: ["action": "\(action.summary)"]) }
      }
      mailbox.put(.finished(id, result))
    }
  }

  private func answer(_ viewers: [@Sendable (ClusterView) -> Void], with manager: Manager) {
    guard !viewers.isEmpty else { return }
    let view = manager.view(at: Clock.now)
    for viewer in viewers { viewer(view) }
  }
}

// MARK: Gateway

extension ManagerRuntime: ManagerGateway {
  public func submit(
    _ intent: Intent, request: RequestID, origin: String
  ) async throws(GatewayError) -> Applied {
    let answer = await ask { mailbox.submit(intent, request: request, origin: origin, answer: $0) }
    guard case .applied(let applied) = answer else { throw GatewayError(answer) }
    return applied
  }

  public func purge(_ purges: [Purge], origin: String) async throws(GatewayError) {
    let answer = await ask { mailbox.purge(purges, origin: origin, answer: $0) }
    guard answer == .purged else { throw GatewayError(answer) }
  }

  public func purge(
    _ purges: [Purge], origin: String, done: @escaping @Sendable (Result<Void, GatewayError>) -> Void
  ) {
    let isTaken = mailbox.purge(purges, origin: origin) { answer in
      done(answer == .purged ? .success(()) : .failure(GatewayError(answer)))
    }
    if !isTaken { done(.failure(.stopped(reason: "it is shutting down"))) }
  }

  public func barrier() async throws(GatewayError) {
    let answer = await ask { mailbox.barrier(answer: $0) }
    guard answer == .current else { throw GatewayError(answer) }
  }

  public func view() async -> ClusterView {
    await withCheckedContinuation { continuation in
      if !mailbox.view({ continuation.resume(returning: $0) }) {
        continuation.resume(returning: .stopped(node: node))
      }
    }
  }

  public func changes() async -> AsyncStream<Void> { watchers.stream() }

  public func logs(
    of service: ServiceName, tail: Int?, sinceMilliseconds: Int64?, follows: Bool
  ) async throws(GatewayError) -> AsyncThrowingStream<ManagerAPI.LogLine, any Error> {
    // A node without containers has nothing to say, and that is all there is of it.
    guard let containers = drivers.containers else { return AsyncThrowingStream { $0.finish() } }
    return containers.lines(
      of: service, node: node, tail: tail, sinceMilliseconds: sinceMilliseconds, follows: follows)
  }

  private func ask(
    _ put: (@escaping @Sendable (Manager.Answer) -> Void) -> Bool
  ) async -> Manager.Answer {
    await withCheckedContinuation { continuation in
      if !put({ continuation.resume(returning: $0) }) {
        continuation.resume(returning: .stopped(reason: "it is shutting down"))
      }
    }
  }
}

extension GatewayError {
  fileprivate init(_ answer: Manager.Answer) {
    switch answer {
    case .noQuorum: self = .noQuorum
    case .overloaded: self = .overloaded
    case .stopped(let reason): self = .stopped(reason: reason)
    case .applied(let applied):
      if case .refused(let reason) = applied.outcome {
        self = .refused(reason: reason)
      } else {
        self = .stopped(reason: "it gave an answer to another question")
      }
    case .purged, .current: self = .stopped(reason: "it gave an answer to another question")
    }
  }
}
