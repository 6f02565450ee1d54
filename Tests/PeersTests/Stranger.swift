import ClusterAuthority
import NIOCore
import NIOPosix
import NIOSSL
import Peers
import Raft
import Synchronization
import Testing

/// Somebody who connects to a manager's port, or answers at its address, and says what the test wants.
struct Stranger: Sendable {
  private let channel: any Channel
  private let inbox: Inbox

  /// Connects without TLS.
  static func connect(to manager: TestManager) async throws -> Stranger {
    try await connect(to: manager.peers.port, tls: nil)
  }

  /// Connects with TLS, as the owner of `credentials`, or without a certificate.
  static func connect(
    to manager: TestManager, as credentials: Credentials?, highest: TLSVersion? = nil
  ) async throws -> Stranger {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.certificateVerification = .none
    configuration.maximumTLSVersion = highest
    if let credentials {
      configuration.certificateChain = try credentials.chain
      configuration.privateKey = try credentials.key
    }
    return try await connect(to: manager.peers.port, tls: NIOSSLContext(configuration: configuration))
  }

  private static func connect(to port: Int, tls: NIOSSLContext?) async throws -> Stranger {
    let inbox = Inbox()
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          if let tls { try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: nil)) }
          try pipeline.addHandler(Collector(inbox))
        }
      }
      .connect(host: "127.0.0.1", port: port).get()
    return Stranger(channel: channel, inbox: inbox)
  }

  func send(_ bytes: [UInt8]) { channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil) }

  func send(_ frame: Frame) { channel.writeAndFlush(frame.encoded(), promise: nil) }

  func hello(
    as id: UInt64, cluster: String = "portal", incarnation: Incarnation = .random(),
    versions: ClosedRange<UInt16> = 1...1
  ) {
    let hello = Hello(
      versions: versions, node: NodeID(id), incarnation: incarnation, cluster: cluster, software: "stranger")
    send(Frame(kind: .hello, payload: hello.encoded()))
  }

  /// What the manager sent.
  var received: [UInt8] { inbox.bytes }

  var isOpen: Bool { channel.isActive }

  func close() async throws {
    // Whoever was closed already is closed.
    try? await channel.close()
  }

  /// Waits until the manager has closed the connection.
  func untilClosed(sourceLocation: SourceLocation = #_sourceLocation) async throws {
    try await eventually("the manager closes the connection", sourceLocation: sourceLocation) { !isOpen }
  }
}

/// Listens where a manager is expected; accepts hellos and then does not read.
struct Impostor: Sendable {
  private let channel: any Channel

  var port: Int { channel.localAddress?.port ?? 0 }

  /// - Parameter hello: what is answered to whatever comes first; nil answers nothing.
  static func listen(as credentials: Credentials, answering hello: Hello?) async throws -> Impostor {
    let configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: try credentials.chain, privateKey: try credentials.key)
    let tls = try NIOSSLContext(configuration: configuration)
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandlers(
            NIOSSLServerHandler(context: tls), Answerer(hello))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    return Impostor(channel: channel)
  }

  func close() async throws { try await channel.close() }
}

extension Credentials {
  fileprivate var chain: [NIOSSLCertificateSource] {
    get throws { [.certificate(try NIOSSLCertificate(bytes: Array(certificatePEM.utf8), format: .pem))] }
  }

  fileprivate var key: NIOSSLPrivateKeySource {
    get throws { .privateKey(try NIOSSLPrivateKey(bytes: Array(keyPEM.utf8), format: .pem)) }
  }
}

private final class Inbox: Sendable {
  private let state = Mutex<[UInt8]>([])
  var bytes: [UInt8] { state.withLock { $0 } }
  func append(_ buffer: ByteBuffer) { state.withLock { $0.append(contentsOf: buffer.readableBytesView) } }
}

private final class Collector: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  private let inbox: Inbox

  init(_ inbox: Inbox) { self.inbox = inbox }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) { inbox.append(unwrapInboundIn(data)) }
  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

private final class Answerer: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer
  private let hello: Hello?

  init(_ hello: Hello?) { self.hello = hello }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard let hello else { return }
    let frame = Frame(kind: .hello, payload: hello.encoded())
    context.writeAndFlush(wrapOutboundOut(frame.encoded()), promise: nil)
    // From here on the socket's buffers fill up.
    context.channel.setOption(.autoRead, value: false).whenFailure { _ in }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

extension Incarnation {
  /// A new disk's.
  static func random() -> Incarnation {
    Incarnation(high: .random(in: 0 ... .max), low: .random(in: 0 ... .max))
  }
}

/// Listens where a manager is expected, and hangs up on everyone.
final class ClosedDoor: Sendable {
  private let channel: any Channel
  private let count: Counter

  private final class Counter: Sendable {
    private let state = Mutex(0)
    var value: Int { state.withLock { $0 } }
    func add() { state.withLock { $0 += 1 } }
  }

  private init(channel: any Channel, count: Counter) {
    self.channel = channel
    self.count = count
  }

  static func open() async throws -> ClosedDoor {
    let count = Counter()
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        count.add()
        return channel.close()
      }
      .bind(host: "127.0.0.1", port: 0).get()
    return ClosedDoor(channel: channel, count: count)
  }

  var port: Int { channel.localAddress?.port ?? 0 }
  var attempts: Int { count.value }

  func close() async throws { try await channel.close() }
}
