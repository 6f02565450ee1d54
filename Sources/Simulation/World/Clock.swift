import Raft

/// A machine's monotonic clock: it may run faster or slower than the world's time, and jump ahead.
struct Clock: Hashable, Sendable {
  private var world = Instant.origin
  private var local: Instant
  /// Parts per million; from -100,000 to 100,000.
  private(set) var drift: Int64 = 0
  /// What the wall clock shows beyond the truth.
  var wallOffset = Duration.zero

  /// - Parameter offset: where the clock begins; each machine's has an origin of its own.
  init(offset: Duration) { local = .origin + offset }

  func local(at instant: Instant) -> Instant {
    let elapsed = instant - world
    return local + elapsed + Duration(nanoseconds: elapsed.nanoseconds / 1_000_000 * drift)
  }

  /// When the clock will show the given time, not before `now`.
  func world(of local: Instant, at now: Instant) -> Instant {
    guard local != .never else { return .never }
    let wait = local - self.local(at: now)
    guard wait > .zero else { return now }
    // Rounded up by the drift's coarseness, so that the clock surely shows it then.
    return now + Duration(nanoseconds: wait.nanoseconds - wait.nanoseconds / 1_000_000 * drift + 1_000)
  }

  mutating func set(drift: Int, at now: Instant) {
    local = local(at: now)
    world = now
    self.drift = Int64(drift)
  }

  mutating func jump(_ ahead: Duration, at now: Instant) {
    local = local(at: now) + ahead
    world = now
  }
}
