import NIOCore
import Synchronization

/// A server's open connections: bounded in number, and asked to end when the server does.
final class ConnectionSet: Sendable {
  private struct State {
    var channels: [ObjectIdentifier: any Channel] = [:]
    var strangers: Set<ObjectIdentifier> = []
  }

  /// Guards the connections against the server's and their own event loops.
  private let state = Mutex(State())
  private let maximum: Int
  private let maximumStrangers: Int

  /// - Parameter maximumStrangers: of those that will only be told that they may not come in.
  init(maximum: Int, maximumStrangers: Int) {
    self.maximum = maximum
    self.maximumStrangers = maximumStrangers
  }

  var isFull: Bool { state.withLock { $0.channels.count } >= maximum }

  /// Returns whether there is a place for it.
  func add(_ channel: any Channel, isStranger: Bool) -> Bool {
    state.withLock { state in
      if isStranger {
        guard state.strangers.count < maximumStrangers else { return false }
        state.strangers.insert(ObjectIdentifier(channel))
      }
      state.channels[ObjectIdentifier(channel)] = channel
      return true
    }
  }

  func remove(_ channel: any Channel) {
    state.withLock { state in
      state.channels.removeValue(forKey: ObjectIdentifier(channel))
      state.strangers.remove(ObjectIdentifier(channel))
    }
  }

  /// Asks every connection to end after what it is doing; those that have not by the deadline are closed.
  func quiesce(within limit: TimeAmount, on eventLoop: any EventLoop) async {
    let open = state.withLock { Array($0.channels.values) }
    for channel in open { channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
    let deadline = eventLoop.scheduleTask(in: limit) {
      for channel in open { channel.close(promise: nil) }
    }
    try? await EventLoopFuture.andAllComplete(open.map(\.closeFuture), on: eventLoop).get()
    deadline.cancel()
  }
}

/// Stands at a server's listening channel: while the set is full, further connections wait in the listen queue.
/// Strangers have few places, and are hung up on when those are taken: they cannot keep others waiting.
final class AcceptGate: ChannelDuplexHandler {
  typealias InboundIn = any Channel
  typealias InboundOut = any Channel
  typealias OutboundIn = Never

  private let connections: ConnectionSet
  private let allowed: NetworkList
  private var isWaiting = false

  init(connections: ConnectionSet, allowed: NetworkList) {
    self.connections = connections
    self.allowed = allowed
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let channel = unwrapInboundIn(data)
    let isAllowed = channel.remoteAddress.map(allowed.allows) ?? false
    guard connections.add(channel, isStranger: !isAllowed) else { return channel.close(promise: nil) }
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
