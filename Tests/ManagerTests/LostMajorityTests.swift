import Cluster
import Manager
import Raft
import Testing
import WireFormat

@Suite("Going on after a majority was lost")
struct LostMajorityTests {
  private static let founders = Membership(voters: [NodeID(1), NodeID(2), NodeID(3)])

  /// Manager 1 as it was before its machine's neighbours burnt, and as an operator let it go on.
  private func survivor() throws -> Subject {
    let before = Restored.fresh(Self.founders)
    let lost = LostMajority(node: NodeID(1), restored: before)
    #expect(lost.others == [NodeID(2), NodeID(3)])
    let restored = try lost.recovered(by: "operator/ana", because: "fire", wallClockMilliseconds: 1)
    return Subject(restored: restored)
  }

  private func farewells(_ subject: Subject) -> [NodeID] {
    subject.sent.compactMap { to, message in
      if case .identity(let identity) = message, identity.isFarewell { to } else { nil }
    }
  }

  private func asksForVotes(_ subject: Subject) -> Bool {
    subject.sent.contains { if case .raft = $0.message { true } else { false } }
  }

  @Test("the survivor leads alone, and its history tells who did it and why")
  func goesOn() throws {
    var subject = try survivor()
    subject.pass(.seconds(2))
    #expect(subject.manager.isLeader)
    let record = subject.manager.state.history.records(after: 0).first
    #expect(record?.origin == "operator/ana")
    #expect(record?.summary == "recovery: manager 1 goes on alone, without 2 and 3: fire")
    #expect(subject.manager.state.managers.givenUp == [NodeID(2), NodeID(3)])
    let member = ManagerMember(id: 4, name: "b", zone: "b", address: "10.0.0.2")
    subject.submit(.managers(ManagerChange(adding: member, removing: NodeID(2))), token: 1)
    subject.pass(.milliseconds(300))
    #expect(subject.manager.state.managers.change?.change.removing == NodeID(2), "it may be replaced")
  }

  @Test("one that was given up is not heard from the survivor's first moment on, and is told")
  func unheard() throws {
    var subject = try survivor()
    #expect(farewells(subject) == [NodeID(2), NodeID(3)], "they are told without being asked")
    subject.forgetSent()
    let term = subject.manager.view(at: subject.now).leadership.term
    let request = Message(
      from: NodeID(2), to: NodeID(1), term: term + 9, body: .voteRequest(last: .zero, isTransfer: true))
    subject.receive(.raft(request), from: 2)
    #expect(subject.manager.view(at: subject.now).leadership.term == term)
    #expect(farewells(subject) == [NodeID(2)])
    subject.forgetSent()
    subject.pass(.milliseconds(450))
    #expect(farewells(subject).contains(NodeID(3)), "before it could elect a leader with the other")
  }

  @Test("one that is told so stands aside, and still does after a restart")
  func standsAside() {
    var subject = Subject()
    let farewell = Identity(isAdmitted: true, known: nil, wantsAnswer: false, isFarewell: true)
    subject.receive(.identity(farewell), from: 2)
    #expect(subject.alarms.count == 1)
    #expect(subject.admission?.isWithdrawn == true, "it is on disk")
    subject.forgetSent()
    subject.pass(.seconds(5))
    #expect(!asksForVotes(subject))

    var later = Subject(admission: subject.admission)
    later.pass(.seconds(5))
    #expect(!asksForVotes(later) && later.alarms.count == 1)
    later.submit(.drain(node: "a"), token: 1)
    guard case .stopped(let reason) = later.answers[1] else {
      Issue.record("it is not answered")
      return
    }
    #expect(reason.contains("tercet manager replace a"))
  }
}
