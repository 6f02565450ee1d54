import Cluster
import Manager
import Raft
import Testing

@Suite("Changing the managers")
struct MembershipTests {
  private func member(_ id: UInt64, _ name: String) -> ManagerMember {
    ManagerMember(id: id, name: name, zone: name, address: "10.0.0.9")
  }

  @Test("an identity in use, a stranger and the last manager are refused before the log")
  func refused() {
    var subject = Subject.leading()
    let changes = [
      ManagerChange(adding: member(1, "d")), ManagerChange(removing: NodeID(9)),
      ManagerChange(removing: NodeID(1)),
    ]
    for (token, change) in changes.enumerated() {
      subject.submit(.managers(change), token: UInt64(token))
      guard case .applied(let applied) = subject.answers[UInt64(token)] else {
        Issue.record("\(change) is not answered")
        continue
      }
      #expect(applied.outcome.isRefused)
    }
    #expect(subject.manager.state.managers.isEmpty)
  }

  @Test("a manager that joins learns until its disk stands in the log and it has caught up, and then votes")
  func joining() {
    var subject = Subject.leading()
    subject.submit(.managers(ManagerChange(adding: member(4, "d"))), token: 1)
    subject.pass(.milliseconds(300))
    #expect(subject.rosters.last?.joined.map(\.id) == [4])
    #expect(subject.manager.view(at: subject.now).managers.map(\.isVoter) == [true, false])
    let word = Identity(isAdmitted: false, known: nil, wantsAnswer: true)
    subject.receive(.identity(word), from: 4)
    subject.pass(.milliseconds(300))
    #expect(subject.manager.state.managers.joined[NodeID(4)]?.disk == Subject.disk(4))
    #expect(
      subject.manager.view(at: subject.now).managers.map(\.isVoter) == [true, false], "it lacks the log")
    subject.forgetSent()
    subject.receive(.identity(word), from: 4, disk: 2)
    let answer = subject.sent.compactMap {
      if case .identity(let identity) = $0.message { identity } else { nil }
    }
    #expect(answer.map(\.known) == [Subject.disk(4)], "no other disk is taken for it")
  }
}
