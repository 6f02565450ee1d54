import ClusterAuthority
/// Peers: the link between managers. It carries opaque frames, fast and without promise: a frame arrives
/// once and in order, or it is lost with its connection or its place in the queue. Consensus repeats itself.
///
/// Every manager listens, and dials every other one. **Each direction has a connection of its own**: frames
/// go out on the connection that was dialed and come in on those that were accepted. So no two managers have
/// to agree on which of two simultaneous connections lives, a network that passes one direction only costs
/// only the other, and a full socket never holds up what comes the other way. The price is a second TLS
/// session for each pair. A peer that reached us is dialed at once, so that both directions heal together.
///
/// Nothing that arrives is believed before TLS 1.3 verified a certificate of the cluster's authority, the
/// certificate names a manager that was not removed, and the hello agrees with it. All sockets share one event
/// loop; callers on any thread only ever touch a peer's bounded queue.
public import Logging
public import NIOCore
public import Raft
import Synchronization

/// The link of one manager with all others. End it with `shutdown()`.
public final class Peers: Sendable {
  /// Learns what happens, on the event loop's thread: it must not block, and hands on what takes long.
  public typealias Handler = @Sendable (PeerEvent) -> Void

  private struct Directory {
    var members: MemberTable
    var mailboxes: [NodeID: Mailbox] = [:]
  }

  /// This manager, as its certificate names it.
  public let node: NodeID
  /// The port it listens on.
  public let port: Int
  private let limits: Limits
  private let eventLoop: any EventLoop
  private let board: NIOLoopBound<Switchboard>
  /// Guards the members' mailboxes between callers of `send`, `setMembers` and `status`.
  private let directory: Mutex<Directory>

  /// Listens, and begins to dial the members.
  ///
  /// - Parameters:
  ///   - group: one of its event loops serves all connections.
  ///   - handler: may be called before `start` returns.
  /// - Throws: `PeersError`.
  public static func start(
    _ configuration: Configuration, group: any EventLoopGroup, logger: Logger, handler: @escaping Handler
  ) async throws(PeersError) -> Peers {
    try configuration.check()
    let hello = try Hello(configuration)
    let tls = try TLSContexts(configuration.credentials)
    let eventLoop = group.next()
    let listening = eventLoop.flatSubmit {
      let board = Switchboard(
        configuration, hello: hello, tls: tls, eventLoop: eventLoop, logger: logger, handler: handler)
      let bound = NIOLoopBound(board, eventLoop: eventLoop)
      return board.listen(configuration).map { port in (bound, port) }
    }
    let board: NIOLoopBound<Switchboard>
    let port: Int
    do {
      (board, port) = try await listening.get()
    } catch {
      throw .cannotListen(host: configuration.host, port: configuration.port, reason: "\(error)")
    }
    let peers = Peers(hello: hello, port: port, limits: configuration.limits, board: board)
    peers.setMembers(configuration.members)
    return peers
  }

  private init(hello: Hello, port: Int, limits: Limits, board: NIOLoopBound<Switchboard>) {
    self.node = hello.node
    self.port = port
    self.limits = limits
    self.eventLoop = board.eventLoop
    self.board = board
    self.directory = Mutex(
      Directory(members: MemberTable(own: hello.node, cluster: hello.cluster, members: [])))
  }

  /// Queues a frame for a peer; never blocks. When the queue is full the oldest frames go; what is sent to
  /// nobody's number is let go at once.
  public func send(to node: NodeID, frame: [UInt8]) {
    send(to: node, frames: CollectionOfOne(frame))
  }

  /// Queues frames for a peer, in their order; never blocks.
  public func send(to node: NodeID, frames: [[UInt8]]) {
    send(to: node, frames: frames[...])
  }

  private func send(to node: NodeID, frames: some Collection<[UInt8]>) {
    guard let mailbox = directory.withLock({ $0.mailboxes[node] }) else { return }
    let isWanted: Bool
    if let oversized = frames.first(where: { $0.count > limits.frameBytes }) {
      let (board, bytes) = (board, oversized.count)
      eventLoop.execute { board.value.logOversized(bytes: bytes, to: node) }
      isWanted = mailbox.append(frames.filter { $0.count <= limits.frameBytes })
    } else {
      isWanted = mailbox.append(frames)
    }
    if isWanted {
      eventLoop.execute { [board] in board.value.drain(node) }
    }
  }

  /// Replaces the members: new ones are dialed, those who are gone no longer, those who moved at their new address.
  ///
  /// - Parameter removed: managers that are disconnected and refused. Any other manager of the cluster may connect,
  ///   member or not: only its certificate can say what this manager has not heard yet.
  public func setMembers(_ members: [Member], removed: [NodeID] = []) {
    let bounds = (
      open: FrameQueue.Bounds(frames: limits.queuedFrames, bytes: limits.queuedBytes),
      closed: FrameQueue.Bounds(frames: limits.keptFrames, bytes: limits.frameBytes)
    )
    directory.withLock { directory in
      let table = MemberTable(
        own: node, cluster: directory.members.cluster, members: members, removed: removed)
      let known = directory.mailboxes
      let mailboxes = Dictionary(
        uniqueKeysWithValues: table.sorted.map { member in
          (member.node, known[member.node] ?? Mailbox(whenOpen: bounds.open, whenClosed: bounds.closed))
        })
      directory = Directory(members: table, mailboxes: mailboxes)
      // Under the lock, so that two callers' changes reach the event loop in the order in which they count.
      eventLoop.execute { [board] in board.value.setMembers(table, mailboxes: mailboxes) }
    }
  }

  /// How each link fares, in ascending order of the peers' numbers.
  public func status() -> [PeerStatus] {
    let (members, mailboxes) = directory.withLock { ($0.members.sorted, $0.mailboxes) }
    return members.compactMap { member in mailboxes[member.node]?.status(of: member) }
  }

  /// Closes all connections. No event comes after it returns; frames that still wait are let go. May be
  /// called twice.
  public func shutdown() async {
    // It can only fail when the event loop itself is gone, and with it all connections.
    try? await eventLoop.flatSubmit { [board] in board.value.stop() }.get()
  }
}

extension Hello {
  /// This manager's hello, as its certificate and configuration have it.
  fileprivate init(_ configuration: Peers.Configuration) throws(PeersError) {
    do {
      guard case .manager(let cluster, let id, _) = try configuration.credentials.identity else {
        throw PeersError.badCredentials("it is an operator's")
      }
      self.init(
        node: NodeID(id), incarnation: configuration.incarnation, cluster: cluster,
        software: configuration.softwareVersion)
    } catch let error as PeersError {
      throw error
    } catch {
      throw .badCredentials("\(error)")
    }
  }
}
