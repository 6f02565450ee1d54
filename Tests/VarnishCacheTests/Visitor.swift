import NIOCore
import NIOHTTP1
import NIOPosix

/// Somebody who asks the cache for pages, all on one connection.
enum Visitor {
  static func visit<Result>(
    port: Int, _ body: (inout Visit) async throws -> Result
  ) async throws -> Result {
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .connect(host: "127.0.0.1", port: port) { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHTTPClientHandlers(enableOutboundHeaderValidation: false)
          try channel.pipeline.syncOperations.addHandlers(
            NIOHTTPClientResponseAggregator(maxContentLength: 1 << 20), WholeRequest())
          return try NIOAsyncChannel<NIOHTTPClientResponseFull, HTTPRequestHead>(
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
    fileprivate var requests: NIOAsyncChannelOutboundWriter<HTTPRequestHead>

    mutating func request(
      _ path: String, host: String, variant: String = "1", method: HTTPMethod = .GET,
      headers: HTTPHeaders = [:]
    ) async throws -> HTTPResponseHead {
      var all: HTTPHeaders = ["Host": host, "X-Variant": variant]
      all.add(contentsOf: headers)
      try await requests.write(
        HTTPRequestHead(version: .http1_1, method: method, uri: path, headers: all))
      guard let response = try await responses.next() else { throw ChannelError.eof }
      return response.head
    }

    /// Whether the page came out of the cache.
    mutating func hits(_ path: String, host: String, variant: String = "1") async throws -> Bool {
      try await request(path, host: host, variant: variant).headers["X-Cache"] == ["HIT"]
    }
  }

  private final class WholeRequest: ChannelOutboundHandler {
    typealias OutboundIn = HTTPRequestHead
    typealias OutboundOut = HTTPClientRequestPart

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
      context.write(wrapOutboundOut(.head(unwrapOutboundIn(data))), promise: nil)
      context.write(wrapOutboundOut(.end(nil)), promise: promise)
    }
  }
}
