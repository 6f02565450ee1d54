import Logging
import NIOCore
import NIOSSL
import Raft

/// Everything of the link that lives on its event loop: the members, a dialer for each, the acceptor, and
/// the way to the log and to the user's handler.
final class Switchboard {
  let eventLoop: any EventLoop
  let tls: TLSContexts
  let timings: Peers.Timings
  var random = SystemRandomNumberGenerator()
  private(set) var members: MemberTable
  private let frameBytes: Int
  private let hello: [UInt8]
  private let logger: Logger
  private let handler: Peers.Handler
  private var limiter = LogLimiter()
  private var dialers: [NodeID: Dialer] = [:]
  private var mailboxes: [NodeID: Mailbox] = [:]
  private var acceptor: Acceptor?
  private var listener: (any Channel)?
  private var isStopped = false

  init(
    _ configuration: Peers.Configuration, hello: Hello, tls: TLSContexts, eventLoop: any EventLoop,
    logger: Logger, handler: @escaping Peers.Handler
  ) {
    self.eventLoop = eventLoop
    self.tls = tls
    self.timings = configuration.timings
    self.frameBytes = configuration.limits.frameBytes
    self.hello = hello.encoded()
    self.members = MemberTable(own: hello.node, cluster: hello.cluster, members: [])
    self.logger = logger
    self.handler = handler
  }

  // MARK: Start and stop

  /// Opens the door; the future gives the port.
  func listen(_ configuration: Peers.Configuration) -> EventLoopFuture<Int> {
    let acceptor = Acceptor(board: self, limit: configuration.limits.unknownConnections)
    self.acceptor = acceptor
    return acceptor.listen(host: configuration.host, port: configuration.port).assumeIsolated().map {
      channel in
      self.listener = channel
      return channel.localAddress?.port ?? configuration.port
    }.flatMapErrorThrowing { error in
      // Board and acceptor hold each other until they are stopped.
      self.acceptor = nil
      throw error
    }.nonisolated()
  }

  /// Ends all connections; after the future no event comes.
  func stop() -> EventLoopFuture<Void> {
    guard !isStopped else { return eventLoop.makeSucceededVoidFuture() }
    isStopped = true
    for dialer in dialers.values { dialer.stop(because: .stopping) }
    acceptor?.stop()
    dialers = [:]
    acceptor = nil
    let closed = listener?.close() ?? eventLoop.makeSucceededVoidFuture()
    // A listener that the system closed before is as good.
    return closed.recover { _ in }
  }

  // MARK: Members

  /// Takes over the members; `mailboxes` has one for each.
  func setMembers(_ table: MemberTable, mailboxes: [NodeID: Mailbox]) {
    guard !isStopped else { return }
    self.members = table
    self.mailboxes = mailboxes
    for (node, dialer) in dialers where table[node] == nil {
      dialer.stop(because: .removed(node))
      dialers[node] = nil
    }
    for member in table.sorted {
      if let dialer = dialers[member.node] {
        dialer.update(member)
      } else if let mailbox = mailboxes[member.node] {
        let dialer = Dialer(member, mailbox: mailbox, board: self)
        dialers[member.node] = dialer
        dialer.dialNow()
      }
    }
    acceptor?.membersChanged()
  }

  func mailbox(_ node: NodeID) -> Mailbox? { mailboxes[node] }

  func drain(_ node: NodeID) { dialers[node]?.drain() }

  /// A peer that reached us can be reached: no need to wait for the next attempt.
  func heardFrom(_ node: NodeID) { dialers[node]?.dialNow() }

  func settings(_ greetingTimeout: Duration) -> Link.Settings {
    Link.Settings(hello: hello, greetingTimeout: greetingTimeout, maximumPayloadBytes: frameBytes)
  }

  // MARK: Events

  func emit(_ event: PeerEvent) {
    guard !isStopped else { return }
    handler(event)
  }

  func connected(_ member: Peers.Member, hello: Hello, remote: String) {
    log(
      .info, kind: "connected/\(member.node)", "Connected to peer \(member.name)",
      ["peer": "\(member.node)", "remote": "\(remote)", "version": "\(hello.software)"])
    emit(.connected(member.node, incarnation: hello.incarnation))
  }

  func disconnected(_ node: NodeID) { emit(.disconnected(node)) }

  // MARK: The log

  func logLost(_ member: Peers.Member, because failure: LinkFailure, isNews: Bool) {
    log(
      isNews ? .warning : .debug, kind: "\(failure.code)/\(member.node)",
      "No connection to peer \(member.name): \(failure)",
      [
        "peer": "\(member.node)", "remote": "\(member.host):\(member.port)", "reason": "\(failure.code)",
      ])
  }

  func logRefused(_ link: Link, because failure: LinkFailure) {
    log(
      failure.isOrdinary ? .debug : .warning, kind: failure.code,
      "Closed a connection to the peers' port: \(failure)",
      [
        "peer": "\(link.peer.map(\.description) ?? "unknown")", "remote": "\(link.remote)",
        "reason": "\(failure.code)",
      ])
  }

  func logOversized(bytes: Int, to node: NodeID) {
    log(
      .error, kind: "oversized/\(node)",
      "A frame of \(bytes) bytes was not sent: at most \(frameBytes) are allowed", ["peer": "\(node)"])
  }

  private func log(
    _ level: Logger.Level, kind: String, _ message: Logger.Message, _ metadata: Logger.Metadata
  ) {
    guard level > .debug else { return logger.debug(message, metadata: metadata) }
    let now = Instant(nanoseconds: Int64(clamping: NIODeadline.now().uptimeNanoseconds))
    guard let suppressed = limiter.admit(kind, at: now) else { return }
    var metadata = metadata
    if suppressed > 0 { metadata["suppressed"] = "\(suppressed)" }
    logger.log(level: level, message, metadata: metadata)
  }
}
