import NIOCore
import NIOPosix
import Synchronization

/// The application behind the cache: every page may be kept for long, varies by `X-Variant`, and tells its edition
/// in `X-Edition`. A header `X-Tag-NAME` of the request comes back as the header `NAME`; `X-Tag-Long` as an `xkey` that is 190
/// letters longer. A request with `X-Hold` is
/// answered when the test says so, with the page as it was when it was asked for.
final class Origin: Sendable {
  private let channel: any Channel
  let port: Int
  private let pages: Pages

  /// What the test changes while requests are under way; guarded against the event loops.
  fileprivate final class Pages: Sendable {
    private let state = Mutex((edition: 1, held: [EventLoopPromise<Void>]()))

    var edition: Int { state.withLock { $0.edition } }
    var heldCount: Int { state.withLock { $0.held.count } }
    func edit() { state.withLock { $0.edition += 1 } }
    func hold(_ promise: EventLoopPromise<Void>) { state.withLock { $0.held.append(promise) } }

    func release(_ count: Int) {
      let held = state.withLock { state in
        defer { state.held.removeFirst(min(count, state.held.count)) }
        return Array(state.held.prefix(count))
      }
      for promise in held { promise.succeed() }
    }
  }

  private init(channel: any Channel, pages: Pages) {
    self.channel = channel
    self.pages = pages
    port = channel.localAddress?.port ?? 0
  }

  static func start() async throws -> Origin {
    let pages = Pages()
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Handler(pages))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    return Origin(channel: channel, pages: pages)
  }

  func stop() async {
    pages.release(.max)
    try? await channel.close()
  }

  /// From now on all pages are others.
  func edit() { pages.edit() }
  /// Requests that are held.
  var heldCount: Int { pages.heldCount }
  /// Answers the requests that are held, or so many of them, the oldest first.
  func release(_ count: Int = .max) { pages.release(count) }

  /// Reads no more of a request than its end: NIO's own parser refuses addresses that Varnish lets through.
  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let pages: Pages
    private var request = ""

    init(_ pages: Pages) { self.pages = pages }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      request += String(buffer: unwrapInboundIn(data))
      guard request.hasSuffix("\r\n\r\n") else { return }
      let headers = request.split(separator: "\r\n").dropFirst().map(String.init)
      request = ""
      let response = ByteBuffer(string: response(to: headers))
      guard headers.contains(where: { $0.lowercased().hasPrefix("x-hold:") }) else {
        return context.writeAndFlush(wrapOutboundOut(response), promise: nil)
      }
      let released = context.eventLoop.makePromise(of: Void.self)
      let channel = context.channel
      released.futureResult.whenSuccess { channel.writeAndFlush(response, promise: nil) }
      pages.hold(released)
    }

    private func response(to headers: [String]) -> String {
      let tags = headers.filter { $0.lowercased().hasPrefix("x-tag-") }.map { header in
        let tag = header.dropFirst("x-tag-".count)
        guard tag.lowercased().hasPrefix("long: ") else { return tag + "\r\n" }
        return "xkey: \(tag.dropFirst("long: ".count))\(String(repeating: "x", count: 190))\r\n"
      }
      return "HTTP/1.1 200 OK\r\nCache-Control: s-maxage=1000\r\nVary: X-Variant\r\nContent-Length: 0\r\n"
        + "X-Edition: \(pages.edition)\r\n\(tags.joined())\r\n"
    }
  }
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
