import Glibc
import NIOCore
import NIOPosix
import NIOSSL

/// What went wrong with a connection, in words for people: the libraries' own are for programmers.
enum ConnectionTrouble {
  /// Without places in source files.
  static func words(for error: any Error) -> String {
    switch error {
    case let error as IOError: return String(cString: strerror(error.errnoCode))
    case NIOSSLError.handshakeFailed(let reason): return "TLS failed: \(reasonOfTLS("\(reason)"))"
    case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError:
      return "TLS failed: \(reasonOfTLS("\(error)"))"
    default: return "\(error)"
    }
  }

  /// Whether it belongs to the ordinary life of connections: the other side, or the network, ended one. Port scans and
  /// checks of health end theirs before they show who they are.
  static func isOrdinary(_ error: any Error) -> Bool {
    switch error {
    case is IOError, is ChannelError, NIOSSLError.uncleanShutdown,
      NIOSSLError.handshakeFailed(.sslError([.eofDuringHandshake])):
      true
    default: false
    }
  }

  /// BoringSSL's reason (`...:OPENSSL_internal:WRONG_VERSION_NUMBER at file:line`) in plain words.
  private static func reasonOfTLS(_ text: String) -> String {
    let marker = "OPENSSL_internal:"
    guard let range = text.firstRange(of: marker) else { return text }
    let reason = text[range.upperBound...].prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    return reason.lowercased().split(separator: "_").joined(separator: " ")
  }
}

extension SocketAddress {
  /// Address and port as people write them.
  var endpoint: String {
    guard let ipAddress, let port else { return "\(self)" }
    return ipAddress.contains(":") ? "[\(ipAddress)]:\(port)" : "\(ipAddress):\(port)"
  }
}
