import Cluster
import Manager
import Raft
import Testing

@Suite("A manager whose disk was replaced is not taken for its old self (etcd #12483)")
struct IdentityTests {
  /// What another manager says of this one's disk.
  private func word(_ known: UInt64?, isAdmitted: Bool = false, wantsAnswer: Bool = false) -> PeerMessage {
    .identity(
      Identity(isAdmitted: isAdmitted, known: known.map { Subject.disk(1, $0) }, wantsAnswer: wantsAnswer))
  }

  private func identities(_ subject: Subject, to peer: UInt64) -> [Identity] {
    subject.sent.compactMap { to, message in
      if to == NodeID(peer), case .identity(let identity) = message { identity } else { nil }
    }
  }

  private func raftTerms(_ subject: Subject) -> [Term] {
    subject.sent.compactMap { if case .raft(let message) = $0.message { message.term } else { nil } }
  }

  private func own(_ subject: Subject) -> String? { complaint(subject, 1) }

  private func complaint(_ subject: Subject, _ id: UInt64) -> String? {
    subject.manager.view(at: subject.now).managers.first { $0.id == NodeID(id) }?.complaint
  }

  @Test("a cluster begins when all its managers have met, and not with a majority of them")
  func founding() {
    var subject = Subject(admission: nil)
    subject.receive(word(1), from: 2)
    subject.pass(.seconds(3))
    #expect(raftTerms(subject) == [])
    #expect(own(subject)?.hasPrefix("it waits for c: ") == true)
    subject.receive(word(1), from: 3)
    #expect(own(subject) == nil)
    subject.pass(.seconds(3))
    #expect(raftTerms(subject) != [])
  }

  @Test("a single manager needs nobody's consent")
  func alone() {
    var subject = Subject(managers: 1, admission: nil)
    subject.pass(.seconds(2))
    #expect(subject.manager.isLeader)
  }

  @Test("consent to another disk of this machine is none")
  func anothersConsent() {
    var subject = Subject(admission: nil)
    subject.receive(word(2), from: 2)
    subject.receive(word(1), from: 3)
    #expect(own(subject)?.hasPrefix("it waits for b: ") == true)
  }

  @Test("a manager that is new itself agrees to any disk; one that is admitted, to the one it knows")
  func consents() {
    var subject = Subject(admission: nil)
    subject.receive(word(nil, wantsAnswer: true), from: 2, disk: 1)
    subject.receive(word(nil, wantsAnswer: true), from: 2, disk: 2)
    #expect(identities(subject, to: 2).suffix(2).map(\.known) == [Subject.disk(2), Subject.disk(2, 2)])
    subject.receive(word(1), from: 2, disk: 1)
    subject.receive(word(1), from: 3)
    subject.forgetSent()
    subject.receive(word(nil, wantsAnswer: true), from: 2, disk: 2)
    subject.receive(word(nil, wantsAnswer: true), from: 2, disk: 1)
    let answers = identities(subject, to: 2)
    #expect(answers.map(\.known) == [Subject.disk(2), Subject.disk(2)])
    #expect(answers.map(\.isAdmitted) == [true, true])
  }

  @Test("a frame from another disk than the known one counts for nothing, also after a restart")
  func refused() {
    var admission = Admission()
    admission[NodeID(2)] = Subject.disk(2)
    admission[NodeID(3)] = Subject.disk(3)
    var subject = Subject(admission: admission)
    subject.forgetSent()
    let vote = Message.Body.voteRequest(last: Position(index: 9, term: 9), isTransfer: false)
    let request = PeerMessage.raft(Message(from: NodeID(2), to: NodeID(1), term: 9, body: vote))
    subject.receive(request, from: 2, disk: 2)
    #expect(
      identities(subject, to: 2) == [Identity(isAdmitted: true, known: Subject.disk(2), wantsAnswer: false)])
    #expect(subject.sent.count == 1)
    #expect(complaint(subject, 2)?.contains("tercet manager replace b") == true)
    #expect(subject.alarms.count == 1)
    subject.receive(request, from: 2, disk: 2)
    #expect(subject.alarms.count == 1, "it is said once")
    subject.receive(request, from: 2, disk: 1)
    #expect(raftTerms(subject) == [9])
  }

  @Test("who learns that it is known by another disk stands aside, answers why, and says it in its view")
  func standsAside() {
    var subject = Subject(admission: nil)
    subject.submit(.drain(node: "x"), token: 1)
    subject.receive(word(7, isAdmitted: true), from: 2)
    subject.submit(.drain(node: "x"), token: 2)
    subject.step(.barrier(token: 3))
    let reason = own(subject)
    #expect(reason?.contains("tercet manager replace a") == true)
    #expect(subject.alarms == [reason])
    for token: UInt64 in 1...3 { #expect(subject.answers[token] == .stopped(reason: reason ?? "")) }
    subject.receive(word(1), from: 2)
    subject.receive(word(1), from: 3)
    subject.forgetSent()
    subject.pass(.seconds(20))
    let words = subject.sent.count
    #expect(words > 0, "the others shall know that it is there")
    #expect(identities(subject, to: 2).count + identities(subject, to: 3).count == words)
  }

  @Test("what comes with the word that it is known by another disk is not acted on any more")
  func refusedMidway() {
    var subject = Subject(admission: nil)
    let vote = Message.Body.voteRequest(last: Position(index: 9, term: 9), isTransfer: false)
    subject.forgetSent()
    subject.receive(
      word(7, isAdmitted: true), .raft(Message(from: NodeID(2), to: NodeID(1), term: 9, body: vote)), from: 2)
    #expect(subject.manager.view(at: subject.now).leadership.term == 0)
  }

  @Test("a cluster of an older version, which knows no disks, learns them from those who take part")
  func upgrade() {
    var subject = Subject(admission: Admission())
    subject.receive(word(nil, isAdmitted: false), from: 2, disk: 1)
    subject.receive(word(nil, isAdmitted: true), from: 2, disk: 2)
    subject.receive(word(nil, isAdmitted: true), from: 2, disk: 3)
    #expect(complaint(subject, 2) != nil, "from the second disk on, no other is taken")
    subject.receive(word(nil, isAdmitted: true), from: 2, disk: 2)
    #expect(complaint(subject, 2) == nil)
  }
}
