import Glibc
import NIOCore
import Raft

/// What makes the kernel notice a cut link soon.
enum SocketOptions {
  /// Idle seconds before the first probe, seconds between probes, and probes without an answer. With
  /// `TCP_USER_TIMEOUT` set, that bounds the whole (tcp(7)); the count only has to be higher.
  private static let probes: [(CInt, Int)] = [(TCP_KEEPIDLE, 1), (TCP_KEEPINTVL, 1), (TCP_KEEPCNT, 10)]

  /// The options of both ends of a connection; `silence` as in `Peers.Timings`.
  static func connection(silence: Duration) -> [(ChannelOptions.Types.SocketOption, Int)] {
    let tcp = [(TCP_NODELAY, 1), (TCP_USER_TIMEOUT, silence.milliseconds)] + probes
    return [(ChannelOptions.socketOption(.so_keepalive), 1)]
      + tcp.map { (ChannelOptions.tcpOption(.init(rawValue: $0.0)), $0.1) }
  }
}

extension Channel {
  /// The kernel's smoothed estimate of the round trip.
  func roundTrip() -> EventLoopFuture<Duration>? {
    (self as? any SocketOptionProvider)?.getTCPInfo().map { .microseconds(Int($0.tcpi_rtt)) }
  }
}
