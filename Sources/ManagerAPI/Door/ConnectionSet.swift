import NIOCore
import Synchronization

/// A server's open connections: bounded in number, and asked to end when the server does.
final class ConnectionSet: Sendable {
  /// Guards the connections against the server's and their own event loops.
  private let channels = Mutex<[ObjectIdentifier: any Channel]>([:])
  private let maximum: Int

  init(maximum: Int) { self.maximum = maximum }

  var isFull: Bool { channels.withLock { $0.count } >= maximum }

  func add(_ channel: any Channel) {
    channels.withLock { $0[ObjectIdentifier(channel)] = channel }
  }

  func remove(_ channel: any Channel) {
    channels.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(channel)) }
  }

  /// Asks every connection to end after what it is doing; those that have not by the deadline are closed.
  func quiesce(within limit: TimeAmount, on eventLoop: any EventLoop) async {
    let open = channels.withLock { Array($0.values) }
    for channel in open { channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
    let deadline = eventLoop.scheduleTask(in: limit) {
      for channel in open { channel.close(promise: nil) }
    }
    try? await EventLoopFuture.andAllComplete(open.map(\.closeFuture), on: eventLoop).get()
    deadline.cancel()
  }
}

/// Stands at a server's listening channel: while the set is full, further connections wait in the listen queue.
final class AcceptGate: ChannelDuplexHandler {
  typealias InboundIn = any Channel
  typealias InboundOut = any Channel
  typealias OutboundIn = Never

  private let connections: ConnectionSet
  private var isWaiting = false

  init(connections: ConnectionSet) { self.connections = connections }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let channel = unwrapInboundIn(data)
    connections.add(channel)
    let gate = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    channel.closeFuture.hop(to: context.eventLoop).whenComplete { [connections] _ in
      connections.remove(channel)
      let (handler, context) = gate.value
      handler.acceptAgain(context)
    }
    context.fireChannelRead(data)
  }

  func read(context: ChannelHandlerContext) {
    isWaiting = connections.isFull
    if !isWaiting { context.read() }
  }

  private func acceptAgain(_ context: ChannelHandlerContext) {
    guard isWaiting, !connections.isFull else { return }
    isWaiting = false
    context.read()
  }
}
