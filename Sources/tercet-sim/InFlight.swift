import Foundation

/// The seeds whose runs are under way, for the two ends of a run that no result tells of: a crash of this program, and a
/// run that never comes to an end. Both are bugs found, and their seeds must be known.
///
/// A signal's handler may hardly do anything: so the seeds stand in memory that never moves, each written by one run.
enum InFlight {
  static let capacity = 256
  /// So long a run may take.
  static let limit = 600.0

  private static let none = UInt64.max
  nonisolated(unsafe) private static let seeds = allocate(none)
  /// When each began, in seconds of the system's clock.
  nonisolated(unsafe) private static let begun = allocate(0.0)
  /// What shows a run again, up to its seed.
  nonisolated(unsafe) private static var command: UnsafeMutablePointer<CChar>? = nil

  private static func allocate<Value>(_ value: Value) -> UnsafeMutablePointer<Value> {
    let memory = UnsafeMutablePointer<Value>.allocate(capacity: capacity)
    memory.initialize(repeating: value, count: capacity)
    return memory
  }

  /// Names the command that shows a run again, and from the first time on watches for crashes.
  static func watch(_ text: String) {
    let isFirst = command == nil
    command = strdup(text)
    guard isFirst else { return }
    _ = (seeds, begun)
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
    begun[slot] = Date().timeIntervalSince1970
    seeds[slot] = seed
  }

  static func end(_ slot: Int) { seeds[slot] = none }

  private static func watchForHangs() -> Never {
    while true {
      sleep(5)
      let now = Date().timeIntervalSince1970
      for slot in 0..<capacity where seeds[slot] != none && now - begun[slot] > limit {
        tell("tercet-sim: a run has not ended for 600 s\n")
        _exit(1)
      }
    }
  }

  /// Writes what is under way to the standard error, without any help of the heap.
  private static func tell(_ headline: StaticString) {
    write(2, headline.utf8Start, headline.utf8CodeUnitCount)
    for slot in 0..<capacity where seeds[slot] != none {
      let heading: StaticString = "  under way: "
      write(2, heading.utf8Start, heading.utf8CodeUnitCount)
      if let command { write(2, command, strlen(command)) }
      write(seeds[slot])
    }
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
      Glibc.write(2, digits.baseAddress! + place, 21 - place)
    }
  }

  private static func write(_ descriptor: CInt, _ bytes: UnsafeRawPointer?, _ count: Int) {
    Glibc.write(descriptor, bytes, count)
  }
}
