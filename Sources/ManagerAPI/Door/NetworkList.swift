import Glibc
public import NIOCore

/// The networks that may use the zone's door.
public struct NetworkList: Hashable, Sendable {
  public let networks: [Network]

  public init(_ networks: [Network]) { self.networks = networks }

  /// Reads networks in CIDR form.
  ///
  /// - Throws: `NetworkError` for the first that is none.
  public init(parsing texts: [String]) throws(NetworkError) {
    var networks: [Network] = []
    for text in texts { networks.append(try Network(text)) }
    self.networks = networks
  }

  /// Whether a peer with this address may come in. A Unix socket is guarded by its file's mode.
  public func allows(_ address: SocketAddress) -> Bool {
    guard let bytes = Network.bytes(of: address) else { return true }
    return networks.contains { $0.contains(bytes) }
  }
}

extension NetworkList {
  /// Of its networks the first that is not wholly within another list's.
  public func firstOutside(_ other: NetworkList) -> Network? {
    networks.first { network in !other.networks.contains { $0.contains(network) } }
  }
}

/// Addresses that share a prefix, such as `10.0.0.0/8`, `fd00::/8`, or a single `10.0.0.4`.
public struct Network: Hashable, Sendable, CustomStringConvertible {
  /// In network order: 4 bytes or 16. Bits beyond the prefix are zero.
  private let address: [UInt8]
  private let prefixLength: Int
  public let description: String

  /// Reads CIDR form; without a slash the address stands alone.
  ///
  /// - Throws: `NetworkError` when it is no address, the prefix is too long, or bits beyond it are set: that
  ///   is more often a typing error than a wish.
  public init(_ text: String) throws(NetworkError) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let first = parts.first, let bytes = Network.bytes(ofIP: String(first)) else {
      throw NetworkError(text: text, reason: "it is no IP address")
    }
    let bits = bytes.count * 8
    var length = bits
    if parts.count == 2 {
      guard let given = Int(parts[1]), parts[1].allSatisfy(\.isNumber), (0...bits).contains(given) else {
        throw NetworkError(text: text, reason: "the prefix must be a number from 0 to \(bits)")
      }
      length = given
    }
    let masked = Network.masked(bytes, to: length)
    guard masked == bytes else {
      throw NetworkError(text: text, reason: "bits beyond the prefix are set")
    }
    address = bytes
    prefixLength = length
    description = parts.count == 2 ? text : "\(text)/\(bits)"
  }

  func contains(_ other: Network) -> Bool {
    other.prefixLength >= prefixLength && contains(other.address)
  }

  func contains(_ bytes: [UInt8]) -> Bool {
    bytes.count == address.count && Network.masked(bytes, to: prefixLength) == address
  }

  private static func masked(_ bytes: [UInt8], to length: Int) -> [UInt8] {
    bytes.enumerated().map { place, byte in
      let kept = min(8, max(0, length - place * 8))
      return byte & UInt8(truncatingIfNeeded: 0xff00 >> kept)
    }
  }

  /// The address in network order; an IPv4 address inside IPv6 (`::ffff:10.0.0.4`, as a socket that listens
  /// on both sees it) as the IPv4 address it is. Nil for a Unix socket.
  static func bytes(of address: SocketAddress) -> [UInt8]? {
    guard let text = address.ipAddress, let bytes = bytes(ofIP: text) else { return nil }
    let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]
    return bytes.count == 16 && bytes.starts(with: mapped) ? Array(bytes[12...]) : bytes
  }

  private static func bytes(ofIP text: String) -> [UInt8]? {
    for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
      var bytes = [UInt8](repeating: 0, count: count)
      if inet_pton(family, text, &bytes) == 1 { return bytes }
    }
    return nil
  }
}

/// A text that names no network.
public struct NetworkError: Error, Hashable, Sendable, CustomStringConvertible {
  public let text: String
  public let reason: String

  public var description: String {
    "'\(text)' is no network: \(reason); write it like 10.0.0.0/8, fd00::/8 or 10.0.0.4"
  }
}
