import Synchronization

/// The process's own counters and histograms, beside those that are read off the cluster's view.
///
/// Each instrument is made once and kept by whoever counts; counting takes no lock that a scrape could hold for
/// long. Names follow Prometheus: `tercet_`, the thing, its unit, and `_total` for counters.
public final class MetricsRegistry: Sendable {
  private let families = Mutex<[Family]>([])

  public init() {}

  /// A number that only rises.
  ///
  /// - Parameters:
  ///   - name: such as `tercet_proposals_total`.
  ///   - help: one sentence for people.
  ///   - labels: name and value; the same name with other labels is another series of one family.
  public func counter(_ name: String, help: String, labels: [MetricLabel] = []) -> Counter {
    let counter = Counter(labels: labels)
    add(.counter(counter), to: name, help: help, type: .counter)
    return counter
  }

  /// How long, or how much, in buckets.
  ///
  /// - Parameter bounds: the buckets' upper bounds, rising, in the unit that the name ends with.
  public func histogram(
    _ name: String, help: String, bounds: [Double] = Histogram.seconds, labels: [MetricLabel] = []
  ) -> Histogram {
    let histogram = Histogram(bounds: bounds, labels: labels)
    add(.histogram(histogram), to: name, help: help, type: .histogram)
    return histogram
  }

  /// A number read when somebody asks.
  public func gauge(
    _ name: String, help: String, labels: [MetricLabel] = [], read: @escaping @Sendable () -> Double
  ) {
    add(.gauge(labels, read), to: name, help: help, type: .gauge)
  }

  private func add(
    _ series: Family.Series, to name: String, help: String, type: PrometheusText.MetricType
  ) {
    families.withLock { families in
      if let place = families.firstIndex(where: { $0.name == name }) {
        precondition(families[place].type == type, "\(name) is already a metric of another type")
        families[place].series.append(series)
      } else {
        families.append(Family(name: name, help: help, type: type, series: [series]))
      }
    }
  }

  /// Writes all families in the order they were first named.
  func write(to text: inout PrometheusText) {
    for family in families.withLock({ $0 }) {
      text.family(family.name, family.type, help: family.help)
      for series in family.series { series.write(to: &text) }
    }
  }

  private struct Family: Sendable {
    let name: String
    let help: String
    let type: PrometheusText.MetricType
    var series: [Series]

    enum Series: Sendable {
      case counter(Counter)
      case histogram(Histogram)
      case gauge([MetricLabel], @Sendable () -> Double)

      func write(to text: inout PrometheusText) {
        switch self {
        case .counter(let counter): text.sample(Double(counter.value), labels: counter.labels)
        case .histogram(let histogram): histogram.write(to: &text)
        case .gauge(let labels, let read): text.sample(read(), labels: labels)
        }
      }
    }
  }
}

/// A dimension of a metric, such as `code="200"`.
public struct MetricLabel: Hashable, Sendable {
  public let name: String
  public let value: String

  public init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

/// A number that only rises.
public final class Counter: Sendable {
  let labels: [MetricLabel]
  private let count = Atomic<UInt64>(0)

  init(labels: [MetricLabel]) { self.labels = labels }

  public func add(_ amount: UInt64 = 1) { count.wrappingAdd(amount, ordering: .relaxed) }

  public var value: UInt64 { count.load(ordering: .relaxed) }
}

/// Values counted in buckets.
public final class Histogram: Sendable {
  /// Upper bounds for durations from an fsync on a fast disk to a failover.
  public static let seconds: [Double] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
  ]

  let labels: [MetricLabel]
  private let bounds: [Double]
  /// Guards counts and sum, so that a scrape sees them agree.
  private let values: Mutex<Values>

  private struct Values: Sendable {
    /// One more than there are bounds: the last is beyond them all.
    var counts: [UInt64]
    var sum = 0.0
  }

  init(bounds: [Double], labels: [MetricLabel]) {
    precondition(zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 }, "bounds of a histogram rise")
    self.bounds = bounds
    self.labels = labels
    values = Mutex(Values(counts: Array(repeating: 0, count: bounds.count + 1)))
  }

  public func observe(_ value: Double) {
    let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
    values.withLock { values in
      values.counts[bucket] += 1
      values.sum += value
    }
  }

  func write(to text: inout PrometheusText) {
    let values = values.withLock { $0 }
    var total: UInt64 = 0
    for (bound, count) in zip(bounds.map(Optional.some) + [nil], values.counts) {
      total += count
      let limit = bound.map(PrometheusText.number) ?? "+Inf"
      text.sample(Double(total), suffix: "_bucket", labels: labels + [MetricLabel("le", limit)])
    }
    text.sample(values.sum, suffix: "_sum", labels: labels)
    text.sample(Double(total), suffix: "_count", labels: labels)
  }
}
