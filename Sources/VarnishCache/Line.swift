import NIOCore

/// A request as the bytes that go on a connection.
protocol LineRequest: Sendable {
  func write(into bytes: inout ByteBuffer)
}

/// A connection on which requests are sent without waiting and are answered in order.
struct Line<Request: LineRequest, Reply: Sendable>: Sendable {
  let channel: any Channel
  let endpoint: Endpoint

  var isActive: Bool { channel.isActive }

  /// Sends all requests in one go; the answers come in the same order.
  ///
  /// However many there are, they are one write and one promise: thousands of purges a second pass through here.
  func send(_ requests: [Request]) async throws(VarnishError) -> [Reply] {
    try await send(requests, mayBePart: false)
  }

  /// Likewise; the answers that have come when the line has been silent for too long, or is lost, are taken, unless
  /// there are none.
  func sendForNow(_ requests: [Request]) async throws(VarnishError) -> [Reply] {
    try await send(requests, mayBePart: true)
  }

  private func send(_ requests: [Request], mayBePart: Bool) async throws(VarnishError) -> [Reply] {
    guard !requests.isEmpty else { return [] }
    var bytes = channel.allocator.buffer(capacity: 256 * requests.count)
    for request in requests { request.write(into: &bytes) }
    let replies = channel.eventLoop.makePromise(of: [Reply].self)
    let written = channel.eventLoop.makePromise(of: Void.self)
    // A channel that closed a moment ago has no handler any more that would answer; after the handler's own answer this
    // one says nothing.
    written.futureResult.whenFailure { replies.fail($0) }
    channel.writeAndFlush(
      LineHandler<Reply>.Batch(
        bytes: bytes, count: requests.count, mayBePart: mayBePart, replies: replies), promise: written)
    do { return try await replies.futureResult.get() } catch { throw VarnishError(error, at: endpoint) }
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
final class LineHandler<Reply: Sendable>: ChannelDuplexHandler {
  /// Requests that are sent together.
  struct Batch: Sendable {
    var bytes: ByteBuffer
    /// How many answers there will be.
    var count: Int
    /// The first of the answers are better than none.
    var mayBePart: Bool
    var replies: EventLoopPromise<[Reply]>
  }

  /// A batch whose answers come in.
  private struct Waiting {
    var count: Int
    var mayBePart = false
    var replies: EventLoopPromise<[Reply]>
    var received: [Reply] = []
  }

  typealias InboundIn = Reply
  typealias InboundOut = Never
  typealias OutboundIn = Batch
  typealias OutboundOut = ByteBuffer

  private let endpoint: Endpoint
  private let timeoutMilliseconds: Int
  private var waiting: CircularBuffer<Waiting> = []
  private var lastProgress = NIODeadline.now()
  private var watch: Scheduled<Void>?

  /// With `greeting` the first answer is one that nobody has asked for.
  init(endpoint: Endpoint, timeoutMilliseconds: Int, greeting: EventLoopPromise<[Reply]>? = nil) {
    self.endpoint = endpoint
    self.timeoutMilliseconds = timeoutMilliseconds
    if let greeting { waiting.append(Waiting(count: 1, replies: greeting)) }
  }

  func channelActive(context: ChannelHandlerContext) {
    lastProgress = .now()
    keepWatch(context)
    context.fireChannelActive()
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    let batch = unwrapOutboundIn(data)
    guard context.channel.isActive else {
      batch.replies.fail(VarnishError.connectionLost(endpoint, reason: "it was closed"))
      promise?.fail(ChannelError.ioOnClosedChannel)
      return
    }
    if waiting.isEmpty { lastProgress = .now() }
    waiting.append(Waiting(count: batch.count, mayBePart: batch.mayBePart, replies: batch.replies))
    keepWatch(context)
    context.write(wrapOutboundOut(batch.bytes), promise: promise)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    lastProgress = .now()
    guard !waiting.isEmpty else {
      return end(context, with: .connectionLost(endpoint, reason: "it answered without being asked"))
    }
    let first = waiting.startIndex
    waiting[first].received.append(unwrapInboundIn(data))
    guard waiting[first].received.count == waiting[first].count else { return }
    let batch = waiting.removeFirst()
    batch.replies.succeed(batch.received)
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
    while let batch = waiting.popFirst() {
      if batch.mayBePart, !batch.received.isEmpty {
        batch.replies.succeed(batch.received)
      } else {
        batch.replies.fail(error)
      }
    }
  }
}
