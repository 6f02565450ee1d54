import Cluster
import Manager
import Raft
import Testing
import WireFormat

@Suite("Messages between managers")
struct PeerMessageTests {
  private static var report: Report {
    var report = Report(description: Subject.described("b"), process: 5, sequence: 2, appliedIndex: 300)
    report.tasks = [TaskReport(task: TaskID(9), name: "shop_web.1.9", phase: .serving)]
    report.caches = [CacheReport(cache: "one", isReachable: true, position: 4, bans: 2)]
    report.problems = ["x"]
    return report
  }

  private static let messages: [(PeerMessage, String)] =
    identities + [
      (
        .raft(Message(from: NodeID(1), to: NodeID(2), term: 3, body: .timeoutNow)), "0a090801100218039a0100"
      ),
      (.propose([[7, 8], [9]]), "12070a0207080a0109"),
      (.overloaded([RequestID(high: 1, low: 2)]), "1a060a0408011002"),
      (
        .report(report),
        "22500a210a01621201621a0831302e302e302e312a056c696e757832067838365f36343801100218ac0222140809"
          + "120222001a0c73686f705f7765622e312e39320b0a036f6e651001180420043a01784005"
      ),
    ]

  private static let identities: [(PeerMessage, String)] = [
    (
      .identity(Identity(isAdmitted: true, known: Incarnation(high: 1, low: 2), wantsAnswer: true)),
      "2a1608011210000000000000000100000000000000021801"
    ),
    (.identity(Identity(isAdmitted: false, known: nil, wantsAnswer: false)), "2a00"),
    (
      .introduction(
        Introduction(
          member: ManagerMember(id: 4, name: "d", zone: "z", address: "10.0.0.4"),
          applied: Position(index: 5, term: 2))),
      "321e0a1808041201641a017a220831302e302e302e3428a87430a67410051802"
    ),
    (.understands(.forgetsNodes), "3802"),
  ]

  private func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  @Test(
    "the bytes of each message are those that other versions know, and are read back",
    arguments: messages.indices)
  func golden(slot: Int) throws {
    let (message, bytes) = Self.messages[slot]
    #expect(hex(message.encoded()) == bytes)
    #expect(try PeerMessage(decoding: message.encoded()) == message)
  }

  @Test("an empty frame, an unknown message and two messages in one frame are refused")
  func refused() {
    #expect(throws: WireError.truncated) { try PeerMessage(decoding: []) }
    #expect(throws: WireError.unknownField(9)) {
      var writer = WireWriter()
      writer.record(9) { _ in }
      return try PeerMessage(decoding: writer.bytes)
    }
    let one = Self.messages[3].0.encoded()
    #expect(throws: WireError.malformed("more than one message in a frame")) {
      try PeerMessage(decoding: one + one)
    }
  }

  /// Whole messages, cut short at every place, and with every bit turned.
  private static var foreign: [[UInt8]] {
    messages.flatMap { message, _ in
      let bytes = message.encoded()
      let cut = bytes.indices.map { Array(bytes.prefix($0)) }
      let turned = bytes.indices.flatMap { place in
        (0..<8).map { bit in
          var copy = bytes
          copy[place] ^= 1 << bit
          return copy
        }
      }
      return cut + turned
    }
  }

  @Test("whatever bytes come, they are read or refused, and nothing else happens")
  func foreignBytes() {
    var refused = 0
    for bytes in Self.foreign {
      do throws(WireError) {
        let message = try PeerMessage(decoding: bytes)
        #expect((try? PeerMessage(decoding: message.encoded())) == message)
      } catch {
        refused += 1
      }
    }
    #expect(refused > 100)
  }

  @Test("a manager lives on whatever frames another sends it", arguments: [1, 3])
  func hostileFrames(managers: Int) {
    var subject = managers == 1 ? Subject.leading() : Subject()
    if managers == 3 { subject.follow(2) }
    for bytes in Self.foreign {
      subject.step(.received(from: NodeID(2), disk: Subject.disk(2), frames: [bytes]))
    }
    subject.pass(.seconds(1))
    #expect(subject.halts == [])
    #expect(subject.manager.state.services.isEmpty)
  }
}
