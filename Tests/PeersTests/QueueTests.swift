import Peers
import Raft
import Testing

@Suite("queues, waiting and log lines keep their bounds")
struct QueueTests {
  private func queue(frames: Int, bytes: Int) -> FrameQueue {
    FrameQueue(bounds: FrameQueue.Bounds(frames: frames, bytes: bytes))
  }

  @Test("a full queue lets the oldest frames go, and counts them")
  func oldestFirst() {
    var queue = queue(frames: 3, bytes: 100)
    for number in 1...5 { queue.append([UInt8(number)]) }
    #expect(queue.dropped == 2)
    #expect(queue.take(upToBytes: 100) == [[3], [4], [5]])
    #expect((queue.count, queue.bytes) == (0, 0))
  }

  @Test("bytes are bounded as frames are")
  func bytes() {
    var queue = queue(frames: 100, bytes: 10)
    queue.append(Array(repeating: 1, count: 6))
    queue.append(Array(repeating: 2, count: 4))
    #expect((queue.count, queue.bytes, queue.dropped) == (2, 10, 0))
    queue.append([3])
    #expect((queue.count, queue.bytes, queue.dropped) == (2, 5, 1))
  }

  @Test("a queue never exceeds its bounds, and what was put in is taken, dropped or waiting")
  func conservation() {
    var random = SeededGenerator(seed: 3)
    var queue = queue(frames: 7, bytes: 50)
    var (added, taken) = (0, 0)
    for _ in 0..<20_000 {
      switch Int.random(in: 0..<10, using: &random) {
      case 0: taken += queue.take(upToBytes: Int.random(in: 0...60, using: &random)).count
      case 1:
        queue.setBounds(
          FrameQueue.Bounds(
            frames: Int.random(in: 1...9, using: &random), bytes: Int.random(in: 20...60, using: &random)))
      default:
        queue.append(Array(repeating: 0, count: Int.random(in: 0...20, using: &random)))
        added += 1
      }
      #expect(queue.count <= queue.bounds.frames && queue.bytes <= queue.bounds.bytes)
      #expect(added == taken + Int(queue.dropped) + queue.count)
    }
  }

  @Test("taking gives whole frames up to the limit, and at least one")
  func taking() {
    var queue = queue(frames: 10, bytes: 100)
    for number in 1...4 { queue.append(Array(repeating: UInt8(number), count: 10)) }
    #expect(queue.take(upToBytes: 25).count == 2)
    #expect(queue.take(upToBytes: 1).count == 1)
    #expect(queue.bytes == 10)
  }

  @Test("waits double up to the longest, in their upper half, and begin anew after a success")
  func backoff() {
    var random = SeededGenerator(seed: 1)
    var backoff = Backoff(from: .milliseconds(50), to: .milliseconds(500))
    for whole in [50, 100, 200, 400, 500, 500] {
      let wait = backoff.next(using: &random)
      #expect(wait >= .milliseconds(whole / 2) && wait <= .milliseconds(whole))
    }
    backoff.reset()
    #expect(backoff.next(using: &random) <= .milliseconds(50))
  }

  @Test("a flood of one kind of line is held back and counted, and hides no other kind")
  func logLimiter() {
    var limiter = LogLimiter()
    let start = Instant.origin
    let passed = (0..<100).compactMap { _ in limiter.admit("tls", at: start) }
    #expect(passed == [0, 0, 0, 0, 0])
    #expect(limiter.admit("too-slow", at: start) == 0)
    #expect(limiter.admit("tls", at: start + .seconds(4)) == nil)
    #expect(limiter.admit("tls", at: start + .seconds(5)) == 96)
    #expect(limiter.admit("tls", at: start + .seconds(5)) == nil)
    #expect(limiter.admit("tls", at: start + .seconds(500)) == 1)
  }

  @Test("an incarnation has 16 bytes and reads as 32 digits")
  func incarnation() throws {
    let incarnation = try #require(Incarnation(bytes: 0x00...0x0f))
    #expect(incarnation.bytes == Array(0x00...0x0f))
    #expect(incarnation.description == "000102030405060708090a0b0c0d0e0f")
    #expect(Incarnation(bytes: 0x00...0x0e) == nil)
  }
}
