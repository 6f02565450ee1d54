package import Raft

/// Lets a few log lines of each kind through and counts the rest: whoever floods a port must not fill the
/// disk with lines about it, nor hide a line of another kind.
package struct LogLimiter: Sendable {
  private struct Bucket {
    var tokens = LogLimiter.burst
    var refilled: Instant
    var suppressed = 0
  }

  private static let burst = 5
  private static let refill = Duration.seconds(5)
  private var buckets: [String: Bucket] = [:]

  package init() {}

  /// How many lines of this kind were held back since the last one, or nil if this one is held back too.
  package mutating func admit(_ kind: String, at now: Instant) -> Int? {
    var bucket = buckets[kind] ?? Bucket(refilled: now)
    defer { buckets[kind] = bucket }
    let earned = Int((now - bucket.refilled).nanoseconds / Self.refill.nanoseconds)
    if earned > 0 {
      bucket.tokens = min(Self.burst, bucket.tokens + earned)
      bucket.refilled = now
    }
    guard bucket.tokens > 0 else {
      bucket.suppressed += 1
      return nil
    }
    bucket.tokens -= 1
    defer { bucket.suppressed = 0 }
    return bucket.suppressed
  }
}
