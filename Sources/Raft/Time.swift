/// A point in time on a monotonic clock, in nanoseconds since an origin of the caller's choice. It never
/// says what the wall clock shows.
public struct Instant: Hashable, Comparable, Sendable {
  public var nanoseconds: Int64

  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  public static let origin = Instant(nanoseconds: 0)
  /// Later than every point in time: the deadline of something that is not due.
  public static let never = Instant(nanoseconds: .max)

  public static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }

  /// Saturates at `never`.
  public static func + (left: Instant, right: Duration) -> Instant {
    let (sum, overflow) = left.nanoseconds.addingReportingOverflow(right.nanoseconds)
    return overflow ? .never : Instant(nanoseconds: sum)
  }

  public static func - (left: Instant, right: Instant) -> Duration {
    Duration(nanoseconds: left.nanoseconds &- right.nanoseconds)
  }
}

/// A length of time in whole nanoseconds. The standard library's type of this name counts attoseconds in
/// 128 bits; the core needs neither.
public struct Duration: Hashable, Comparable, Sendable {
  public var nanoseconds: Int64

  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  public static let zero = Duration(nanoseconds: 0)
  public static func microseconds(_ count: Int) -> Duration { Duration(nanoseconds: Int64(count) * 1_000) }
  public static func milliseconds(_ count: Int) -> Duration {
    Duration(nanoseconds: Int64(count) * 1_000_000)
  }
  public static func seconds(_ count: Int) -> Duration { Duration(nanoseconds: Int64(count) * 1_000_000_000) }

  public var milliseconds: Int { Int(nanoseconds / 1_000_000) }

  public static func < (left: Duration, right: Duration) -> Bool { left.nanoseconds < right.nanoseconds }
  public static func + (left: Duration, right: Duration) -> Duration {
    Duration(nanoseconds: left.nanoseconds + right.nanoseconds)
  }
  public static func * (left: Duration, right: Int) -> Duration {
    Duration(nanoseconds: left.nanoseconds * Int64(right))
  }
}
