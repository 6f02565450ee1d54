import ClusterAuthority
import NIOCore
import NIOSSL
import NIOTLS
import Raft

/// Who learns what happens to a connection. All calls come on the event loop.
protocol LinkOwner: AnyObject {
  /// The members as they are now.
  var members: MemberTable { get }
  /// Both hellos are exchanged and accepted.
  func opened(_ link: Link, by hello: Hello)
  /// All payloads of one read, on the acceptor's side. `bytes` is their sum.
  func received(_ frames: [[UInt8]], bytes: Int, on link: Link)
  /// The socket takes bytes again.
  func becameWritable(_ link: Link)
  /// The connection is over, or never came to be; the last call about it.
  func closed(_ link: Link, because failure: LinkFailure)
}

/// One connection: drives a `Handshake` with what TLS and the socket say. Lives on the event loop.
final class Link: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  struct Settings: Sendable {
    /// Ours, ready to be sent.
    var hello: [UInt8]
    var greetingTimeout: Duration
    var maximumPayloadBytes: Int
  }

  /// Whoever is not yet known gets no more room than a hello needs.
  static let maximumHelloBytes = 4096

  private let settings: Settings
  private let owner: any LinkOwner
  private var handshake: Handshake
  private var decoder = FrameDecoder(maximumPayloadBytes: Link.maximumHelloBytes)
  private var context: ChannelHandlerContext?
  private var deadline: Scheduled<Void>?
  private var isSecured = false
  private var batch: [[UInt8]] = []
  private var batchBytes = 0

  /// Why the connection is over, once it is.
  private(set) var failure: LinkFailure?
  /// Who the other side is; nil until the link is open.
  private(set) var peer: NodeID?
  /// The other side's disk; nil until the link is open.
  private(set) var incarnation: Incarnation?
  /// The other side's address and port.
  private(set) var remote = "unknown"

  init(_ role: Handshake.Role, settings: Settings, owner: any LinkOwner) {
    self.handshake = Handshake(role)
    self.settings = settings
    self.owner = owner
  }

  // MARK: What the owner asks

  var isWritable: Bool { context?.channel.isWritable ?? false }

  var channel: (any Channel)? { context?.channel }

  /// Sends payloads in one write.
  func send(_ payloads: [[UInt8]]) {
    guard let context, failure == nil else { return }
    var buffer = context.channel.allocator.buffer(
      capacity: payloads.reduce(0) { $0 + $1.count + Frame.headerBytes })
    for payload in payloads { Frame.write(.payload, payload, into: &buffer) }
    context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
  }

  /// Ends the connection now and tells the other side why, if it has shown who it is.
  func close(because reason: LinkFailure) {
    guard failure == nil else { return }
    failure = reason
    deadline?.cancel()
    if let context {
      if isSecured, reason.isToldToPeer { tell(reason, context) }
      closeSocket(context)
    }
    owner.closed(self, because: reason)
  }

  private func tell(_ reason: LinkFailure, _ context: ChannelHandlerContext) {
    let text = Hello.printable(reason.description, limit: Handshake.refusalBytes)
    let frame = Frame(kind: .refusal, payload: Array(text.utf8))
    context.writeAndFlush(wrapOutboundOut(frame.encoded()), promise: nil)
  }

  /// Closes below TLS: TLS would first wait for the other side's farewell, and so let anyone hold a socket.
  /// Nothing is lost by it: a frame that is cut off is recognised as such by its length.
  private func closeSocket(_ context: ChannelHandlerContext) {
    if let tls = try? context.pipeline.syncOperations.context(handlerType: NIOSSLHandler.self) {
      tls.close(promise: nil)
    } else {
      context.close(promise: nil)
    }
  }

  // MARK: What the channel says

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    if context.channel.isActive { begin(context) }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
    // A channel that never became active tells it only here.
    close(because: .closed(LinkFailure.byPeer))
  }

  func channelActive(context: ChannelHandlerContext) {
    begin(context)
    context.fireChannelActive()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .handshakeCompleted? = event as? TLSUserEvent {
      secured(context)
    }
    context.fireUserInboundEventTriggered(event)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard failure == nil else { return }
    decoder.append(unwrapInboundIn(data))
    do throws(LinkFailure) {
      while failure == nil, let frame = try decoder.next() {
        try perform(handshake.received(frame, members: owner.members), context)
      }
    } catch {
      deliverBatch()
      close(because: error)
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    deliverBatch()
    context.fireChannelReadComplete()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable, handshake.isOpen, failure == nil { owner.becameWritable(self) }
    context.fireChannelWritabilityChanged()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    close(because: LinkFailure(error, whileSecuring: !isSecured))
  }

  func channelInactive(context: ChannelHandlerContext) {
    close(because: .closed(LinkFailure.byPeer))
    context.fireChannelInactive()
  }

  // MARK: The steps

  private func begin(_ context: ChannelHandlerContext) {
    guard deadline == nil else { return }
    if let address = context.remoteAddress {
      remote = "\(address.ipAddress ?? "unknown"):\(address.port ?? 0)"
    }
    deadline = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(settings.greetingTimeout)) {
      self.close(because: .tooSlow)
    }
  }

  private func secured(_ context: ChannelHandlerContext) {
    guard failure == nil else { return }
    isSecured = true
    do throws(LinkFailure) {
      let identity = try certificateIdentity(context)
      try perform(handshake.secured(by: identity, members: owner.members), context)
    } catch {
      close(because: error)
    }
  }

  private func certificateIdentity(_ context: ChannelHandlerContext) throws(LinkFailure) -> PeerIdentity {
    let handler = try? context.pipeline.syncOperations.handler(type: NIOSSLHandler.self)
    guard let certificate = handler?.peerCertificate, let bytes = try? certificate.toDERBytes() else {
      throw .tls("no certificate was shown")
    }
    do {
      return try PeerIdentity(certificateDER: bytes)
    } catch {
      throw .noIdentity(error.description)
    }
  }

  private func perform(_ action: Handshake.Action, _ context: ChannelHandlerContext) {
    switch action {
    case .wait:
      break
    case .greet:
      greet(context)
    case .open(let hello, let greetingFirst):
      deadline?.cancel()
      peer = hello.node
      incarnation = hello.incarnation
      decoder.maximumPayloadBytes = settings.maximumPayloadBytes
      if greetingFirst { greet(context) }
      owner.opened(self, by: hello)
    case .deliver(let payload):
      batch.append(payload)
      batchBytes += payload.count
    }
  }

  private func greet(_ context: ChannelHandlerContext) {
    let frame = Frame(kind: .hello, payload: settings.hello)
    context.writeAndFlush(wrapOutboundOut(frame.encoded()), promise: nil)
  }

  private func deliverBatch() {
    guard !batch.isEmpty, failure == nil else { return }
    let (frames, bytes) = (batch, batchBytes)
    batch = []
    batchBytes = 0
    owner.received(frames, bytes: bytes, on: self)
  }
}

extension LinkFailure {
  /// Whether the other side, known by its certificate, can do something with the reason.
  fileprivate var isToldToPeer: Bool {
    switch self {
    case .tls, .closed, .refusedByPeer, .unreachable, .moved, .stopping: false
    default: true
    }
  }
}

extension TimeAmount {
  init(_ duration: Duration) {
    self = .nanoseconds(duration.nanoseconds)
  }
}
