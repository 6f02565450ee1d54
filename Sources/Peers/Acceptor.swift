import NIOCore
import NIOPosix
import NIOSSL
import Raft

/// Takes the peers' connections, and keeps strangers from taking more than their share. Lives on the event
/// loop.
final class Acceptor: LinkOwner {
  private let board: Switchboard
  private let limit: Int
  /// Those who have not shown who they are, the oldest first.
  private var unknown: [Link] = []
  /// At most one connection a peer: the newest, because the peer opens a new one only when the old is dead.
  private var known: [NodeID: Link] = [:]
  private var isStopped = false

  init(board: Switchboard, limit: Int) {
    self.board = board
    self.limit = limit
  }

  var members: MemberTable { board.members }

  /// Listens; the future's channel is the listening socket.
  func listen(host: String, port: Int) -> EventLoopFuture<any Channel> {
    let own = NIOLoopBound(self, eventLoop: board.eventLoop)
    var bootstrap = ServerBootstrap(group: board.eventLoop)
      .serverChannelOption(.backlog, value: 256)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try own.value.accept(channel) }
      }
    for (option, value) in SocketOptions.connection(silence: board.timings.silence) {
      bootstrap = bootstrap.childChannelOption(option, value: value)
    }
    return bootstrap.bind(host: host, port: port)
  }

  /// Closes the connections of whoever was removed.
  func membersChanged() {
    for link in known.values {
      if let peer = link.peer, !members.takes(peer) { link.close(because: .removed(peer)) }
    }
  }

  /// Closes all connections and takes no more.
  func stop() {
    isStopped = true
    for link in unknown + known.values { link.close(because: .stopping) }
  }

  private func accept(_ channel: any Channel) throws {
    guard !isStopped else { throw LinkFailure.stopping }
    let link = Link(.acceptor, settings: board.settings(board.timings.acceptance), owner: self)
    try channel.pipeline.syncOperations.addHandlers(NIOSSLServerHandler(context: board.tls.server), link)
    unknown.append(link)
    if unknown.count > limit { unknown.first?.close(because: .crowdedOut(limit: limit)) }
  }

  // MARK: What a link says

  func opened(_ link: Link, by hello: Hello) {
    forget(link)
    known.removeValue(forKey: hello.node)?.close(because: .replaced)
    known[hello.node] = link
    board.mailbox(hello.node)?.receives(true)
    board.heardFrom(hello.node)
  }

  func received(_ frames: [[UInt8]], bytes: Int, on link: Link) {
    guard let peer = link.peer, let incarnation = link.incarnation else {
      preconditionFailure("a payload passed before the hello")
    }
    board.mailbox(peer)?.received(frames: frames.count, bytes: bytes)
    board.emit(.received(from: peer, incarnation: incarnation, frames: frames))
  }

  func becameWritable(_ link: Link) {}

  func closed(_ link: Link, because failure: LinkFailure) {
    forget(link)
    if let peer = link.peer, known[peer] === link {
      known[peer] = nil
      board.mailbox(peer)?.receives(false)
    }
    board.logRefused(link, because: failure)
  }

  private func forget(_ link: Link) {
    if let index = unknown.firstIndex(where: { $0 === link }) { unknown.remove(at: index) }
  }
}
