import Logging
import NIOCore
import NIOHTTP1

/// What the door counts of itself.
struct DoorMetrics: Sendable {
  private let accepted: Counter
  private let commit: Histogram
  private let codes: [Int: Counter]
  private let otherCodes: Counter

  private let failures: [(GatewayError?, Counter)]
  private let purgeNotice: RareNotice
  private let garbageNotice: RareNotice

  private static let knownCodes = [200, 400, 403, 404, 405, 409, 413, 414, 429, 431, 503]

  init(_ registry: MetricsRegistry, logger: Logger) {
    purgeNotice = RareNotice(logger)
    garbageNotice = RareNotice(logger)
    func refused(_ reason: String) -> Counter {
      registry.counter(
        "tercet_purges_refused_total",
        help: "PURGE requests that were told to come again, as no majority or too much else waited.",
        labels: [MetricLabel("reason", reason)])
    }
    failures = [
      (.overloaded, refused("overloaded")), (.noQuorum, refused("noQuorum")), (nil, refused("other")),
    ]
    accepted = registry.counter(
      "tercet_purges_accepted_total", help: "PURGE requests that a majority of the managers has taken.")
    commit = registry.histogram(
      "tercet_purge_commit_seconds", help: "Time from reading a batch of purges to its commit.")
    func counter(_ code: String) -> Counter {
      registry.counter(
        "tercet_http_requests_total", help: "HTTP requests answered, by server and status code.",
        labels: [MetricLabel("server", "door"), MetricLabel("code", code)])
    }
    codes = Dictionary(uniqueKeysWithValues: Self.knownCodes.map { ($0, counter(String($0))) })
    otherCodes = counter("other")
  }

  func purged(_ count: Int, in time: TimeAmount) {
    accepted.add(UInt64(count))
    commit.observe(Double(time.nanoseconds) / 1e9)
  }

  /// Purges that the client has to bring again. That is never silent: it is counted, and told in the log.
  func refused(_ count: Int, _ error: GatewayError) {
    let counter = failures.first { $0.0 == error }?.1 ?? failures[failures.count - 1].1
    counter.add(UInt64(count))
    purgeNotice.tell("purges were refused for now", ["reason": "\(error)", "purges": "\(count)"])
  }

  /// What came is no HTTP.
  func garbage(from address: SocketAddress?, _ reason: any Error) {
    garbageNotice.tell(
      "what came to the door is no HTTP request",
      [
        "address": "\(address?.endpoint ?? "unknown")", "reason": "\(reason)",
        "remedy": "the door speaks plain HTTP; see what runs there, and door.allow in tercetd.yaml",
      ])
  }

  func answered(_ status: HTTPResponseStatus) {
    (codes[Int(status.code)] ?? otherCodes).add()
  }
}
