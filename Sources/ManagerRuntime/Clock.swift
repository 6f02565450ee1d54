internal import Glibc
internal import Raft

/// The machine's clocks.
enum Clock {
  /// Nanoseconds since boot, also while the machine is suspended: a process that slept knows how long.
  static var now: Instant {
    Instant(nanoseconds: read(CLOCK_BOOTTIME))
  }

  /// Milliseconds since 1970.
  static var wallMilliseconds: Int64 {
    read(CLOCK_REALTIME) / 1_000_000
  }

  private static func read(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    let result = clock_gettime(clock, &time)
    precondition(result == 0, "the kernel has this clock")
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
