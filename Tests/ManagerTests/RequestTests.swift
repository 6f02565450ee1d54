import Cluster
import Manager
import Raft
import Testing
import WireFormat

@Suite("Requests of clients")
struct RequestTests {
  private let drain = Intent.drain(node: "x")

  // MARK: On their way

  @Test("an intent waits for a leader, is brought to it, and is answered once it is applied here")
  func answered() {
    var subject = Subject()
    subject.submit(drain, token: 1)
    #expect(subject.proposed(to: 2).isEmpty)
    subject.follow(2)
    let proposed = subject.proposed(to: 2)
    #expect(proposed.map(\.intent) == [drain])
    #expect(proposed.map(\.request) == [RequestID(high: 1, low: 1)])
    #expect(subject.answers.isEmpty)
    subject.follow(2, commands: proposed.map { $0.encoded() })
    let refused = Outcome.refused(reason: "there is no node x")
    #expect(subject.answers[1] == .applied(Applied(index: 1, outcome: refused)))
  }

  @Test("a new leader gets what still waits, at once and in order; what is answered is not sent again")
  func newLeader() {
    var subject = Subject()
    subject.follow(2)
    for token: UInt64 in 1...3 { subject.submit(.drain(node: "x\(token)"), token: token) }
    subject.follow(2, commands: [Proposal.of(.drain(node: "x1"), token: 1).encoded()])
    subject.follow(3, term: 2)
    #expect(subject.proposed(to: 3).map(\.intent) == [.drain(node: "x2"), .drain(node: "x3")])
  }

  @Test("what a leader has not applied within a second is brought to it again")
  func again() {
    var subject = Subject()
    subject.follow(2)
    subject.submit(drain, token: 1)
    for _ in 0..<9 {
      subject.pass(.milliseconds(100))
      subject.follow(2)
    }
    #expect(subject.proposed(to: 2).count == 1)
    subject.pass(.milliseconds(100))
    #expect(subject.proposed(to: 2).count == 2)
  }

  @Test("without a majority a request is answered after 4 s, and not before")
  func noQuorum() {
    var subject = Subject()
    subject.submit(drain, token: 1)
    subject.purge("/", token: 2)
    subject.step(.barrier(token: 3))
    subject.pass(.milliseconds(3_999))
    #expect(subject.answers.isEmpty)
    subject.pass(.milliseconds(1))
    #expect(subject.answers == [1: .noQuorum, 2: .noQuorum, 3: .noQuorum])
  }

  @Test("the same request twice is brought once and answered twice")
  func twice() {
    var subject = Subject()
    subject.follow(2)
    for token: UInt64 in 1...2 {
      var submission = Subject.submission(drain, token: token)
      submission.request = RequestID(high: 1, low: 1)
      subject.step(.submit([submission]))
    }
    #expect(subject.proposed(to: 2).count == 1)
    subject.follow(2, commands: [Proposal.of(drain, token: 1).encoded()])
    #expect(subject.answers.count == 2)
    #expect(subject.answers[1] == subject.answers[2])
  }

  @Test("a request that was applied before is answered at once, as repeated")
  func repeated() {
    var subject = Subject()
    subject.follow(2, commands: [Proposal.of(.drain(node: "x"), token: 1).encoded()])
    subject.submit(drain, token: 1)
    let refused = Outcome.refused(reason: "there is no node x")
    #expect(subject.answers[1] == .applied(Applied(index: 1, outcome: refused, isRepeated: true)))
    #expect(subject.proposed(to: 2).isEmpty)
  }

  // MARK: Too much

  @Test("what the leader refuses for too much load is answered so, and is not brought again")
  func refusedByTheLeader() {
    var subject = Subject()
    subject.follow(2)
    subject.submit(drain, token: 1)
    subject.receive(.overloaded([RequestID(high: 1, low: 1)]), from: 2)
    #expect(subject.answers == [1: .overloaded])
    subject.follow(3, term: 2)
    #expect(subject.proposed(to: 3).isEmpty)
  }

  @Test("a manager at which 16 MB wait refuses more, and takes more again afterwards")
  func full() {
    var subject = Subject()
    subject.follow(2, term: 1)
    let path = "/" + String(repeating: "x", count: 8_191)
    let large = Intent.purge(Array(repeating: .address(host: nil, path: path), count: 128))
    for token: UInt64 in 1...16 { subject.submit(large, token: token) }
    #expect(subject.answers.isEmpty)
    subject.submit(drain, token: 17)
    subject.purge("/", token: 18)
    #expect(subject.answers == [17: .overloaded, 18: .overloaded])
    subject.pass(.seconds(4))
    subject.submit(drain, token: 19)
    #expect(subject.answers[19] == nil)
  }

  @Test("where too much waits for want of a leader, it is for want of a majority that more is refused")
  func fullWithoutLeader() {
    var subject = Subject()
    let many = Array(repeating: Purge.address(host: nil, path: "/"), count: 10_000)
    for token: UInt64 in 1...7 { subject.step(.purge([.init(token: token, origin: "door/a", purges: many)])) }
    subject.purge("/", token: 8)
    #expect(subject.answers == [8: .noQuorum])
  }

  @Test("an intent to purge what no cache could carry out is refused before it comes into the log")
  func unfitPurge() {
    var subject = Subject()
    subject.submit(.purge([.ban(expression: "req.url ~ (")]), token: 1)
    guard case .applied(let applied)? = subject.answers[1] else {
      Issue.record("\(subject.answers)")
      return
    }
    #expect(applied.outcome.isRefused)
  }

  @Test("a manager at which 50 000 purges wait refuses more")
  func fullOfPurges() {
    var subject = Subject()
    subject.follow(2, term: 1)
    let many = Array(repeating: Purge.address(host: nil, path: "/"), count: 10_000)
    // Two entries are on their way; the rest is gathered.
    for token: UInt64 in 1...7 { subject.step(.purge([.init(token: token, origin: "door/a", purges: many)])) }
    #expect(subject.answers.isEmpty)
    subject.purge("/", token: 8)
    #expect(subject.answers == [8: .overloaded])
  }

  // MARK: Purges

  @Test("purges that come while others are on their way share an entry")
  func sharedEntry() {
    var subject = Subject.leading()
    subject.writesAtOnce = false
    for token: UInt64 in 1...50 { subject.purge("/\(token)", token: token) }
    #expect(subject.answers.isEmpty)
    subject.writesAtOnce = true
    subject.flush()
    #expect(subject.answers.count == 50)
    #expect(subject.answers.values.allSatisfy { $0 == .purged })
    #expect(subject.manager.state.history.purges.map(\.summary).count == 3)
  }

  @Test("identical purges that wait together stand once in their entry, and each is answered")
  func folded() {
    var subject = Subject.leading()
    subject.writesAtOnce = false
    for token: UInt64 in 1...2 { subject.purge("/first", token: token) }
    for token: UInt64 in 3...50 { subject.purge("/\(token % 3)", token: token) }
    subject.writesAtOnce = true
    subject.flush()
    #expect(subject.answers.count == 50)
    #expect(
      subject.manager.state.history.purges.map(\.summary) == [
        "purge 1 address", "purge 1 address", "purge 3 addresses",
      ])
  }

  @Test("a purge that with its own identity is too large for an entry is refused, and the largest is taken")
  func largest() {
    var subject = Subject.leading()
    let limit = subject.manager.configuration.raft.maximumCommandBytes
    let most = (0..<limit / 4_000).map { number in
      Purge.address(host: nil, path: "/\(1_000_000 + number)/" + String(repeating: "x", count: 3_978))
    }
    let rest = limit - Proposal.of(.purge(most), token: 1).encoded().count
    // Between the sizes with and without it lie the bytes of what is not the request's own.
    var sizes = (refused: 0, taken: 0)
    for (token, more) in stride(from: -100, through: 20, by: 8).enumerated() {
      let last = Purge.address(host: nil, path: "/" + String(repeating: "y", count: rest + more))
      subject.step(.purge([.init(token: UInt64(token), origin: "door/a", purges: most + [last])]))
      switch subject.answers[UInt64(token)] {
      case .purged: sizes.taken += 1
      case .applied(let applied) where applied.outcome.isRefused: sizes.refused += 1
      case let answer: Issue.record("\(more) more: \(String(describing: answer))")
      }
    }
    #expect(sizes.taken > 1 && sizes.refused > 1)
  }

  @Test("a purge that no cache could carry out is refused alone, without those that wait with it")
  func refusedAlone() {
    var subject = Subject.leading()
    subject.step(
      .purge([
        .init(token: 1, origin: "door/a", purges: [.ban(expression: "nonsense")]),
        .init(token: 2, origin: "door/a", purges: [.address(host: nil, path: "/")]),
      ]))
    guard case .applied(let applied)? = subject.answers[1] else {
      Issue.record("\(String(describing: subject.answers[1]))")
      return
    }
    #expect(applied.outcome.isRefused)
    #expect(subject.answers[2] == .purged)
  }

  @Test("an entry takes 2 000 purges; a request is not split")
  func entrySize() {
    var subject = Subject.leading()
    subject.writesAtOnce = false
    subject.purge("/", token: 1)
    subject.purge("/", token: 2)
    let many = (0..<1_500).map { Purge.address(host: nil, path: "/\($0)") }
    for token: UInt64 in 3...4 { subject.step(.purge([.init(token: token, origin: "door/a", purges: many)])) }
    subject.writesAtOnce = true
    subject.flush()
    #expect(subject.manager.state.history.purges.count == 4)
  }

  @Test(
    "purges that are too many, or too large for any frame, are refused before the log, alone, and told why",
    arguments: [
      (State.maximumPurges + 1, 8, "a purge names 1 to 10000 things to forget, not 10001"),
      (300, 8_000, "it takes 2400928 bytes; an intent has at most 2097152"),
    ])
  func refusedPurge(count: Int, bytes: Int, reason: String) {
    var subject = Subject.leading()
    let before = subject.manager.view(at: subject.now).commitIndex
    let many = (0..<count).map { page in
      let start = "/\(page)/"
      return Purge.address(host: nil, path: start + String(repeating: "x", count: bytes - start.utf8.count))
    }
    subject.step(
      .purge([
        .init(token: 1, origin: "door/a", purges: many),
        .init(token: 2, origin: "door/a", purges: [.address(host: nil, path: "/")]),
      ]))
    #expect(subject.answers[1] == .applied(Applied(index: before, outcome: .refused(reason: reason))))
    #expect(subject.answers[2] == .purged)
    #expect(subject.manager.view(at: subject.now).commitIndex == before + 1)
  }

  @Test("a single request of many kibibytes is an entry of its own")
  func largeRequest() {
    var subject = Subject.leading()
    let large = (0..<200).map {
      Purge.address(host: nil, path: "/\($0)/" + String(repeating: "x", count: 8_000))
    }
    subject.step(.purge([.init(token: 1, origin: "door/a", purges: large)]))
    #expect(subject.answers[1] == .purged)
  }

  // MARK: Readers

  @Test("a leader confirmed by its majority tells a reader at once that the state is current")
  func barrier() {
    var subject = Subject.leading()
    subject.step(.barrier(token: 1))
    #expect(subject.answers == [1: .current])
  }
}
