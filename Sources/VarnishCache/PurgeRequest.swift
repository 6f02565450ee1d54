import Cluster

/// One address to forget. The host has to be the one under which it is cached.
struct PurgeRequest: Hashable, Sendable {
  var host: String
  var path: String

  /// By bytes, as `Purge`.
  static func == (one: PurgeRequest, other: PurgeRequest) -> Bool {
    one.path.hasBytes(of: other.path) && one.host.hasBytes(of: other.host)
  }

  var head: PurgeText { PurgeText(path: path, headers: [("Host", host)]) }

  /// Where `tercet.vcl` stands before a site's own rules, Varnish purges this as it does every address.
  static let probe = PurgeRequest(host: "tercet", path: "/")

  /// The answer of a Varnish that has no `xkey`.
  static let withoutKeys = 501

  /// One request by keys, of which it has room for a group.
  static func keys(_ keys: [String], soft: Bool) -> PurgeText {
    let name = soft ? "xkey-softpurge" : "xkey-purge"
    return PurgeText(path: "/", headers: [("Host", "tercet"), (name, keys.joined(separator: " "))])
  }

  /// As many groups as it takes, each with as many keys as fit.
  static func groups(of keys: [String]) -> [[String]] {
    var groups: [[String]] = []
    var bytes = longestKeys
    for key in keys {
      if bytes + key.utf8.count > longestKeys {
        groups.append([])
        bytes = 0
      }
      groups[groups.count - 1].append(key)
      bytes += key.utf8.count + 1
    }
    return groups
  }

  /// Bytes of one header: half of what Varnish takes (`http_req_hdr_len`).
  private static let longestKeys = 4_000
}
