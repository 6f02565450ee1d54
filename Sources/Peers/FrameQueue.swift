import DequeModule

/// The frames that wait for one peer. It never holds more than its bounds: the oldest frames go first,
/// because what consensus said last makes what it said before superfluous.
package struct FrameQueue: Sendable {
  package struct Bounds: Hashable, Sendable {
    package var frames: Int
    package var bytes: Int

    package init(frames: Int, bytes: Int) {
      self.frames = frames
      self.bytes = bytes
    }
  }

  private var waiting: Deque<[UInt8]> = []
  /// The payload bytes that wait.
  package private(set) var bytes = 0
  /// The frames that were let go, since the beginning.
  package private(set) var dropped: UInt64 = 0
  package private(set) var bounds: Bounds

  package init(bounds: Bounds) {
    self.bounds = bounds
  }

  package var count: Int { waiting.count }

  package mutating func append(_ frame: [UInt8]) {
    waiting.append(frame)
    bytes += frame.count
    dropExcess()
  }

  /// Takes the oldest frames, at least one if any waits, up to about `limit` bytes.
  package mutating func take(upToBytes limit: Int) -> [[UInt8]] {
    var taken: [[UInt8]] = []
    var takenBytes = 0
    while let first = waiting.first, taken.isEmpty || takenBytes + first.count <= limit {
      waiting.removeFirst()
      takenBytes += first.count
      taken.append(first)
    }
    bytes -= takenBytes
    return taken
  }

  /// Changes the bounds; what no longer fits is let go.
  package mutating func setBounds(_ bounds: Bounds) {
    self.bounds = bounds
    dropExcess()
  }

  private mutating func dropExcess() {
    while waiting.count > bounds.frames || bytes > bounds.bytes, let first = waiting.popFirst() {
      bytes -= first.count
      dropped += 1
    }
  }
}
