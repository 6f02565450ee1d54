import Raft
import Testing
import WireFormat

@Suite("Disks that the cluster does not know (etcd #12483)")
struct AdmissionTests {
  private static let membership = Membership(voters: [1, 2, 3])
  private static let disk = Incarnation(high: 1, low: 2)

  private var raft = Raft(
    id: 1, settings: .standard, restored: .fresh(membership, admission: nil), seed: 1, at: .origin)
  private var now = Instant.origin

  private mutating func step(_ input: Input) -> [Effect] {
    var effects: [Effect] = []
    raft.step(input, at: now, into: &effects)
    return effects
  }

  private mutating func hear(_ body: Message.Body, term: Term = 1) -> [Effect] {
    step(.message(Message(from: 2, to: 1, term: term, body: body)))
  }

  @Test("its node asks for no votes, however long it hears no leader, and when it is told to")
  mutating func campaigns() {
    for _ in 0..<20 {
      now = raft.nextDeadline
      #expect(step(.timer).isEmpty)
    }
    _ = hear(.append(.init(previous: .zero, entries: [], commit: 0, round: 1)))
    _ = step(.stored(1))
    #expect(hear(.timeoutNow).isEmpty)
    #expect(raft.role == .follower)
  }

  @Test("its node gives no vote and promises none")
  mutating func votes() {
    #expect(
      hear(.preVoteRequest(last: at(9, 1))).contains(
        .send(Message(from: 1, to: 2, term: 0, body: .preVoteReply(requestTerm: 1, granted: false)))))
    _ = hear(.voteRequest(last: at(9, 1), isTransfer: false))
    #expect(
      step(.stored(1)).contains(
        .send(Message(from: 1, to: 2, term: 1, body: .voteReply(granted: false)))))
  }

  @Test("its node learns the log, and says truly what it has on disk")
  mutating func learns() {
    _ = hear(.append(.init(previous: .zero, entries: [entry(1, 1)], commit: 1, round: 1)))
    #expect(raft.appliedIndex == 1)
    #expect(
      step(.stored(1)).contains(
        .send(Message(from: 1, to: 2, term: 1, body: .appendAccepted(matched: 1, round: 1)))))
  }

  @Test("once admitted it votes, and that it is admitted stands on disk with or before the vote")
  mutating func admitted() throws {
    var admission = Admission()
    admission[3] = Self.disk
    admission[2] = Self.disk
    var writes = step(.admit(admission)).compactMap { if case .write(let write) = $0 { write } else { nil } }
    #expect(writes.map(\.admission) == [admission])
    writes += hear(.voteRequest(last: .zero, isTransfer: false)).compactMap {
      if case .write(let write) = $0 { write } else { nil }
    }
    #expect(writes.last?.hardState == HardState(term: 1, vote: 2))
    #expect(
      step(.stored(2)).contains(
        .send(Message(from: 1, to: 2, term: 1, body: .voteReply(granted: true)))))
  }

  @Test("the bytes of an admission are those that other versions know, and are read back")
  func bytes() throws {
    var admission = Admission()
    admission[300] = Self.disk
    admission[2] = Self.disk
    let disk = "121000000000000000010000000000000002"
    #expect(CodingTests.hex(admission.encoded()) == "0a140802\(disk)0a1508ac02\(disk)")
    #expect(try Admission(decoding: admission.encoded()) == admission)
    #expect(Admission().encoded() == [])
    admission.isWithdrawn = true
    #expect(CodingTests.hex(admission.encoded()) == "0a140802\(disk)0a1508ac02\(disk)1001")
    #expect(try Admission(decoding: admission.encoded()) == admission)
    #expect(throws: WireError.self) { try Admission(decoding: [0x0a, 2, 8, 1]) }
  }
}
