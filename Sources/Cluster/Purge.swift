/// Something that every cache must forget.
public enum Purge: Hashable, Codable, Sendable {
  /// One address with all its variants. Without a host it is purged under whatever host it was cached.
  case address(host: String?, path: String)
  /// Everything a ban expression matches, see `BanExpression`.
  case ban(expression: String)
  /// Everything tagged with a key: `xkey`, or an identity of `X-Ids-Involved`. A soft purge leaves the pages for
  /// their grace: each is served once more while it is fetched anew.
  case key(name: String, soft: Bool)

  /// Forgets everything: no response has the status 0.
  public static let everything = Purge.ban(expression: "obj.status != 0")

  /// Why no cache could carry it out, as a sentence without an end; nil when it makes sense. It is asked before a purge
  /// is proposed, and may be stricter in a later version.
  ///
  /// An address that holds what no request can carry does: it is in no cache. One that is longer than a cache takes
  /// does not: asked to forget it, a cache would answer with an error, and wait with what follows.
  public var complaint: String? {
    guard case .ban(let expression) = self else { return flaw }
    do throws(BanExpression.Malformed) {
      _ = try BanExpression(parsing: expression)
      return nil
    } catch {
      return error.description
    }
  }

  /// Why it does not come into the queue of purges though it stands in the log; nil when it does.
  ///
  /// Every version has to come to the same: what an earlier one has taken and answered is purged, and all managers have
  /// the same state. So no rule of how caches are spoken to belongs here; a ban that may not be said to Varnish any more
  /// is carried out in another way (`VarnishCache`).
  var flaw: String? {
    switch self {
    case .address(let host, let path):
      if let host, host.utf8.count > Self.maximumHostBytes {
        return "'\(host.prefix(80))…' is no host: it takes at most \(Self.maximumHostBytes) bytes"
      }
      return path.utf8.count <= Self.maximumPathBytes
        ? nil : "'\(path.prefix(80))…' is too long: a path takes at most \(Self.maximumPathBytes) bytes"
    case .ban(let expression):
      return expression.utf8.count <= BanExpression.maximumLength
        ? nil
        : "'\(expression.prefix(80))…' is too long: a ban takes at most \(BanExpression.maximumLength) bytes"
    case .key(let key, _): return isValidKey(key) ? nil : "'\(key.prefix(80))' is no key: \(keyRule)"
    }
  }

  /// Bytes of the longest host: a DNS name and a port.
  public static let maximumHostBytes = 260
  /// Bytes of the longest path with its query, as the zone's door takes it.
  public static let maximumPathBytes = 8_192

  /// Bytes of its texts.
  public var byteCount: Int {
    switch self {
    case .address(let host, let path): (host?.utf8.count ?? 0) + path.utf8.count
    case .ban(let expression): expression.utf8.count
    case .key(let key, _): key.utf8.count
    }
  }
}

extension Purge {
  /// By bytes, as caches tell addresses apart: two spellings of one letter, which are equal as texts, are two pages.
  public static func == (one: Purge, other: Purge) -> Bool {
    switch (one, other) {
    case (.address(let host, let path), .address(let otherHost, let otherPath)):
      path.hasBytes(of: otherPath) && (host ?? "").hasBytes(of: otherHost ?? "")
        && (host == nil) == (otherHost == nil)
    case (.ban(let expression), .ban(let otherExpression)): expression.hasBytes(of: otherExpression)
    case (.key(let key, let soft), .key(let otherKey, let otherSoft)):
      soft == otherSoft && key.hasBytes(of: otherKey)
    default: false
    }
  }
}

extension String {
  /// Whether it is the same text in the same encoding; `==` takes canonically equivalent ones for equal.
  public func hasBytes(of other: String) -> Bool { self == other && utf8.elementsEqual(other.utf8) }
}

private let keyRule = "it takes 1 to 200 bytes without white space, commas, quotes and control characters"

/// Caches split lists of keys at white space and commas; the rest could end the line that carries a key.
private func isValidKey(_ key: String) -> Bool {
  (1...200).contains(key.utf8.count)
    && key.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && !"\"',\\".utf8.contains($0) }
}
