import Glibc
import NIOCore
import NIOPosix
import NIOSSL

extension LinkFailure {
  /// What an error of an established channel means.
  init(_ error: any Error, whileSecuring: Bool) {
    switch error {
    case NIOSSLError.uncleanShutdown:
      self = .closed(Self.byPeer)
    case NIOSSLError.handshakeFailed(.sslError([.eofDuringHandshake])):
      // A port scan, a load balancer's check, or a peer that stops.
      self = .closed("the other side closed it before it showed who it is")
    default:
      let words = Self.words(for: error)
      self = whileSecuring && !(error is IOError) ? .tls(words) : .closed(words)
    }
  }

  /// Why a channel could not be established.
  init(dialing error: any Error) {
    self = .unreachable(Self.words(for: error))
  }

  /// The other side's end, without a reason.
  static let byPeer = "the other side closed it"

  /// What went wrong, without places in source files and without anything unprintable.
  private static func words(for error: any Error) -> String {
    let text =
      switch error {
      case let error as IOError:
        String(cString: strerror(error.errnoCode))
      case let error as NIOConnectionError:
        error.connectionErrors.first.map { words(for: $0.error) } ?? "the name \(error.host) is not known"
      case ChannelError.connectTimeout:
        "no answer in time"
      case NIOSSLError.handshakeFailed(let reason):
        boringWords("\(reason)")
      default:
        "\(error)"
      }
    return Hello.printable(text, limit: Handshake.refusalBytes)
  }

  /// BoringSSL's reason (`...:OPENSSL_internal:WRONG_VERSION_NUMBER at file:line`) in plain words.
  private static func boringWords(_ text: String) -> String {
    let marker = "OPENSSL_internal:"
    guard let range = text.firstRange(of: marker) else { return text }
    let reason = text[range.upperBound...].prefix { $0 != " " }
    return reason.lowercased().split(separator: "_").joined(separator: " ")
  }
}
