internal import Synchronization

/// Who wants to know when the view changes, and when the loop ends.
final class Watchers: Sendable {
  private struct Guarded {
    var streams: [UInt64: AsyncStream<Void>.Continuation] = [:]
    var next: UInt64 = 0
    var hasEnded = false
    var endings: [CheckedContinuation<Void, Never>] = []
  }

  /// Guards the lists of watchers.
  private let guarded = Mutex(Guarded())

  /// A stream of merged ticks, that begins with one.
  func stream() -> AsyncStream<Void> {
    let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    continuation.yield()
    let hasEnded = guarded.withLock { guarded in
      guard !guarded.hasEnded else { return true }
      let id = guarded.next
      guarded.next += 1
      guarded.streams[id] = continuation
      continuation.onTermination = { [weak self] _ in
        _ = self?.guarded.withLock { $0.streams.removeValue(forKey: id) }
      }
      return false
    }
    if hasEnded { continuation.finish() }
    return stream
  }

  func tick() {
    let streams = guarded.withLock { Array($0.streams.values) }
    for stream in streams { stream.yield() }
  }

  func endLoop() {
    let (streams, endings) = guarded.withLock { guarded in
      guarded.hasEnded = true
      defer {
        guarded.streams = [:]
        guarded.endings = []
      }
      return (Array(guarded.streams.values), guarded.endings)
    }
    for stream in streams { stream.finish() }
    for ending in endings { ending.resume() }
  }

  func untilLoopEnded() async {
    await withCheckedContinuation { continuation in
      let hasEnded = guarded.withLock { guarded in
        if !guarded.hasEnded { guarded.endings.append(continuation) }
        return guarded.hasEnded
      }
      if hasEnded { continuation.resume() }
    }
  }
}
