import Dispatch
import Raft
import Synchronization

/// The writes that wait for the writer. Any thread adds; only the writer takes.
final class WriteQueue: Sendable {
  private struct State {
    var waiting: [Write] = []
    var lastID: WriteID = 0
    var isClosed = false
    var isFinished = false
    var closers: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())
  /// Wakes the writer; signalled when the queue is no longer empty, and when it closes.
  private let wake = DispatchSemaphore(value: 0)

  /// Adds a write, unless the queue is closed.
  func add(_ write: Write) {
    let wasEmpty = state.withLock { state in
      precondition(write.id > state.lastID, "write \(write.id) after \(state.lastID): ids must rise")
      state.lastID = write.id
      guard !state.isClosed else { return false }
      state.waiting.append(write)
      return state.waiting.count == 1
    }
    if wasEmpty { wake.signal() }
  }

  /// Waits for writes and takes all there are; nil when the queue is closed and empty.
  func takeAll() -> [Write]? {
    while true {
      let (writes, isClosed) = state.withLock { state in
        defer { state.waiting = [] }
        return (state.waiting, state.isClosed)
      }
      if !writes.isEmpty { return writes }
      if isClosed { return nil }
      wake.wait()
    }
  }

  /// Takes no more writes; those that wait are still handed out.
  func close() {
    state.withLock { $0.isClosed = true }
    wake.signal()
  }

  /// Takes no more writes and forgets those that wait.
  func abandon() {
    state.withLock { state in
      state.isClosed = true
      state.waiting = []
    }
  }

  /// Says that the writer has ended.
  func finish() {
    let closers = state.withLock { state in
      state.isFinished = true
      defer { state.closers = [] }
      return state.closers
    }
    for closer in closers { closer.resume() }
  }

  /// Returns once the writer has ended.
  func untilFinished() async {
    await withCheckedContinuation { continuation in
      let isFinished = state.withLock { state in
        if !state.isFinished { state.closers.append(continuation) }
        return state.isFinished
      }
      if isFinished { continuation.resume() }
    }
  }
}
