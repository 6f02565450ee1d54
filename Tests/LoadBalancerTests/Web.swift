import Cluster
import NIOCore
import NIOHTTP1
import NIOPosix

/// A server that tells its name, and takes its time for `/slow`.
struct Web {
  private let channel: any Channel
  let server: Balancing.Server

  static func start(_ name: String, port: Int = 0, slowMilliseconds: Int = 500) async throws -> Web {
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
          try channel.pipeline.syncOperations.addHandler(
            Handler(name: name, slow: .milliseconds(Int64(slowMilliseconds))))
        }
      }
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .bind(host: "127.0.0.1", port: port).get()
    let port = channel.localAddress?.port ?? 0
    return Web(channel: channel, server: Balancing.Server(name: name, address: "127.0.0.1", port: port))
  }

  func stop() async { try? await channel.close() }

  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let name: String
    private let slow: TimeAmount
    private var uri = ""

    init(name: String, slow: TimeAmount) {
      self.name = name
      self.slow = slow
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      switch unwrapInboundIn(data) {
      case .head(let head): uri = head.uri
      case .body: break
      case .end where uri == "/slow":
        context.eventLoop.assumeIsolated().scheduleTask(in: slow) { self.answer(context) }
      case .end: answer(context)
      }
    }

    private func answer(_ context: ChannelHandlerContext) {
      let head = HTTPResponseHead(
        version: .http1_1, status: .ok, headers: ["Server": name, "Content-Length": "0"])
      context.write(wrapOutboundOut(.head(head)), promise: nil)
      context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
  }
}

/// A visitor's requests, all on one connection.
enum Visitor {
  static func visit<Result>(
    port: Int, _ body: (inout Visit) async throws -> Result
  ) async throws -> Result {
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .connect(host: "127.0.0.1", port: port) { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHTTPClientHandlers()
          try channel.pipeline.syncOperations.addHandler(
            NIOHTTPClientResponseAggregator(maxContentLength: 1 << 20))
          return try NIOAsyncChannel<NIOHTTPClientResponseFull, HTTPClientRequestPart>(
            wrappingChannelSynchronously: channel)
        }
      }
    return try await channel.executeThenClose { responses, requests in
      var visit = Visit(responses: responses.makeAsyncIterator(), requests: requests)
      return try await body(&visit)
    }
  }

  struct Visit {
    fileprivate var responses: NIOAsyncChannelInboundStream<NIOHTTPClientResponseFull>.AsyncIterator
    fileprivate var requests: NIOAsyncChannelOutboundWriter<HTTPClientRequestPart>

    /// The status, and the server that answered.
    mutating func get(_ path: String) async throws -> (status: UInt, server: String) {
      try await requests.write(
        .head(HTTPRequestHead(version: .http1_1, method: .GET, uri: path, headers: ["Host": "example.org"])))
      try await requests.write(.end(nil))
      guard let response = try await responses.next() else { throw ChannelError.eof }
      return (response.head.status.code, response.head.headers["Server"].first ?? "")
    }
  }
}
