import ArgumentParser
import Foundation

/// Runs many worlds at the same time.
enum Machinery {
  static var processors: Int { max(1, ProcessInfo.processInfo.activeProcessorCount) }

  /// - Throws: `ValidationError` when there are not so many seeds from the first on.
  static func check(_ count: UInt64, seedsFrom first: UInt64) throws {
    guard first <= .max - count else {
      throw ValidationError("\(count) seeds from \(first) on reach beyond the last, \(UInt64.max - 1)")
    }
  }

  /// Does the work for each seed of a range, at most `jobs` at once, and hands over the results as they come. After
  /// the time limit, or an interruption, no more are begun.
  ///
  /// - Parameter command: what shows the run of a seed again, up to the seed; should a run crash, or never end, it is
  ///   printed. Nil for work that is done in other processes.
  static func each<Result: Sendable>(
    from first: UInt64, to end: UInt64, jobs: Int, for limit: Duration?, again command: String?,
    work: @escaping @Sendable (UInt64) -> Result, then take: (Result) -> Void
  ) async {
    let clock = ContinuousClock()
    let start = clock.now
    var next = first
    if let command { InFlight.watch(command) }
    func mayBegin() -> Bool {
      next < end && Interruption.number == nil && limit.map { clock.now - start < $0 } ?? true
    }
    await withTaskGroup(of: (slot: Int, Result).self) { group in
      func begin(_ slot: Int) {
        let seed = next
        next += 1
        group.addTask {
          guard command != nil else { return (slot, work(seed)) }
          InFlight.begin(slot, seed: seed)
          defer { InFlight.end(slot) }
          return (slot, work(seed))
        }
      }
      for slot in 0..<jobs where mayBegin() { begin(slot) }
      while let (slot, result) = await group.next() {
        take(result)
        if mayBegin() { begin(slot) }
      }
    }
  }

  /// The processor time this process has used, seconds.
  static var processorSeconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
