import NIOCore

/// A connection on which requests are sent without waiting and are answered in order.
struct Line<Request: Sendable, Reply: Sendable>: Sendable {
  let channel: any Channel
  let endpoint: Endpoint

  var isActive: Bool { channel.isActive }

  /// Sends all requests in one go; the answers come in the same order.
  func send(_ requests: [Request]) async throws(VarnishError) -> [Reply] {
    let loop = channel.eventLoop
    let replies = loop.flatSubmit {
      let replies = requests.map { request in
        let promise = loop.makePromise(of: Reply.self)
        channel.pipeline.write(
          LineHandler<Request, Reply>.Call(request: request, reply: promise), promise: nil)
        return promise.futureResult
      }
      channel.flush()
      return EventLoopFuture.whenAllSucceed(replies, on: loop)
    }
    do { return try await replies.get() } catch { throw VarnishError(error, at: endpoint) }
  }

  func close() async { try? await channel.close() }
}

extension VarnishError {
  /// An error of the connection, unless it is one of ours already.
  init(_ error: any Error, at endpoint: Endpoint) {
    self = error as? VarnishError ?? .connectionLost(endpoint, reason: "\(error)")
  }
}

/// Pairs answers with requests, in order, and ends a connection that has been silent for too long.
final class LineHandler<Request: Sendable, Reply: Sendable>: ChannelDuplexHandler {
  struct Call: Sendable {
    var request: Request
    var reply: EventLoopPromise<Reply>
  }

  typealias InboundIn = Reply
  typealias InboundOut = Never
  typealias OutboundIn = Call
  typealias OutboundOut = Request

  private let endpoint: Endpoint
  private let timeoutMilliseconds: Int
  private var waiting: CircularBuffer<EventLoopPromise<Reply>> = []
  private var lastProgress = NIODeadline.now()
  private var watch: Scheduled<Void>?

  /// With `greeting` the first answer is one that nobody has asked for.
  init(endpoint: Endpoint, timeoutMilliseconds: Int, greeting: EventLoopPromise<Reply>? = nil) {
    self.endpoint = endpoint
    self.timeoutMilliseconds = timeoutMilliseconds
    if let greeting { waiting.append(greeting) }
  }

  func channelActive(context: ChannelHandlerContext) {
    lastProgress = .now()
    keepWatch(context)
    context.fireChannelActive()
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    let call = unwrapOutboundIn(data)
    guard context.channel.isActive else {
      call.reply.fail(VarnishError.connectionLost(endpoint, reason: "it was closed"))
      promise?.fail(ChannelError.ioOnClosedChannel)
      return
    }
    if waiting.isEmpty { lastProgress = .now() }
    waiting.append(call.reply)
    keepWatch(context)
    context.write(wrapOutboundOut(call.request), promise: promise)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    lastProgress = .now()
    guard let reply = waiting.popFirst() else {
      return end(context, with: .connectionLost(endpoint, reason: "it answered without being asked"))
    }
    reply.succeed(unwrapInboundIn(data))
  }

  func channelInactive(context: ChannelHandlerContext) {
    watch?.cancel()
    fail(with: .connectionLost(endpoint, reason: "Varnish closed it"))
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    end(context, with: VarnishError(error, at: endpoint))
  }

  /// One timer for all requests on the line: it looks when the oldest could be due, and again while some wait.
  private func keepWatch(_ context: ChannelHandlerContext) {
    guard watch == nil, !waiting.isEmpty else { return }
    let deadline = lastProgress + .milliseconds(Int64(timeoutMilliseconds))
    watch = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { self.look(context) }
  }

  private func look(_ context: ChannelHandlerContext) {
    watch = nil
    guard !waiting.isEmpty else { return }
    if NIODeadline.now() - lastProgress >= .milliseconds(Int64(timeoutMilliseconds)) {
      end(context, with: .timedOut(endpoint, milliseconds: timeoutMilliseconds))
    } else {
      keepWatch(context)
    }
  }

  private func end(_ context: ChannelHandlerContext, with error: VarnishError) {
    fail(with: error)
    context.close(promise: nil)
  }

  private func fail(with error: VarnishError) {
    while let reply = waiting.popFirst() { reply.fail(error) }
  }
}
