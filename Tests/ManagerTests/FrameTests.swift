import Cluster
import Manager
import Raft
import Testing
import WireFormat

@Suite("Frames of other managers")
struct FrameTests {
  private func report(
    of name: String, process: UInt64 = 1, sequence: UInt64 = 1, problems: [String] = []
  ) -> PeerMessage {
    var report = Report(
      description: Subject.described(name), process: process, sequence: sequence, appliedIndex: 0)
    report.problems = problems
    return .report(report)
  }

  @Test("a frame of a manager that nothing tells of is noted and ignored")
  func unknownManager() {
    var subject = Subject()
    subject.receive(report(of: "b"), from: 9)
    #expect(
      subject.notes.last == "what the unknown manager n9 sends is ignored: it has not introduced itself")
    #expect(!subject.reportedNodes.contains("b"))
    let vote = Message.Body.preVoteRequest(last: Position(index: 9, term: 9))
    subject.forgetSent()
    subject.receive(.raft(Message(from: NodeID(9), to: NodeID(1), term: 9, body: vote)), from: 9)
    #expect(subject.sent.isEmpty)
  }

  @Test("a manager reports of itself only")
  func anothersName() {
    var subject = Subject()
    subject.receive(report(of: "c"), from: 2)
    #expect(!subject.reportedNodes.contains("c"))
    subject.receive(report(of: "b"), from: 2)
    #expect(subject.reportedNodes.contains("b"))
  }

  @Test("a manager speaks for itself only: a message in another's name, or for another, does nothing")
  func anothersMessage() {
    var subject = Subject()
    subject.forgetSent()
    let append = Message.Body.append(.init(previous: .zero, entries: [], commit: 0, round: 1))
    subject.receive(.raft(Message(from: NodeID(3), to: NodeID(1), term: 1, body: append)), from: 2)
    subject.receive(.raft(Message(from: NodeID(2), to: NodeID(3), term: 1, body: append)), from: 2)
    #expect(subject.sent.isEmpty)
    #expect(subject.manager.view(at: subject.now).leadership.leader == nil)
  }

  @Test("a delayed report of one process is older news; after a restart the numbers begin anew")
  func olderReports() {
    var subject = Subject()
    func problems() -> [String]? {
      subject.manager.view(at: subject.now).reports.first { $0.report.description.name == "b" }?.report
        .problems
    }
    subject.receive(report(of: "b", sequence: 5, problems: ["new"]), from: 2)
    subject.receive(report(of: "b", sequence: 4, problems: ["old"]), from: 2)
    #expect(problems() == ["new"])
    subject.receive(report(of: "b", process: 2, sequence: 1, problems: ["restarted"]), from: 2)
    #expect(problems() == ["restarted"])
  }

  @Test("garbage is noted and changes nothing; the frames after it count")
  func garbage() {
    var subject = Subject()
    let before = subject.manager.state
    subject.step(
      .received(
        from: NodeID(2), disk: Subject.disk(2),
        frames: [[], [0xff, 0xff], Array("GET / HTTP/1.1".utf8), report(of: "b").encoded()]))
    #expect(subject.notes.count { $0.hasPrefix("a frame from manager b was ignored: ") } == 3)
    #expect(subject.manager.state == before)
    #expect(subject.reportedNodes.contains("b"))
  }

  @Test("what no manager could apply does not get into the leader's log; what stands beside it does")
  func unreadableProposals() {
    var subject = Subject.leading()
    let good = Proposal.of(.drain(node: "x"), token: 1).encoded()
    subject.receive(.propose([[1, 2, 3], good]), from: 1)
    #expect(subject.notes.contains("manager n1 brought 1 unreadable proposals"))
    #expect(subject.manager.state.history.intents.last?.summary == Intent.drain(node: "x").summary)
    #expect(subject.halts == [])
  }

  @Test(
    "what was proposed at a time that no clock shows does not get into the log",
    arguments: [.min, -1, 1 << 54])
  func impossibleTimes(_ milliseconds: Int64) {
    var subject = Subject.leading()
    var proposal = Proposal.of(.drain(node: "x"), token: 1)
    proposal.wallClockMilliseconds = milliseconds
    subject.receive(.propose([proposal.encoded()]), from: 1)
    #expect(subject.notes.contains("manager n1 brought 1 unreadable proposals"))
    #expect(!subject.manager.state.history.intents.contains { $0.summary == proposal.intent.summary })
  }
}
