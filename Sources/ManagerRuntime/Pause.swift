internal import Synchronization

/// A sleep between two looks that anyone can cut short.
package final class Pause: Sendable {
  private struct Guarded {
    var sleeping: _Concurrency.Task<Void, Never>?
    /// It was ended before it began.
    var isOver = false
  }

  private let guarded = Mutex(Guarded())

  package init() {}

  /// Sleeps for a time, or until `end`, or not at all when that was called since the last sleep.
  package func sleep(for duration: Swift.Duration) async {
    let sleep = guarded.withLock { guarded -> _Concurrency.Task<Void, Never>? in
      defer { guarded.isOver = false }
      guard !guarded.isOver else { return nil }
      guarded.sleeping = _Concurrency.Task { try? await _Concurrency.Task.sleep(for: duration) }
      return guarded.sleeping
    }
    guard let sleep else { return }
    await withTaskCancellationHandler {
      await sleep.value
    } onCancel: {
      sleep.cancel()
    }
    guarded.withLock { $0.sleeping = nil }
  }

  package func end() {
    guarded.withLock { guarded in
      if let sleeping = guarded.sleeping { sleeping.cancel() } else { guarded.isOver = true }
    }
  }
}
