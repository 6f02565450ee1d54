import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// Bytes to and from a server, without any help of an HTTP library.
struct RawConnection: Sendable {
  private let channel: any Channel
  private let received: Received

  /// Guards what the event loop has received against the test that reads it.
  private final class Received: Sendable {
    let state = Mutex((bytes: [UInt8](), isClosed: false))
  }

  private final class Collector: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    let received: Received

    init(_ received: Received) { self.received = received }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      let bytes = Array(unwrapInboundIn(data).readableBytesView)
      received.state.withLock { $0.bytes += bytes }
    }

    func channelInactive(context: ChannelHandlerContext) {
      received.state.withLock { $0.isClosed = true }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      context.close(promise: nil)
    }
  }

  /// - Parameter source: one of the loopback's addresses.
  static func open(_ port: Int, from source: String = "127.0.0.1") async throws -> RawConnection {
    let received = Received()
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .bind(to: SocketAddress(ipAddress: source, port: 0))
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Collector(received))
        }
      }
      .connect(host: "127.0.0.1", port: port).get()
    return RawConnection(channel: channel, received: received)
  }

  /// Sends and waits for the end of the connection.
  static func exchange(
    _ port: Int, _ text: String, from source: String = "127.0.0.1"
  ) async throws -> String {
    let connection = try await open(port, from: source)
    await connection.send(text)
    return try await connection.untilClosed()
  }

  func send(_ text: String) async { await send(Array(text.utf8)) }

  /// The server may have hung up before all was sent; what it answered tells.
  func send(_ bytes: [UInt8]) async {
    try? await channel.writeAndFlush(ByteBuffer(bytes: bytes))
  }

  var text: String { received.state.withLock { String(decoding: $0.bytes, as: UTF8.self) } }

  /// - Throws: `Late` after five seconds.
  @discardableResult
  func until(_ isEnough: @Sendable (String) -> Bool) async throws -> String {
    try await eventually { isEnough(text) }
    return text
  }

  @discardableResult
  func untilClosed() async throws -> String {
    try await eventually { received.state.withLock { $0.isClosed } }
    return text
  }

  var isClosed: Bool { received.state.withLock { $0.isClosed } }

  func close() { channel.close(promise: nil) }
}

struct Late: Error {}

/// Waits until a condition holds.
///
/// - Throws: `Late` after a minute.
func eventually(_ condition: () async throws -> Bool) async throws {
  let deadline = ContinuousClock.now + .seconds(60)
  while try await !condition() {
    guard ContinuousClock.now < deadline else { throw Late() }
    try await Task.sleep(for: .milliseconds(5))
  }
}
