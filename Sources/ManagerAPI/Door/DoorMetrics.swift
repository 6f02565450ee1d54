import Logging
import NIOCore
import NIOHTTP1
import Synchronization

/// What the door counts of itself.
struct DoorMetrics: Sendable {
  private let accepted: Counter
  private let commit: Histogram
  private let codes: [Int: Counter]
  private let otherCodes: Counter

  private let failures: [(GatewayError?, Counter)]
  private let notice: RareNotice

  private static let knownCodes = [200, 400, 403, 404, 405, 409, 413, 414, 429, 431, 503]

  init(_ registry: MetricsRegistry, logger: Logger) {
    notice = RareNotice(logger)
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
    notice.tell("purges were refused for now", ["reason": "\(error)", "purges": "\(count)"])
  }

  func answered(_ status: HTTPResponseStatus) {
    (codes[Int(status.code)] ?? otherCodes).add()
  }
}

/// A warning that is written at most every ten seconds: a flood of requests must not become one of lines.
private final class RareNotice: Sendable {
  private let logger: Logger
  /// Guards when the next may be written, against the event loops.
  private let next = Mutex(NIODeadline.uptimeNanoseconds(0))

  init(_ logger: Logger) { self.logger = logger }

  func tell(_ message: Logger.Message, _ metadata: Logger.Metadata) {
    let isDue = next.withLock { next in
      guard NIODeadline.now() >= next else { return false }
      next = .now() + .seconds(10)
      return true
    }
    if isDue { logger.warning(message, metadata: metadata) }
  }
}
