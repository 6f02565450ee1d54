import Logging
import NIOCore

/// Tells in the log who speaks to the operators' port and may not, or speaks something else. It changes nothing.
final class StrangerWatch: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = NIOAny

  private let notice: RareNotice
  /// Asked for early: a connection that has ended has none.
  private var address: String?

  init(_ notice: RareNotice) { self.notice = notice }

  func handlerAdded(context: ChannelHandlerContext) {
    address = context.remoteAddress?.endpoint
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if !ConnectionTrouble.isOrdinary(error) {
      notice.tell(
        "a connection to the operators' port was refused",
        [
          "address": "\(address ?? "unknown")",
          "reason": "\(ConnectionTrouble.words(for: error))",
          "remedy": "speak HTTPS with TLS 1.3 and an operator's certificate of this cluster, as tercet does",
        ])
    }
    context.fireErrorCaught(error)
  }
}
