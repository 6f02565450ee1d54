import Foundation
import NIOCore
import NIOPosix
import Synchronization
import VarnishCache

/// In the place of the address at which Varnish takes purges: answers as a test wants it.
final class StubPurges: Sendable {
  private let channel: any Channel
  let endpoint: Endpoint

  /// - Parameter status: of the answer to a request's head; nil closes the connection instead.
  static func start(_ status: @escaping @Sendable (String) -> Int?) async throws -> StubPurges {
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Handler(status))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    return StubPurges(channel: channel)
  }

  private init(channel: any Channel) {
    self.channel = channel
    endpoint = Endpoint(host: "127.0.0.1", port: channel.localAddress?.port ?? 0)
  }

  func stop() async { try? await channel.close() }

  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let status: @Sendable (String) -> Int?
    private var received = ""

    init(_ status: @escaping @Sendable (String) -> Int?) { self.status = status }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      received += String(buffer: unwrapInboundIn(data))
      while let end = received.range(of: "\r\n\r\n") {
        let head = String(received[..<end.lowerBound])
        received.removeSubrange(..<end.upperBound)
        guard let status = status(head) else { return context.close(promise: nil) }
        let answer = "HTTP/1.1 \(status) Stub\r\nContent-Length: 0\r\n\r\n"
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
      }
    }
  }
}
