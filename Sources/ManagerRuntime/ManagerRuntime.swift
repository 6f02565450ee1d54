public import Cluster
internal import LogStore
public import Logging
public import Manager
public import ManagerAPI
internal import NIOCore
internal import NIOPosix
public import Peers
public import Raft
internal import Synchronization

/// ManagerRuntime: the shell around `Manager`. One loop steps it (`ManagerLoop`): it takes everything that waits, steps,
/// and hands each effect to whoever carries it out — the log store, the peers, the drivers, the waiting clients —
/// none of which blocks it. All decisions are the manager's.
///
/// That loop is an event loop of its own, and the peers' sockets live on it: what a peer says is stepped, and what the
/// manager says to it is written, without a thread that has to be woken in between. The clients' sockets live on
/// others: however much they send, the managers hear each other.
public final class ManagerRuntime: Sendable {
  private let mailbox: Mailbox
  private let node: String
  private let drivers: Drivers
  private let store: LogStore
  private let peers: Peers
  private let watchers = Watchers()
  private let group: MultiThreadedEventLoopGroup
  /// Its event loop takes no more work then.
  private let isShutDown = Atomic<Bool>(false)
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
    drivers: Drivers, logger: Logger
  ) async throws -> ManagerRuntime {
    let mailbox = Mailbox()
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    do {
      let (store, restored) = try LogStore.open(
        folder: dataFolder, identity: StoreIdentity(cluster: configuration.cluster, node: configuration.id),
        founding: configuration.foundingMembership,
        onCompletion: { completion in
          switch completion {
          case .stored(let id): mailbox.put(.stored(id))
          case .failed(let id, let reason): mailbox.put(.writeFailed(id, reason: reason))
          }
        })
      do {
        let link = try peersConfiguration(store.incarnation)
        let peers = try await connect(link, on: group, mailbox, logger)
        return ManagerRuntime(
          configuration, restored: restored, store: store, peers: peers, configured: link.members,
          drivers: drivers, mailbox: mailbox, group: group, logger: logger)
      } catch {
        await store.close()
        throw error
      }
    } catch {
      try? await group.shutdownGracefully()
      throw error
    }
  }

  private static func connect(
    _ link: Peers.Configuration, on group: any EventLoopGroup, _ mailbox: Mailbox, _ logger: Logger
  ) async throws(PeersError) -> Peers {
    try await Peers.start(
      link, group: group, logger: logger,
      handler: { event in
        switch event {
        case .connected: break
        case .disconnected(let peer): mailbox.put(.disconnected(peer))
        case .received(let peer, let disk, let frames):
          mailbox.put(.received(from: peer, disk: disk, frames: frames))
        }
      })
  }

  private init(
    _ configuration: Manager.Configuration, restored: Restored, store: LogStore, peers: Peers,
    configured: [Peers.Member], drivers: Drivers, mailbox: Mailbox, group: MultiThreadedEventLoopGroup,
    logger: Logger
  ) {
    node = configuration.node.name
    self.drivers = drivers
    self.store = store
    self.peers = peers
    self.mailbox = mailbox
    self.group = group
    (halted, halt) = AsyncStream.makeStream()
    var generator = SystemRandomNumberGenerator()
    let nonce: UInt64 = generator.next()
    let surroundings = ManagerLoop.Surroundings(
      store: store, peers: peers, configured: configured, drivers: drivers, watchers: watchers, halt: halt,
      logger: logger)
    let eventLoop = group.next()
    eventLoop.execute {
      let manager = Manager(
        configuration: configuration, restored: restored, disk: store.incarnation, nonce: nonce,
        at: Clock.now)
      ManagerLoop(manager, mailbox: mailbox, surroundings: surroundings, eventLoop: eventLoop).begin()
    }
  }

  /// Observes the local services until cancelled.
  public func observe() async {
    await drivers.observe { [mailbox] in mailbox.put(.observed($0)) }
  }

  /// Answers whoever waits, makes the log durable, and closes everything. Containers and servers run on. To be called
  /// again does nothing.
  public func shutdown() async {
    mailbox.close()
    await watchers.untilLoopEnded()
    guard !isShutDown.exchange(true, ordering: .relaxed) else { return }
    await drivers.close()
    await peers.shutdown()
    await store.close()
    // It can only fail when it is shut down already.
    try? await group.shutdownGracefully()
    halt.finish()
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
