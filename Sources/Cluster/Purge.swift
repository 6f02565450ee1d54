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

  /// Why no cache could carry it out, as a sentence without an end; nil when it makes sense.
  ///
  /// Addresses always do: one that no request can carry is in no cache.
  public var complaint: String? {
    switch self {
    case .address: return nil
    case .ban(let expression):
      do throws(BanExpression.Malformed) {
        _ = try BanExpression(parsing: expression)
        return nil
      } catch {
        return error.description
      }
    case .key(let key, _): return isValidKey(key) ? nil : "'\(key.prefix(80))' is no key: \(keyRule)"
    }
  }

  /// Bytes of its texts.
  public var byteCount: Int {
    switch self {
    case .address(let host, let path): (host?.utf8.count ?? 0) + path.utf8.count
    case .ban(let expression): expression.utf8.count
    case .key(let key, _): key.utf8.count
    }
  }
}

private let keyRule = "it takes 1 to 200 bytes without white space, commas, quotes and control characters"

/// Caches split lists of keys at white space and commas; the rest could end the line that carries a key.
private func isValidKey(_ key: String) -> Bool {
  (1...200).contains(key.utf8.count)
    && key.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && !"\"',\\".utf8.contains($0) }
}
