import NIOCore
import NIOPosix

/// The application behind the cache: every page may be kept for long, and varies by `X-Variant`.
struct Origin {
  private let channel: any Channel
  let port: Int

  static func start() async throws -> Origin {
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Handler())
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    return Origin(channel: channel, port: channel.localAddress?.port ?? 0)
  }

  func stop() async { try? await channel.close() }

  /// Reads no more of a request than its end: NIO's own parser refuses addresses that Varnish lets through.
  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var request = ""

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      request += String(buffer: unwrapInboundIn(data))
      guard request.hasSuffix("\r\n\r\n") else { return }
      request = ""
      let response =
        "HTTP/1.1 200 OK\r\nCache-Control: s-maxage=1000\r\nVary: X-Variant\r\nContent-Length: 0\r\n\r\n"
      context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: response)), promise: nil)
    }
  }
}

/// A port of the loopback that was free a moment ago.
func freePort() async throws -> Int {
  let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
    .bind(host: "127.0.0.1", port: 0).get()
  let port = channel.localAddress?.port ?? 0
  try await channel.close()
  return port
}

/// Listens on the loopback and says `greeting` to whoever connects; with nil it says nothing.
func listen(greeting: String?) async throws -> any Channel {
  try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
    .childChannelInitializer { channel in
      channel.eventLoop.makeCompletedFuture {
        if let greeting { try channel.pipeline.syncOperations.addHandler(Greeter(greeting: greeting)) }
      }
    }
    .bind(host: "127.0.0.1", port: 0).get()
}

private final class Greeter: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let greeting: String

  init(greeting: String) { self.greeting = greeting }

  func channelActive(context: ChannelHandlerContext) {
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: greeting)), promise: nil)
  }
}
