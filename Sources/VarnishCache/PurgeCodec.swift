import NIOCore
import NIOHTTP1

/// Turns a request head into a request without body, and a response into its status.
final class PurgeCodec: ChannelDuplexHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias InboundOut = Int
  typealias OutboundIn = HTTPRequestHead
  typealias OutboundOut = HTTPClientRequestPart

  private var status = 0

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    context.write(wrapOutboundOut(.head(unwrapOutboundIn(data))), promise: nil)
    context.write(wrapOutboundOut(.end(nil)), promise: promise)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head): status = Int(head.status.code)
    case .body: break
    case .end: context.fireChannelRead(wrapInboundOut(status))
    }
  }
}
