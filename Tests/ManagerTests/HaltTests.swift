import Cluster
import Manager
import Raft
import Testing
import WireFormat

@Suite("A manager that has stopped for good")
struct HaltTests {
  @Test("an entry that cannot be read halts the manager: without it its state would be another one")
  func unreadableEntry() {
    var subject = Subject()
    let drain = Proposal.of(.drain(node: "x"), token: 9).encoded()
    subject.follow(2, commands: [drain, [0xff], drain])
    #expect(subject.manager.state.appliedIndex == 1)
    #expect(subject.halts.count == 1)
    #expect(subject.halts.first?.hasPrefix("entry 2 cannot be applied: ") == true)
    #expect(subject.manager.haltReason == subject.halts.first)
    #expect(subject.manager.nextDeadline == .never)
  }

  @Test("it answers everyone who waits, and everyone who asks afterwards, that it has stopped")
  func stopped() {
    var subject = Subject()
    subject.submit(.drain(node: "x"), token: 1)
    subject.purge("/", token: 2)
    subject.step(.barrier(token: 3))
    #expect(subject.answers.isEmpty)
    subject.step(.writeFailed(1, reason: "disk full"))
    subject.submit(.drain(node: "x"), token: 4)
    subject.purge("/", token: 5)
    subject.step(.barrier(token: 6))
    #expect(subject.halts.count == 1)
    #expect(subject.halts.first?.contains("disk full") == true)
    for token: UInt64 in 1...6 {
      #expect(subject.answers[token] == .stopped(reason: subject.halts.first ?? ""))
    }
  }

  @Test("it sends nothing more and shows a view that is not current")
  func silent() {
    var subject = Subject.leading()
    #expect(subject.manager.view(at: subject.now).isCurrent)
    subject.step(.writeFailed(99, reason: "disk full"))
    subject.forgetSent()
    subject.step(.timer)
    subject.receive(.propose([[1]]), from: 1)
    #expect(subject.sent.isEmpty)
    #expect(subject.halts.count == 1)
    #expect(!subject.manager.view(at: subject.now).isCurrent)
  }
}
