import NIOCore

/// Stands before the HTTP decoder and remembers how the line begins that is being received, so that a request whose
/// head is too large can be told whether it is for its address or for its headers. It changes nothing.
final class RequestLineWatch: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private var beginning: [UInt8] = []

  /// Enough for a method and the space after it.
  private static let kept = 32

  /// Whether the present line is a request's first: a method, a space, and the beginning of an address.
  var isRequestLine: Bool {
    let method = beginning.prefix { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") }
    return !method.isEmpty && beginning.dropFirst(method.count).first == UInt8(ascii: " ")
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let bytes = unwrapInboundIn(data).readableBytesView
    if let end = bytes.lastIndex(of: UInt8(ascii: "\n")) {
      beginning = Array(bytes[(end + 1)...].prefix(Self.kept))
    } else if beginning.count < Self.kept {
      beginning += bytes.prefix(Self.kept - beginning.count)
    }
    context.fireChannelRead(data)
  }
}
