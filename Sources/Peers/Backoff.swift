package import Raft

/// How long to wait between two attempts: doubled each time, and drawn from the upper half of that, so that
/// three managers that lost each other at once do not dial in step.
package struct Backoff: Sendable {
  package let shortest: Duration
  package let longest: Duration
  private var current: Duration

  package init(from shortest: Duration, to longest: Duration) {
    self.shortest = shortest
    self.longest = longest
    self.current = shortest
  }

  /// The time from the start of the attempt that failed to the start of the next.
  package mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
    let whole = current.nanoseconds
    current = min(longest, current * 2)
    return Duration(nanoseconds: Int64.random(in: whole / 2...whole, using: &generator))
  }

  /// After a link that worked: the next attempt comes soon again.
  package mutating func reset() {
    current = shortest
  }
}
