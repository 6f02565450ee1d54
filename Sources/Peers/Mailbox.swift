import NIOCore
import Raft
import Synchronization

/// All that the callers' threads and the event loop share about one peer: the frames that wait for it, and
/// how the link fares. The lock guards both and is held for a few operations on the queue at most.
final class Mailbox: Sendable {
  /// Who moves the queue next.
  private enum Flow {
    /// Nobody: there is no link.
    case closed
    /// The next caller to send wakes the event loop.
    case idle
    /// The event loop is awake, or the socket will wake it.
    case active
  }

  private struct State {
    var queue: FrameQueue
    var flow = Flow.closed
    var connection: (hello: Hello, since: NIODeadline)?
    var roundTrip: Duration?
    var isReceiving = false
    var sent = Traffic.none
    var received = Traffic.none
    var lastFailure: String?
  }

  private let whenOpen: FrameQueue.Bounds
  private let whenClosed: FrameQueue.Bounds
  private let state: Mutex<State>

  init(whenOpen: FrameQueue.Bounds, whenClosed: FrameQueue.Bounds) {
    self.whenOpen = whenOpen
    self.whenClosed = whenClosed
    self.state = Mutex(State(queue: FrameQueue(bounds: whenClosed)))
  }

  // MARK: Any thread

  /// Queues frames. Returns whether the caller must wake the event loop to have them taken.
  func append(_ frames: some Sequence<[UInt8]>) -> Bool {
    state.withLock { state in
      for frame in frames { state.queue.append(frame) }
      guard state.flow == .idle, state.queue.count > 0 else { return false }
      state.flow = .active
      return true
    }
  }

  func status(of member: Peers.Member) -> PeerStatus {
    let now = NIODeadline.now()
    return state.withLock { state in
      PeerStatus(
        member: member,
        connection: state.connection.map { connection in
          PeerStatus.Connection(
            incarnation: connection.hello.incarnation,
            softwareVersion: connection.hello.software,
            age: Duration(nanoseconds: (now - connection.since).nanoseconds),
            roundTrip: state.roundTrip)
        },
        isReceiving: state.isReceiving,
        queuedFrames: state.queue.count,
        queuedBytes: state.queue.bytes,
        droppedFrames: state.queue.dropped,
        sent: state.sent,
        received: state.received,
        lastFailure: state.lastFailure)
    }
  }

  // MARK: The event loop

  /// The oldest frames, up to about `limit` bytes; once it is empty, the next sender wakes the event loop.
  func take(upToBytes limit: Int) -> [[UInt8]] {
    state.withLock { state in
      let bytes = state.queue.bytes
      let frames = state.queue.take(upToBytes: limit)
      if frames.isEmpty { state.flow = .idle }
      state.sent.frames += UInt64(frames.count)
      state.sent.bytes += UInt64(bytes - state.queue.bytes)
      return frames
    }
  }

  /// The event loop takes the queue from now on.
  func opened(by hello: Hello) {
    state.withLock { state in
      state.queue.setBounds(whenOpen)
      state.flow = .active
      state.connection = (hello, .now())
      state.lastFailure = nil
    }
  }

  /// There is no link; only the latest few frames are kept for the next one.
  func closed(because failure: LinkFailure) {
    state.withLock { state in
      state.queue.setBounds(whenClosed)
      state.flow = .closed
      state.connection = nil
      state.roundTrip = nil
      state.lastFailure = failure.description
    }
  }

  func measured(roundTrip: Duration) {
    state.withLock { $0.roundTrip = roundTrip }
  }

  func receives(_ isReceiving: Bool) {
    state.withLock { $0.isReceiving = isReceiving }
  }

  func received(frames: Int, bytes: Int) {
    state.withLock { state in
      state.received.frames += UInt64(frames)
      state.received.bytes += UInt64(bytes)
    }
  }
}
