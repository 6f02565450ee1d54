import Raft
import Simulation
import Testing

@Suite("Messages that no correct member sends")
struct ForeignMessageTests {
  @Test(
    "an append that is malformed changes nothing",
    arguments: [
      Message.Append(previous: at(.max, 1), entries: [entry(0, 1)], commit: 0, round: 0),
      Message.Append(previous: at(1, 1), entries: [entry(3, 1)], commit: 0, round: 0),
      Message.Append(previous: at(1, 1), entries: [entry(2, 2), entry(3, 1)], commit: 0, round: 0),
      Message.Append(previous: at(1, 1), entries: [entry(2, 9)], commit: 0, round: 0),
      Message.Append(previous: at(1, 1), entries: [], commit: .max, round: 0),
      Message.Append(previous: at(0, 1), entries: [], commit: 1, round: 0),
    ])
  func malformedAppend(append: Message.Append) {
    var cluster = RaftCluster([(1, .log([1, 1], voters: [1, 2, 3], term: 5))])
    let before = cluster[1]
    cluster.tell(1, from: 2, term: 5, .append(append))
    #expect(cluster[1] == before && cluster.network.isEmpty)
  }

  @Test("a message for someone else, from itself, or of an endless term is not looked at")
  func misdirected() {
    var cluster = RaftCluster(3)
    let before = cluster[1]
    for (from, to, term): (NodeID, NodeID, Term) in [(2, 3, 1), (1, 1, 1), (2, 1, .max)] {
      cluster.step(
        1,
        .message(
          Message(
            from: from, to: to, term: term,
            body: .append(.init(previous: .zero, entries: [], commit: 0, round: 0)))))
    }
    #expect(cluster[1] == before)
  }

  @Test("acknowledgements of what was never sent, and from strangers, count for nothing")
  func impossibleAcknowledgements() {
    var cluster = RaftCluster(3)
    cluster.elect(1)
    cluster.propose(1, at: 1)
    cluster.drop()
    cluster.sync(1)
    cluster.tell(1, from: 9, term: 1, .appendAccepted(matched: 2, round: 0))
    cluster.tell(1, from: 2, term: 1, .appendAccepted(matched: 50, round: 0))
    cluster.tell(1, from: 2, term: 1, .appendAccepted(matched: 2, round: 999))
    #expect(cluster[1].commitIndex == 1)
  }

  @Test("no sequence of made-up messages and inputs traps or breaks the order of indices")
  func fuzz() {
    for seed: UInt64 in 1...60 {
      var random = RandomSource(seed: seed)
      var raft = Raft(
        id: 1, settings: .standard, restored: .log([1, 1, 2], voters: [1, 2, 3], term: 2, commit: 1),
        seed: seed,
        at: .origin)
      var effects: [Effect] = []
      raft.start(into: &effects)
      var now = Instant.origin
      var written: WriteID = 0
      for _ in 0..<1_500 {
        now = now + .milliseconds(random.int(0...200))
        effects.removeAll(keepingCapacity: true)
        raft.step(ForeignMessageTests.input(&random, raft, written), at: now, into: &effects)
        for case .write(let write) in effects { written = write.id }
        #expect(
          raft.compactedPosition.index <= raft.snapshotPosition.index
            && raft.snapshotPosition.index <= raft.appliedIndex && raft.appliedIndex <= raft.commitIndex
            && raft.commitIndex <= raft.lastPosition.index)
      }
    }
  }

  private static func input(_ random: inout RandomSource, _ raft: Raft, _ written: WriteID) -> Input {
    switch random.int(1...12) {
    case 1: .timer
    case 2: .stored(random.chance(90) ? written : random.next())
    case 3: .propose(token: 1, commands: [[1], []])
    case 4: .read(token: 2)
    case 5: .transfer(to: random.chance(50) ? nil : NodeID(UInt64(random.int(0...4))))
    case 6: .snapshot(index: number(&random, raft), state: [1])
    case 7: .changeMembers(token: 3, voters: [1, 2, NodeID(UInt64(random.int(3...5)))], learners: [])
    default: .message(message(&random, raft))
    }
  }

  private static func message(_ random: inout RandomSource, _ raft: Raft) -> Message {
    // Mostly a believable term, so that the message gets further than the door.
    let term = random.chance(85) ? raft.term &+ UInt64(random.int(0...1)) : random.pick([0, .max, 1 << 62])
    let sender = raft.leader.flatMap { random.chance(70) ? $0 : nil } ?? NodeID(UInt64(random.int(0...4)))
    return Message(from: sender, to: 1, term: term, body: body(&random, raft))
  }

  private static func body(_ random: inout RandomSource, _ raft: Raft) -> Message.Body {
    switch random.int(1...14) {
    case 1: .preVoteRequest(last: place(&random, raft))
    case 2: .preVoteReply(requestTerm: raft.term, granted: random.chance(70))
    case 3: .voteRequest(last: place(&random, raft), isTransfer: random.chance(50))
    case 4: .voteReply(granted: random.chance(70))
    case 5: .appendAccepted(matched: number(&random, raft), round: number(&random, raft))
    case 6:
      .appendRejected(
        previous: number(&random, raft), hint: place(&random, raft), round: number(&random, raft))
    case 7:
      .snapshotChunk(
        .init(
          position: place(&random, raft), membership: Membership(voters: [1, 2, 3]),
          offset: random.pick([0, 0, 1, .max]), total: random.pick([0, 1, 2, .max]),
          bytes: random.bytes(random.int(0...2))))
    case 8: .snapshotReceived(position: place(&random, raft), count: number(&random, raft))
    case 9: .timeoutNow
    case 10: .readRequest(number: random.next())
    case 11: .readReply(number: random.next(), index: number(&random, raft))
    default: .append(append(&random, raft))
    }
  }

  private static func append(_ random: inout RandomSource, _ raft: Raft) -> Message.Append {
    let previous = random.chance(60) ? raft.lastPosition : place(&random, raft)
    var last = previous
    var entries: [Entry] = []
    for _ in 0..<random.int(0...3) {
      last = at(
        random.chance(95) ? last.index &+ 1 : number(&random, raft),
        random.chance(90) ? max(last.term, raft.term) : number(&random, raft))
      entries.append(Entry(position: last, payload: .command([])))
    }
    return Message.Append(
      previous: previous, entries: entries, commit: number(&random, raft), round: number(&random, raft))
  }

  private static func place(_ random: inout RandomSource, _ raft: Raft) -> Position {
    let index = number(&random, raft)
    let term = raft.termOfEntry(at: index).flatMap { random.chance(80) ? $0 : nil }
    return at(index, term ?? random.pick([0, 1, raft.term, .max]))
  }

  private static func number(_ random: inout RandomSource, _ raft: Raft) -> UInt64 {
    random.pick([
      0, 1, raft.commitIndex, raft.lastPosition.index, raft.lastPosition.index &+ 1,
      raft.lastPosition.index / 2,
      random.next(), .max, .max - 1,
    ])
  }
}
