import Foundation
import NIOCore
import NIOPosix
import VarnishCache

/// In the place of the address at which Varnish takes purges: answers as a test wants it.
final class StubPurges: Sendable {
  enum Answer: Sendable {
    case status(Int)
    /// Neither this request is answered nor any behind it.
    case silence
    /// The connection is closed.
    case end
  }

  private let channel: any Channel
  let endpoint: Endpoint

  /// - Parameter answer: to a request's head.
  static func start(_ answer: @escaping @Sendable (String) -> Answer) async throws -> StubPurges {
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Handler(answer))
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

    private let answer: @Sendable (String) -> Answer
    private var received = ""
    private var isSilent = false

    init(_ answer: @escaping @Sendable (String) -> Answer) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      received += String(buffer: unwrapInboundIn(data))
      while !isSilent, let end = received.range(of: "\r\n\r\n") {
        let head = String(received[..<end.lowerBound])
        received.removeSubrange(..<end.upperBound)
        switch answer(head) {
        case .status(let status):
          let text = "HTTP/1.1 \(status) Stub\r\nContent-Length: 0\r\n\r\n"
          context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
        case .silence: isSilent = true
        case .end: return context.close(promise: nil)
        }
      }
    }
  }
}
