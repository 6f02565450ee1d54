package import Cluster

/// What a PURGE request names: the address to forget, kept byte for byte as it was sent.
package enum PurgeTarget {
  package enum Refusal: Error, Equatable {
    case notAnAddress
    case undecodable
  }

  /// - Parameters:
  ///   - target: the request line's target; the absolute form's own host counts before the header
  ///     (RFC 9112, section 3.2.2).
  ///   - host: the `Host` header.
  ///   - names: the door's own names: purgers such as Plone send the name they connected to, not the site's.
  package static func purge(target: String, host: String?, names: DoorNames) throws(Refusal) -> Purge {
    // The decoder puts U+FFFD in place of bytes that are no UTF-8; purging such an address would purge another.
    guard !target.unicodeScalars.contains("\u{fffd}") else { throw .undecodable }
    if target.utf8.first == UInt8(ascii: "/") {
      return .address(host: names.site(host), path: target)
    }
    guard let (authority, path) = absolute(target) else { throw .notAnAddress }
    return .address(host: names.site(authority), path: path)
  }

  private static func absolute(_ target: String) -> (authority: String, path: String)? {
    let lowered = target.prefix(8).lowercased()
    guard let scheme = ["http://", "https://"].first(where: lowered.hasPrefix) else { return nil }
    let rest = target.dropFirst(scheme.count)
    let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
    let path = rest[end...]
    guard end > rest.startIndex else { return nil }
    return (String(rest[..<end]), path.first == "/" ? String(path) : "/" + path)
  }
}

/// The names by which clients reach the door itself. A `Host` that is one of them says nothing about the site.
package struct DoorNames {
  private let names: Set<String>
  private let portSuffix: String
  /// The address that this connection's client connected to.
  package var local: String?

  /// - Parameters:
  ///   - names: host names and addresses, in any case.
  ///   - port: the port the door listens on: no site is served on it, whatever name stands before it.
  package init(_ names: [String], port: Int) {
    self.names = Set(names.map { $0.lowercased() })
    portSuffix = ":\(port)"
  }

  /// The site's host, or nil when the header is missing or names the door.
  func site(_ host: String?) -> String? {
    guard let host, !host.isEmpty, !host.hasSuffix(portSuffix) else { return nil }
    let name = Self.withoutPort(host).lowercased()
    return names.contains(name) || name == local ? nil : host
  }

  private static func withoutPort(_ host: String) -> Substring {
    if host.first == "[" { return host.dropFirst().prefix { $0 != "]" } }
    guard let colon = host.lastIndex(of: ":"), host[host.index(after: colon)...].allSatisfy(\.isNumber) else {
      return host[...]
    }
    return host[..<colon]
  }
}
