import Raft
import Simulation
import Testing
import WireFormat

@Suite("Encoding")
struct CodingTests {
  static func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  static let membership = Membership(voters: [1, 2, 300], outgoing: [1], learners: [4])
  static let entries = [
    Entry(position: at(1, 1), payload: .empty),
    Entry(position: at(2, 1), payload: .command([7, 8])),
    Entry(position: at(300, 5), payload: .membership(membership)),
  ]
  static let bodies: [(Message.Body, String)] = [
    (.preVoteRequest(last: at(7, 2)), "08011002180352060a0408071002"),
    (.preVoteReply(requestTerm: 3, granted: true), "0801100218035a0408031001"),
    (.voteRequest(last: at(7, 2), isTransfer: true), "08011002180362080a04080710021001"),
    (.voteReply(granted: true), "0801100218036a020801"),
    (
      .append(.init(previous: at(7, 2), entries: entries, commit: 6, round: 9)),
      "080110021803723b0a04080710021208080110011a020801120c080210011a0608"
        + "0212020708121708ac0210051a1008031a0c0a040102ac021201011a010418062009"
    ),
    (.append(.init(previous: .zero, entries: [], commit: 0, round: 0)), "08011002180372020a00"),
    (.appendAccepted(matched: 300, round: 9), "0801100218037a0508ac021009"),
    (.appendRejected(previous: 7, hint: at(5, 1), round: 9), "08011002180382010a08071204080510011809"),
    (
      .snapshotChunk(
        .init(position: at(7, 2), membership: membership, offset: 4, total: 9, bytes: [1, 2, 3])),
      "0801100218038a011d0a0408071002120c0a040102ac021201011a0104180420092a03010203"
    ),
    (.snapshotReceived(position: at(7, 2), count: 7), "0801100218039201080a04080710021007"),
    (.timeoutNow, "0801100218039a0100"),
    (.readRequest(number: .max), "080110021803a2010b08ffffffffffffffffff01"),
    (.readReply(number: 5, index: 300), "080110021803aa0105080510ac02"),
  ]

  static func message(_ body: Message.Body) -> Message { Message(from: 1, to: 2, term: 3, body: body) }

  @Test("the bytes of each message are those that other versions know", arguments: 0..<bodies.count)
  func golden(slot: Int) {
    let (body, bytes) = CodingTests.bodies[slot]
    #expect(CodingTests.hex(CodingTests.message(body).encoded()) == bytes, "\(body)")
  }

  @Test("the bytes of what stands on disk are those that other versions know")
  func goldenOnDisk() {
    #expect(
      CodingTests.entries.map { CodingTests.hex($0.encoded()) } == [
        "080110011a020801", "080210011a06080212020708", "08ac0210051a1008031a0c0a040102ac021201011a0104",
      ])
    #expect(CodingTests.hex(HardState(term: 5, vote: 0).encoded()) == "08051001")
    #expect(CodingTests.hex(HardState(term: 5).encoded()) == "0805")
    let snapshot = Snapshot(position: at(7, 2), membership: Membership(voters: [1]), state: [9])
    #expect(CodingTests.hex(snapshot.encoded()) == "0a040807100212030a01011a0109")
  }

  @Test("what is written is read back")
  func roundTrips() throws {
    for (body, _) in CodingTests.bodies {
      let message = CodingTests.message(body)
      #expect(try Message(decoding: message.encoded()) == message)
    }
    for entry in CodingTests.entries {
      #expect(try Entry(decoding: entry.encoded()) == entry)
      #expect(try Payload(decoding: entry.payload.encoded()) == entry.payload)
    }
    #expect(try Payload(decoding: Payload.command([]).encoded()) == .command([]))
    for vote: NodeID? in [nil, 0, 7, NodeID(.max - 1)] {
      let hardState = HardState(term: 9, vote: vote)
      #expect(try HardState(decoding: hardState.encoded()) == hardState)
    }
    let snapshot = Snapshot(position: at(7, 2), membership: CodingTests.membership, state: [9])
    #expect(try Snapshot(decoding: snapshot.encoded()) == snapshot)
  }

  @Test("bytes cut off anywhere, changed anywhere or made up never trap")
  func foreignBytes() {
    var random = RandomSource(seed: 5)
    for (body, _) in CodingTests.bodies {
      let bytes = CodingTests.message(body).encoded()
      for count in 0..<bytes.count { _ = try? Message(decoding: Array(bytes[..<count])) }
      for _ in 0..<300 {
        var changed = bytes
        changed[random.int(0...changed.count - 1)] = UInt8(random.int(0...255))
        _ = try? Message(decoding: changed)
      }
    }
    for _ in 0..<5_000 {
      let bytes = random.bytes(random.int(0...40))
      _ = try? Message(decoding: bytes)
      _ = try? Entry(decoding: bytes)
      _ = try? Snapshot(decoding: bytes)
      _ = try? HardState(decoding: bytes)
    }
  }

  @Test("what a newer version wrote is refused, not guessed")
  func unknown() {
    #expect(throws: WireError.unknownField(99)) {
      try Message(decoding: [8, 1, 16, 2, 24, 3, 0x9a, 6, 0])
    }
    #expect(throws: WireError.unknownKind(9)) { try Payload(decoding: [8, 9]) }
    #expect(throws: WireError.unknownField(4)) { try Entry(decoding: [32, 1]) }
    // A vote reply (13) with a second field.
    #expect(throws: WireError.unknownField(2)) { try Message(decoding: [0x6a, 2, 16, 1]) }
  }

  @Test("a message has one body, and a payload what belongs to its kind")
  func malformed() {
    let vote: [UInt8] = [0x6a, 2, 8, 1]
    for bytes in [[8, 1], vote + vote, [0x6a, 2, 8, 2]] {
      #expect(throws: WireError.self) { try Message(decoding: bytes) }
    }
    #expect(throws: WireError.self) { try Payload(decoding: [8, 1, 18, 1, 7]) }
    #expect(throws: WireError.self) { try Payload(decoding: [8, 3]) }
  }
}
