import Cluster

/// Addresses of one host that one request purges (`tercet.vcl`), which costs Varnish and us less than half of what as
/// many requests cost.
struct PurgeBundle: Hashable, Sendable {
  private(set) var targets: [PurgeRequest]

  /// Varnish turns to the next address by a restart, and allows four (`max_restarts`, unless that was changed).
  private static let most = 5
  /// Bytes of addresses in one request: half of what Varnish takes in a header (`http_req_hdr_len`). At each restart it
  /// keeps what is left of them once more.
  private static let mostBytes = 4_000

  /// The answer to several, when all are purged. It is not 200: that is what a `tercet.vcl` of an earlier version
  /// answers, which purges the first alone.
  private static let allPurged = 207
  /// The answer of a second purge to one address: after each of several purges the page was there again.
  static let isThereAgain = 409
  /// The answers to a purge at once, for one address and for several: purged, and none was being fetched.
  private static let settled = (one: 210, several: 217)
  /// Purged; of some something was there.
  private static let unsettled = (one: 211, several: 218)

  /// All of them, in bundles as large as may be.
  static func bundles(of targets: [PurgeRequest]) -> [PurgeBundle] {
    var bundles: [PurgeBundle] = []
    /// Where the bundle is that still takes addresses of a host, and the bytes it holds. Looked up by key only.
    var open: [String: (place: Int, bytes: Int)] = [:]
    for target in targets {
      let size = target.path.utf8.count + 1
      if let (place, bytes) = open[target.host], bundles[place].targets.count < most,
        bytes + size <= mostBytes, bundles[place].targets[0].host.hasBytes(of: target.host)
      {
        bundles[place].targets.append(target)
        open[target.host] = (place, bytes + size)
      } else {
        open[target.host] = (bundles.count, size)
        bundles.append(PurgeBundle(targets: [target]))
      }
    }
    return bundles
  }

  /// How an address is purged.
  enum Way: String {
    /// Waits for nothing.
    case plain = ""
    /// The answer comes when no fetch of it is under way, and then it is purged and settled.
    case atOnce = "X-Tercet-At-Once"
    /// A second time: the answer comes when no fetch of it is under way, and what came in meanwhile is purged.
    case settling = "X-Tercet-Settle"
  }

  func request(_ way: Way = .plain) -> PurgeText {
    var request = targets[0].head
    if targets.count > 1 {
      request.headers.append(("X-Tercet-More", targets.dropFirst().map(\.path).joined(separator: " ")))
    }
    if way != .plain { request.headers.append((way.rawValue, "1")) }
    return request
  }

  /// What the answer says of each of the addresses; nil if they have to be asked for one by one.
  func status(by answer: Int) -> Int? {
    guard targets.count > 1 else { return answer }
    return answer == Self.allPurged ? 200 : nil
  }

  /// What came of a purge at once.
  func outcome(by answer: Int) -> Outcome {
    let isOne = targets.count == 1
    if answer == (isOne ? Self.settled.one : Self.settled.several) { return .settled }
    return answer == (isOne ? Self.unsettled.one : Self.unsettled.several) ? .purged : .refused
  }

  enum Outcome {
    /// Nothing is left to be done.
    case settled
    /// Something was there, or may be on its way.
    case purged
    /// It is to be purged in another way.
    case refused
  }

  /// Each alone.
  var apart: [PurgeBundle] { targets.map { PurgeBundle(targets: [$0]) } }
}
