import Cluster
import Manager
import Raft
import Testing
import WireFormat

@Suite("A manager that was away hears a leader that joined meanwhile (Raft thesis 4.1)")
struct IntroductionTests {
  private let newcomer = ManagerMember(id: 4, name: "d", zone: "d", address: "10.0.0.4")

  private func introduction(_ index: Index, _ term: Term) -> PeerMessage {
    .introduction(Introduction(member: newcomer, applied: Position(index: index, term: term)))
  }

  private func introduced(_ subject: Subject) -> [UInt64] {
    subject.rosters.last?.joined.map(\.id) ?? []
  }

  private func leader(_ subject: Subject) -> NodeID? {
    subject.manager.view(at: subject.now).leadership.leader
  }

  @Test("what an unknown manager sends counts once it has introduced itself, and not before")
  func heard() {
    var subject = Subject()
    subject.follow(4, term: 2)
    subject.follow(4, term: 2)
    #expect(leader(subject) == nil)
    #expect(subject.notes.filter { $0.contains("n4") }.count == 1, "it is said once")
    subject.receive(introduction(5, 2), from: 4)
    #expect(introduced(subject) == [4])
    subject.follow(4, term: 2)
    #expect(leader(subject) == NodeID(4))
    #expect(subject.manager.view(at: subject.now).managers.map(\.id) == [1, 2, 3, 4].map { NodeID($0) })
    // Another disk of it is not taken for it.
    subject.receive(introduction(9, 3), from: 4, disk: 2)
    #expect(subject.alarms.count == 1)
  }

  @Test("what the log says of it replaces what it said itself")
  func logDecides() {
    var subject = Subject()
    subject.receive(introduction(5, 2), from: 4)
    var moved = newcomer
    moved.address = "10.0.0.44"
    subject.follow(
      4, term: 2, commands: [Proposal.of(.managers(ManagerChange(adding: moved)), token: 1).encoded()])
    #expect(subject.rosters.last?.joined == [moved])
    let removal = Proposal.of(.managers(ManagerChange(removing: NodeID(4))), token: 2)
    subject.follow(4, term: 2, commands: [removal.encoded()])
    #expect(subject.rosters.last?.removed == [NodeID(4)])
    #expect(introduced(subject) == [])
    subject.receive(introduction(99, 9), from: 4)
    #expect(introduced(subject) == [], "it was removed")
  }

  @Test("one that has applied less is of a history that was given up after a lost majority, and is not heard")
  func lostHistory() {
    var subject = Subject()
    let intents = (1...3).map { Proposal.of(.drain(node: "x"), token: $0).encoded() }
    subject.follow(2, term: 1 << 20, commands: intents)
    #expect(subject.manager.state.appliedIndex == 3)
    for (index, term) in [(500, 7), (3, 1 << 20), (2, 1 << 20)] as [(Index, Term)] {
      subject.receive(introduction(index, term), from: 4)
    }
    #expect(introduced(subject) == [])
    subject.receive(introduction(4, 1 << 20), from: 4)
    #expect(introduced(subject) == [4])
  }

  @Test("a survivor that decides alone takes no introduction, before it has applied its own recovery too")
  func survivor() {
    var subject = Subject(
      restored: .fresh(Membership(voters: [NodeID(1)]), admission: Admission()))
    subject.receive(introduction(500, 7), from: 4)
    #expect(introduced(subject) == [])
    #expect(subject.notes.contains { $0.contains("this manager decides alone") })
  }

  @Test("a removed manager is kept out of the link, though the roster is as it was")
  func removedIsRefused() {
    var subject = Subject()
    let adding = Proposal.of(.managers(ManagerChange(adding: newcomer)), token: 1)
    let removing = Proposal.of(.managers(ManagerChange(removing: NodeID(4))), token: 2)
    subject.follow(2, term: 2, commands: [adding.encoded(), removing.encoded()])
    var restored = Restored.fresh(Membership(voters: [1, 2, 3].map { NodeID($0) }), admission: Admission())
    restored.snapshot = Snapshot(
      position: Position(index: 2, term: 2), membership: restored.snapshot.membership,
      state: subject.manager.state.encoded())
    restored.hardState = HardState(term: 2)
    #expect(Subject(restored: restored).rosters.last?.removed == [NodeID(4)])
  }

  @Test("nobody introduces another, and a manager that is not admitted itself takes no introduction")
  func notTaken() {
    var subject = Subject()
    subject.receive(introduction(5, 2), from: 5)
    #expect(introduced(subject) == [])
    var fresh = Subject(admission: nil)
    fresh.receive(introduction(5, 2), from: 4)
    #expect(introduced(fresh) == [])
  }

  @Test("a manager that joined introduces itself to those that are silent, once a second")
  func introduces() {
    var subject = Subject()
    let own = ManagerMember(id: 1, name: "a", zone: "a", address: "10.0.0.1")
    func introductions(to peer: UInt64) -> [Introduction] {
      subject.sent.compactMap { to, message in
        if to == NodeID(peer), case .introduction(let introduction) = message { introduction } else { nil }
      }
    }
    subject.pass(.seconds(10))
    #expect(introductions(to: 2).isEmpty, "a founder is known to all")
    let joining = [
      Proposal.of(.managers(ManagerChange(adding: own)), token: 1),
      Proposal.of(.managerStep(.disk(NodeID(1), Subject.disk(1))), token: 2),
    ]
    subject.follow(2, term: 9, commands: joining.map { $0.encoded() })
    subject.forgetSent()
    for _ in 1...40 {
      subject.pass(.milliseconds(100))
      subject.follow(2, term: 9)
    }
    #expect(introductions(to: 2).isEmpty)
    let said = introductions(to: 3)
    #expect((4...5).contains(said.count))
    #expect(said.first == Introduction(member: own, applied: Position(index: 2, term: 9)))
  }
}
