import NIOCore
import NIOPosix
import Synchronization

/// In the place of Varnish's command line: takes every ban but those that a test says, which no real one can be
/// brought to refuse.
final class StubbornCommandLine: Sendable {
  private let channel: any Channel
  let port: Int
  private let log: Log

  /// Guarded against the event loops.
  private final class Log: Sendable {
    let taken = Mutex<[String]>([])
  }

  /// The bans that were taken.
  var taken: [String] { log.taken.withLock { $0 } }

  private init(channel: any Channel, log: Log) {
    self.channel = channel
    self.log = log
    port = channel.localAddress?.port ?? 0
  }

  static func start(refusing refuses: @escaping @Sendable (String) -> Bool) async throws
    -> StubbornCommandLine
  {
    let log = Log()
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Handler(log: log, refuses: refuses))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    return StubbornCommandLine(channel: channel, log: log)
  }

  func stop() async { try? await channel.close() }

  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let log: Log
    private let refuses: @Sendable (String) -> Bool
    private var received = ""

    init(log: Log, refuses: @escaping @Sendable (String) -> Bool) {
      self.log = log
      self.refuses = refuses
    }

    func channelActive(context: ChannelHandlerContext) { answer(200, "Varnish", context) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      received += String(buffer: unwrapInboundIn(data))
      while let end = received.firstIndex(of: "\n") {
        let command = String(received[..<end])
        received = String(received[received.index(after: end)...])
        if refuses(command) {
          answer(106, "Syntax Error", context)
        } else {
          if command.hasPrefix("ban ") { log.taken.withLock { $0.append(command) } }
          answer(200, "", context)
        }
      }
    }

    private func answer(_ status: Int, _ text: String, _ context: ChannelHandlerContext) {
      let length = String(text.utf8.count)
      let padding = String(repeating: " ", count: 8 - length.count)
      context.writeAndFlush(
        wrapOutboundOut(ByteBuffer(string: "\(status) \(length)\(padding)\n\(text)\n")), promise: nil)
    }
  }
}
