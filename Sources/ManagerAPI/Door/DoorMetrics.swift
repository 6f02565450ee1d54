import NIOCore
import NIOHTTP1

/// What the door counts of itself.
struct DoorMetrics: Sendable {
  private let accepted: Counter
  private let commit: Histogram
  private let codes: [Int: Counter]
  private let otherCodes: Counter

  private static let knownCodes = [200, 400, 403, 404, 405, 413, 414, 431, 503]

  init(_ registry: MetricsRegistry) {
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

  func answered(_ status: HTTPResponseStatus) {
    (codes[Int(status.code)] ?? otherCodes).add()
  }
}
