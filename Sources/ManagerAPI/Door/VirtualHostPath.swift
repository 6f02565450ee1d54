/// An address in Zope's form `/VirtualHostBase/SCHEME/HOST:PORT/INNER/VirtualHostRoot/_vh_OUTER/REST`: the site's
/// public address is `SCHEME://HOST/OUTER/REST`, and the object is `/INNER/REST`.
struct VirtualHostPath: Equatable {
  /// Without a port that goes without saying.
  let host: String
  let path: String

  init?(_ path: String) {
    let marker = "/VirtualHostBase/"
    guard path.hasPrefix(marker) else { return nil }
    // The root is looked for behind the marker: in `/VirtualHostBase/VirtualHostRoot` the two share a slash.
    let base = path.dropFirst(marker.count)
    guard let root = base.firstRange(of: "/VirtualHostRoot") else { return nil }
    let parts = base[..<root.lowerBound].split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
    let rest = base[root.upperBound...]
    guard parts.count >= 2, !parts[0].isEmpty, !parts[1].isEmpty,
      rest.first.map({ "/?".contains($0) }) ?? true
    else { return nil }
    host = Self.withoutUsualPort(parts[1], scheme: parts[0])
    self.path = Self.publicPath(rest)
  }

  private static func withoutUsualPort(_ host: Substring, scheme: Substring) -> String {
    let usual = scheme == "https" ? ":443" : ":80"
    return String(host.hasSuffix(usual) ? host.dropLast(usual.count) : host)
  }

  /// Segments with `_vh_` stand for those of the public address before the site's own.
  private static func publicPath(_ rest: Substring) -> String {
    let query = rest.firstIndex(of: "?") ?? rest.endIndex
    var segments = rest[..<query].split(separator: "/", omittingEmptySubsequences: false).dropFirst()
    var outer: [Substring] = []
    while let first = segments.first, first.hasPrefix("_vh_") {
      outer.append(first.dropFirst("_vh_".count))
      segments = segments.dropFirst()
    }
    return "/" + (outer + segments).joined(separator: "/") + rest[query...]
  }
}
