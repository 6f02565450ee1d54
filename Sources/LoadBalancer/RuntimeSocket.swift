import NIOCore
import NIOPosix

/// One of HAProxy's sockets: a question a connection, answered until the connection ends.
struct RuntimeSocket: Sendable {
  let path: String
  let timeoutMilliseconds: Int
  let group: any EventLoopGroup

  func ask(_ question: String) async throws(LoadBalancerError) -> String {
    let answer = group.next().makePromise(of: String.self)
    let channel: any Channel
    do {
      channel = try await ClientBootstrap(group: answer.futureResult.eventLoop)
        .connectTimeout(.milliseconds(Int64(timeoutMilliseconds)))
        // The end of the question does not end the connection.
        .channelOption(.allowRemoteHalfClosure, value: true)
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(AnswerHandler(question: question, answer: answer))
          }
        }
        .connect(unixDomainSocketPath: path).get()
    } catch {
      answer.fail(error)
      throw .unreachable(socket: path, reason: "\(error)")
    }
    return try await collect(answer, from: channel)
  }

  private func collect(
    _ answer: EventLoopPromise<String>, from channel: any Channel
  ) async throws(LoadBalancerError) -> String {
    let late = LoadBalancerError.timedOut(socket: path, milliseconds: timeoutMilliseconds)
    let watch = channel.eventLoop.scheduleTask(in: .milliseconds(Int64(timeoutMilliseconds))) {
      answer.fail(late)
      channel.close(promise: nil)
    }
    defer { watch.cancel() }
    do {
      return try await answer.futureResult.get()
    } catch {
      throw error as? LoadBalancerError ?? .unreachable(socket: path, reason: "\(error)")
    }
  }
}

private final class AnswerHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let question: String
  private let answer: EventLoopPromise<String>
  private var received = ByteBuffer()

  init(question: String, answer: EventLoopPromise<String>) {
    self.question = question
    self.answer = answer
  }

  func channelActive(context: ChannelHandlerContext) {
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: question + "\n")), promise: nil)
    // The master keeps a connection open for more questions until it is told that there are none.
    context.close(mode: .output, promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var part = unwrapInboundIn(data)
    received.writeBuffer(&part)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case ChannelEvent.inputClosed = event { context.close(promise: nil) }
  }

  func channelInactive(context: ChannelHandlerContext) { answer.succeed(String(buffer: received)) }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    answer.fail(error)
    context.close(promise: nil)
  }
}
