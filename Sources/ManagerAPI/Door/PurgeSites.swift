/// The hosts that purges are for: Plone and other purgers send the name of the purger in place of the site's.
public struct PurgeSites: Hashable, Sendable {
  /// The sites that every purge without a site's host is for; none: it is purged under whatever host it is cached. A
  /// host that is unknown may be a name of the purger: a purge with it is for that host and for all of these.
  public var all: [String]
  /// The sites that a purge with a certain host is for, by the host in lower case.
  public var byHost: [String: [String]]

  public init(all: [String] = [], byHost: [String: [String]] = [:]) {
    self.all = all
    self.byHost = byHost
  }

  func hosts(for host: String?) -> [String?] {
    guard let host else { return all.isEmpty ? [nil] : all }
    let name = host.lowercased()
    if let sites = byHost[name] { return sites }
    return all.contains { $0.lowercased() == name } ? [host] : [host] + all
  }
}

/// The names by which clients reach the door itself. A `Host` that is one of them says nothing about the site.
package struct DoorNames: Sendable {
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
