import Peers
import Raft
import Testing

@Suite("managers exchange frames")
struct ExchangeTests {
  @Test("two managers exchange frames both ways, and learn each other's disk")
  func twoManagers() async throws {
    try await TestManager.together(1, 2) { managers in
      let (one, two) = (managers[0], managers[1])
      try await TestManager.connect(managers)
      one.peers.send(to: two.node, frame: [1, 2, 3])
      two.peers.send(to: one.node, frames: [[], [4]])
      try await eventually("both have their frames") {
        two.recorder.frames(from: one.node) == [[1, 2, 3]]
          && one.recorder.frames(from: two.node) == [[], [4]]
      }
      #expect(one.recorder.events.first == .connected(two.node, incarnation: two.incarnation))
      let status = try one.status(of: two)
      #expect(status.connection?.incarnation == two.incarnation)
      #expect(status.connection?.softwareVersion == "1.2.3-test")
      #expect((status.sent.frames, status.sent.bytes) == (1, 3))
      #expect((status.received.frames, status.received.bytes) == (2, 1))
      #expect(status.isReceiving && status.lastFailure == nil && status.queuedFrames == 0)
      try await eventually("the round trip is measured") {
        try one.status(of: two).connection?.roundTrip != nil
      }
    }
  }

  @Test("three managers each reach both others, whoever started first")
  func threeManagers() async throws {
    try await TestManager.together(1, 2, 3) { managers in
      try await TestManager.connect(managers)
      for manager in managers {
        for other in managers where other.node != manager.node { try await manager.proveLink(to: other) }
      }
    }
  }

  @Test("frames of all sizes up to the limit arrive whole and in order")
  func orderAndSizes() async throws {
    try await TestManager.together(1, 2) { managers in
      let (one, two) = (managers[0], managers[1])
      try await TestManager.connect(managers)
      let sizes = [4 << 20, 0, 1, 16_383, 16_384, 65_536, 1 << 20, 255, 4 << 20, 7]
      let frames = sizes.enumerated().map { [UInt8](repeating: UInt8($0.offset), count: $0.element) }
      one.peers.send(to: two.node, frames: frames)
      try await eventually("all frames arrive") { two.recorder.frames(from: one.node).count == frames.count }
      #expect(two.recorder.frames(from: one.node) == frames)
      #expect(try one.status(of: two).droppedFrames == 0)
    }
  }

  @Test("many threads send at once: each one's frames keep their order and none is lost")
  func manyThreads() async throws {
    var limits = Peers.Limits()
    limits.queuedFrames = 100_000
    try await TestManager.together(1, 2, limits: limits) { managers in
      let (one, two) = (managers[0], managers[1])
      try await TestManager.connect(managers)
      let (threads, count) = (4, 2_000)
      await withTaskGroup { group in
        for thread in 0..<threads {
          group.addTask {
            for number in 0..<count {
              one.peers.send(to: two.node, frame: [UInt8(thread), UInt8(number >> 8), UInt8(number & 255)])
            }
          }
        }
      }
      try await eventually("all frames arrive") {
        two.recorder.frames(from: one.node).count == threads * count
      }
      let received = two.recorder.frames(from: one.node)
      for thread in 0..<threads {
        let numbers = received.filter { $0[0] == UInt8(thread) }.map { Int($0[1]) << 8 | Int($0[2]) }
        #expect(numbers == Array(0..<count))
      }
    }
  }

  @Test("a frame above the limit is not sent, is told in the log, and the link lives on")
  func oversized() async throws {
    var limits = Peers.Limits()
    limits.frameBytes = 1000
    try await TestManager.together(1, 2, limits: limits) { managers in
      let (one, two) = (managers[0], managers[1])
      try await TestManager.connect(managers)
      one.peers.send(to: two.node, frames: [[1], [UInt8](repeating: 0, count: 1001), [2]])
      try await eventually("the others arrive") { two.recorder.frames(from: one.node) == [[1], [2]] }
      try await eventually("a line in the log") {
        one.recorder.lines.contains { $0.hasPrefix("error peer=n2 A frame of 1001 bytes was not sent") }
      }
    }
  }

  @Test("frames for nobody's number are let go")
  func unknownReceiver() async throws {
    try await TestManager.together(1, 2) { managers in
      try await TestManager.connect(managers)
      managers[0].peers.send(to: NodeID(9), frame: [1])
      try await managers[0].proveLink(to: managers[1])
    }
  }

  @Test("after shutdown no event comes, and sending is harmless")
  func afterShutdown() async throws {
    try await TestManager.together(1, 2) { managers in
      let (one, two) = (managers[0], managers[1])
      try await TestManager.connect(managers)
      await one.peers.shutdown()
      let before = one.recorder.events.count
      two.peers.send(to: one.node, frame: [1])
      one.peers.send(to: two.node, frame: [1])
      one.peers.setMembers([two.member])
      try await eventually("the other notices") { two.recorder.events.last == .disconnected(one.node) }
      #expect(one.recorder.events.count == before)
      #expect(two.recorder.frames(from: one.node).isEmpty)
    }
  }
}
