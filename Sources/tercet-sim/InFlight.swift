import Foundation
import Synchronization

/// The seeds whose runs are under way, for the two ends of a run that no result tells of: a crash of this program, and
/// a run that never comes to an end. Both are bugs found, and their seeds must be known. (After a stack has overflowed,
/// nothing can be told.)
///
/// A signal's handler may hardly do anything: so all this stands in memory that is never freed.
enum InFlight {
  static let capacity = 256

  private struct Slot: ~Copyable {
    let seed = Atomic(InFlight.none)
    /// When it began, in seconds of the system's monotonic clock.
    let begun = Atomic<UInt64>(0)
  }

  private static let none = UInt64.max
  /// Seconds that a run may take.
  private static let limit: UInt64 = 600
  nonisolated(unsafe) private static let slots = {
    let slots = UnsafeMutablePointer<Slot>.allocate(capacity: capacity)
    for place in 0..<capacity { (slots + place).initialize(to: Slot()) }
    return slots
  }()
  /// What shows a run again, up to its seed. Set before the runs that it is about begin.
  nonisolated(unsafe) private static var command: UnsafeMutablePointer<CChar>? = nil

  /// Names the command that shows a run again, and from the first time on watches for crashes.
  static func watch(_ text: String) {
    let isFirst = command == nil
    command = strdup(text)
    guard isFirst else { return }
    _ = slots
    for number in [SIGILL, SIGTRAP, SIGABRT, SIGSEGV, SIGBUS, SIGFPE] {
      signal(number) { number in
        InFlight.tell("tercet-sim: a crash\n")
        signal(number, SIG_DFL)
        raise(number)
      }
    }
    let watcher = Thread { InFlight.watchForHangs() }
    watcher.start()
  }

  static func begin(_ slot: Int, seed: UInt64) {
    slots[slot].begun.store(now, ordering: .relaxed)
    slots[slot].seed.store(seed, ordering: .releasing)
  }

  static func end(_ slot: Int) { slots[slot].seed.store(none, ordering: .releasing) }

  private static var now: UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec)
  }

  private static func watchForHangs() -> Never {
    while true {
      sleep(5)
      for slot in 0..<capacity where slots[slot].seed.load(ordering: .acquiring) != none {
        guard now > slots[slot].begun.load(ordering: .relaxed) + limit else { continue }
        tell("tercet-sim: a run has not come to its end for ten minutes\n")
        _exit(1)
      }
    }
  }

  /// Writes what is under way to the standard error, without any help of the heap.
  private static func tell(_ headline: StaticString) {
    write(headline)
    for slot in 0..<capacity {
      let seed = slots[slot].seed.load(ordering: .acquiring)
      guard seed != none else { continue }
      write("  under way: ")
      if let command { _ = Glibc.write(2, command, strlen(command)) }
      write(seed)
    }
  }

  private static func write(_ text: StaticString) {
    _ = Glibc.write(2, text.utf8Start, text.utf8CodeUnitCount)
  }

  private static func write(_ number: UInt64) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 21) { digits in
      var (rest, place) = (number, 20)
      digits[20] = UInt8(ascii: "\n")
      repeat {
        place -= 1
        digits[place] = UInt8(ascii: "0") + UInt8(rest % 10)
        rest /= 10
      } while rest > 0
      if let start = digits.baseAddress { _ = Glibc.write(2, start + place, 21 - place) }
    }
  }
}
