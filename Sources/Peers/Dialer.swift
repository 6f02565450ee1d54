import NIOCore
import NIOPosix
import NIOSSL
import Raft

/// Keeps one connection to one peer: dials, waits, dials again, and moves the mailbox's frames onto the
/// connection while it is open. Lives on the event loop.
final class Dialer: LinkOwner {
  private enum State {
    case waiting(Scheduled<Void>?)
    case dialing
    case greeting(Link)
    case open(Link, since: NIODeadline)
    case stopped
  }

  /// One write's size: large enough to fill TLS records, small enough to see the socket's back-pressure.
  private static let writeBytes = 256 << 10
  /// A link that broke sooner counts as an attempt that failed.
  private static let provenAfter = TimeAmount.seconds(1)

  private let board: Switchboard
  private let mailbox: Mailbox
  private var member: Peers.Member
  private var state = State.waiting(nil)
  private var backoff: Backoff
  private var attemptStarted = NIODeadline.now()
  private var attempt = 0
  private var measuring: RepeatedTask?
  private var lastLogged: String?

  init(_ member: Peers.Member, mailbox: Mailbox, board: Switchboard) {
    self.member = member
    self.mailbox = mailbox
    self.board = board
    self.backoff = Backoff(from: board.timings.shortestRedial, to: board.timings.longestRedial)
  }

  var members: MemberTable { board.members }

  // MARK: What the switchboard asks

  /// Dials unless it already does: the peer may be there.
  func dialNow() {
    guard case .waiting(let due) = state else { return }
    due?.cancel()
    dial()
  }

  /// Takes over a member's new description; a new address or disk is dialed anew.
  func update(_ member: Peers.Member) {
    guard member != self.member else { return }
    self.member = member
    abandon(because: .moved)
    backoff.reset()
    dialNow()
  }

  /// Ends for good.
  func stop(because reason: LinkFailure) {
    abandon(because: reason)
    if case .waiting(let due) = state { due?.cancel() }
    state = .stopped
  }

  /// Moves waiting frames onto the connection as far as the socket takes them.
  func drain() {
    guard case .open(let link, _) = state else { return }
    while link.isWritable {
      let frames = mailbox.take(upToBytes: Self.writeBytes)
      if frames.isEmpty { return }
      link.send(frames)
    }
  }

  // MARK: What the link says

  func opened(_ link: Link, by hello: Hello) {
    guard case .greeting(let current) = state, current === link else { return }
    state = .open(link, since: .now())
    lastLogged = nil
    mailbox.opened(by: hello)
    measureRoundTrip(link)
    board.connected(member, hello: hello, remote: link.remote)
    drain()
  }

  func received(_ frames: [[UInt8]], bytes: Int, on link: Link) {
    preconditionFailure("the handshake lets no payload through on the side that dials")
  }

  func becameWritable(_ link: Link) { drain() }

  func closed(_ link: Link, because failure: LinkFailure) {
    switch state {
    case .greeting(let current) where current === link:
      failed(failure)
    case .open(let current, let since) where current === link:
      if NIODeadline.now() - since >= Self.provenAfter { backoff.reset() }
      failed(failure)
      board.disconnected(member.node)
    default:
      break
    }
  }

  // MARK: Attempts

  private func dial() {
    attempt += 1
    attemptStarted = .now()
    state = .dialing
    let current = attempt
    connect().assumeIsolated().whenComplete { result in
      self.dialed(result, attempt: current)
    }
  }

  private func connect() -> EventLoopFuture<any Channel> {
    let own = NIOLoopBound(self, eventLoop: board.eventLoop)
    let expected = member.node
    var bootstrap = ClientBootstrap(group: board.eventLoop)
      .connectTimeout(TimeAmount(board.timings.connect))
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let dialer = own.value
          let link = Link(
            .dialer(expecting: expected), settings: dialer.board.settings(dialer.board.timings.greeting),
            owner: dialer)
          let tls = try NIOSSLClientHandler(context: dialer.board.tls.client, serverHostname: nil)
          try channel.pipeline.syncOperations.addHandlers(tls, link)
        }
      }
    for (option, value) in SocketOptions.connection(silence: board.timings.silence) {
      bootstrap = bootstrap.channelOption(option, value: value)
    }
    return bootstrap.connect(host: member.host, port: member.port)
  }

  private func dialed(_ result: Result<any Channel, any Error>, attempt: Int) {
    guard attempt == self.attempt, case .dialing = state else {
      if case .success(let channel) = result { channel.close(promise: nil) }
      return
    }
    switch result {
    case .failure(let error):
      failed(LinkFailure(dialing: error))
    case .success(let channel):
      guard let link = try? channel.pipeline.syncOperations.handler(type: Link.self) else {
        return failed(.closed("it ended before it began"))
      }
      state = .greeting(link)
      if let failure = link.failure { failed(failure) }
    }
  }

  private func failed(_ failure: LinkFailure) {
    measuring?.cancel()
    mailbox.closed(because: failure)
    log(failure)
    let wait = backoff.next(using: &board.random)
    let due = attemptStarted + TimeAmount(wait)
    state = .waiting(
      board.eventLoop.assumeIsolated().scheduleTask(deadline: due) {
        guard case .waiting = self.state else { return }
        self.dial()
      })
  }

  /// Gives up the present attempt or connection; leaves the dialer waiting for nothing.
  private func abandon(because reason: LinkFailure) {
    let left = state
    if case .stopped = left { return }
    if case .waiting(let due) = left { due?.cancel() }
    attempt += 1
    state = .waiting(nil)
    measuring?.cancel()
    mailbox.closed(because: reason)
    switch left {
    case .greeting(let link):
      link.close(because: reason)
    case .open(let link, _):
      link.close(because: reason)
      board.disconnected(member.node)
    case .waiting, .dialing, .stopped:
      break
    }
  }

  /// One line for each change of reason: a peer that is down for a week is not worth a line each attempt.
  private func log(_ failure: LinkFailure) {
    let isNews = lastLogged != failure.code
    lastLogged = failure.code
    board.logLost(member, because: failure, isNews: isNews)
  }

  private func measureRoundTrip(_ link: Link) {
    guard let channel = link.channel else { return }
    let mailbox = mailbox
    measuring = board.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .seconds(1)) { _ in
      channel.roundTrip()?.whenSuccess { mailbox.measured(roundTrip: $0) }
    }
  }
}
