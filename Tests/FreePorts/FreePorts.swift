import Glibc
import Synchronization

/// Ports of the loopback for the servers that tests start.
///
/// They lie below the range from which the kernel takes ports for outgoing connections (32768 on, `ip(7)`): there,
/// between the look at a port and the server's start, any connection of another test could take it; so could a client
/// that tries to connect before its server listens, by being given the very port as its own. Each is handed out once
/// in a process.
public enum FreePorts {
  private static let next = Mutex(Int(getpid()) % 1_000 * 10)

  /// A port from 20000 to 29999 on which nobody listens.
  public static func take() -> Int {
    for _ in 0..<10_000 {
      let port = next.withLock { next in
        next = (next + 1) % 10_000
        return 20_000 + next
      }
      if isFree(port) { return port }
    }
    preconditionFailure("no port from 20000 to 29999 of the loopback is free")
  }

  private static func isFree(_ port: Int) -> Bool {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(socket) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    return withUnsafeBytes(of: &address) { bytes in
      bind(
        socket, bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self),
        socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
    }
  }
}
