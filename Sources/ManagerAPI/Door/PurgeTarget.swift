package import Cluster

/// What a PURGE request names: the addresses to forget, kept byte for byte as they were sent, or tags.
package enum PurgeTarget {
  package enum Refusal: Error, Equatable {
    case notAnAddress
    case undecodable
    /// A tag or an address that no cache takes, with a sentence for people.
    case unfit(String)
  }

  /// - Parameters:
  ///   - target: the request line's target; the absolute form's own host counts before the header
  ///     (RFC 9112, section 3.2.2).
  ///   - host: the `Host` header.
  ///   - names: the door's own names: purgers such as Plone send the name they connected to, not the site's.
  ///   - sites: the hosts that are meant.
  package static func purges(
    target: String, host: String?, names: DoorNames, sites: PurgeSites = PurgeSites()
  ) throws(Refusal) -> [Purge] {
    // The decoder puts U+FFFD in place of bytes that are no UTF-8; purging such an address would purge another.
    guard !target.holdsReplacement, host?.holdsReplacement != true else { throw .undecodable }
    var (authority, path) = (host, target)
    if target.utf8.first != UInt8(ascii: "/") {
      guard let absolute = absolute(target) else { throw .notAnAddress }
      (authority, path) = absolute
    }
    let purges = try purges(path: path, host: names.site(authority), sites)
    if let complaint = purges.lazy.compactMap(\.complaint).first { throw .unfit(complaint) }
    return purges
  }

  private static func purges(path: String, host: String?, _ sites: PurgeSites) throws(Refusal) -> [Purge] {
    if let identity = identity(path) { return [try key(identity, soft: false)] }
    let hosts = sites.hosts(for: host)
    guard let site = VirtualHostPath(path) else { return hosts.map { .address(host: $0, path: path) } }
    // Where Varnish stands behind whatever rewrites addresses, pages are cached under the long path; where it stands
    // before it, under the public one. What rewrites may name Varnish itself as the host (nginx does, unless told
    // otherwise): when nobody says under which, the long path is purged whatever its host.
    let others = host == nil ? [nil] : hosts.filter { $0?.lowercased() != site.host.lowercased() }
    return ([site.host] + others).map { .address(host: $0, path: path) }
      + [.address(host: site.host, path: site.path)]
  }

  /// The identity in `/@@purgebyid/IDENTITY` (collective.purgebyid), on whatever site's path.
  private static func identity(_ path: String) -> String? {
    let marker = "/@@purgebyid/"
    // To look for a text costs more than all else here, and hardly any path has this one's beginning.
    guard path.utf8.contains(UInt8(ascii: "@")) else { return nil }
    guard let range = path.firstRange(of: marker) else { return nil }
    let rest = path[range.upperBound...].prefix { $0 != "/" && $0 != "?" }
    return rest.isEmpty ? nil : String(rest)
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

  // MARK: Tags

  /// The headers by which a PURGE names tags in the place of an address: those of `xkey`'s own examples, and that of
  /// collective.purgebyid, whose identities stand between `#`.
  private static let tagHeaders = [
    ("xkey", false), ("xkey-purge", false), ("xkey-softpurge", true), ("x-ids-involved", false),
  ]

  /// - Parameter values: all values of a header, by its name in lower case.
  /// - Returns: nothing when the request names no tags.
  package static func keys(_ values: (String) -> [String]) throws(Refusal) -> [Purge] {
    var purges: [Purge] = []
    for (name, soft) in tagHeaders {
      for value in values(name) {
        guard !value.unicodeScalars.contains("\u{fffd}") else { throw .undecodable }
        for tag in value.split(whereSeparator: { " \t,#".contains($0) }) {
          purges.append(try key(String(tag), soft: soft))
        }
      }
    }
    guard purges.count <= State.maximumPurges else {
      throw .unfit("one request names at most \(State.maximumPurges) tags, not \(purges.count)")
    }
    return purges
  }

  private static func key(_ text: String, soft: Bool) throws(Refusal) -> Purge {
    let purge = Purge.key(name: text, soft: soft)
    if let complaint = purge.complaint { throw .unfit(complaint) }
    return purge
  }
}

extension String {
  /// Whether it holds U+FFFD, the first of whose bytes hardly any address has.
  fileprivate var holdsReplacement: Bool {
    utf8.contains(0xEF) && unicodeScalars.contains("\u{fffd}")
  }
}
