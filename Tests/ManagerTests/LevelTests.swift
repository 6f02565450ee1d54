import Cluster
import Manager
import Raft
import Testing
import WireFormat

@Suite("Programs of two versions side by side")
struct LevelTests {
  private func raise(to level: FeatureLevel) -> [UInt8] {
    Proposal(request: nil, origin: "controller/b", wallClockMilliseconds: 0, intent: .raise(level)).encoded()
  }

  private func refusal(_ subject: Subject, _ token: UInt64) -> String? {
    guard case .applied(let applied) = subject.answers[token], case .refused(let reason) = applied.outcome
    else { return nil }
    return reason
  }

  @Test("the cluster's level is what all understand, and an intent above it does not come into the log")
  func gate() {
    var older = Subject.leading()
    older.submit(.forget(node: "x"), token: 1)
    #expect(
      refusal(older, 1)?.contains("not before all managers are heard and understand feature level 2") == true)
    #expect(older.manager.state.history.intents.allSatisfy { !$0.summary.contains("forget") })
    var newer = Subject.leading(understanding: .current)
    #expect(newer.manager.state.featureLevel == .current)
    newer.submit(.forget(node: "x"), token: 1)
    #expect(
      newer.answers[1] == .applied(Applied(index: newer.manager.state.appliedIndex, outcome: .unchanged)))
  }

  @Test("the leader waits for a manager that was not heard or says nothing of levels, and says for whom")
  func waits() {
    // The log has a learner beside the one that leads.
    var subject = Subject(
      restored: .fresh(Membership(voters: [NodeID(1)], learners: [NodeID(2)]), admission: Admission()),
      understanding: .current)
    func problems() -> [String] {
      subject.manager.view(at: subject.now).reports.flatMap(\.report.problems).filter { $0.contains("level") }
    }
    subject.pass(.seconds(2))
    #expect(subject.manager.isLeader)
    #expect(subject.manager.state.featureLevel == .first)
    #expect(problems().first?.hasSuffix("understand 2: not heard: b: start, replace or remove it") == true)
    subject.submit(.forget(node: "x"), token: 2)
    #expect(refusal(subject, 2)?.contains("`tercet status` says whom it waits for") == true)
    let report = Report(description: Subject.described("b"), process: 1, sequence: 1, appliedIndex: 0)
    subject.receive(.report(report), from: 2)
    subject.pass(.seconds(1))
    #expect(subject.manager.state.featureLevel == .first)
    #expect(problems().first?.hasSuffix("an older version runs on b: upgrade it") == true, "\(problems())")
    subject.receive(.understands(.current), .report(report), from: 2)
    subject.pass(.milliseconds(200))
    #expect(subject.manager.state.featureLevel == .current)
    subject.pass(.seconds(1))
    #expect(problems().isEmpty)
    // Nothing raises it a second time.
    let raised = subject.manager.state.history.intents.filter { $0.summary.contains("feature level") }
    #expect(raised.count == 1)
  }

  @Test("what is beyond a program stops it, with the advice to upgrade it", arguments: [true, false])
  func stops(raised: Bool) {
    var subject = Subject()
    let forgetting = Proposal.of(.forget(node: "x"), token: 1).encoded()
    subject.follow(2, commands: [raised ? raise(to: .current) : forgetting])
    #expect(subject.halts.count == 1)
    #expect(subject.halts.first?.contains("the cluster is at feature level 2") == true)
    #expect(subject.halts.first?.hasSuffix("upgrade this manager") == true)
    var newer = Subject(understanding: .current)
    newer.follow(2, commands: [raise(to: .current), forgetting])
    #expect(newer.halts.isEmpty)
    #expect(newer.manager.state.featureLevel == .current)
  }

  @Test("so does a state beyond it")
  func stopsAtState() {
    var state = State(cluster: "c1")
    let raising = Proposal(
      request: nil, origin: "controller/b", wallClockMilliseconds: 0, intent: .raise(.current))
    _ = state.apply(raising, at: 1)
    var restored = Restored.fresh(Membership(voters: [1, 2, 3].map { NodeID($0) }), admission: Admission())
    restored.snapshot = Snapshot(
      position: Position(index: 1, term: 1), membership: restored.snapshot.membership, state: state.encoded())
    restored.hardState = HardState(term: 1)
    let older = Subject(restored: restored)
    #expect(older.halts.first?.hasPrefix("the snapshot at 1 cannot be used: ") == true)
    #expect(Subject(restored: restored, understanding: .current).halts.isEmpty)
  }

  @Test("a report with fields of a later version is read, with what this one knows")
  func laterReport() throws {
    var report = Report(description: Subject.described("b"), process: 5, sequence: 2, appliedIndex: 300)
    report.problems = ["x"]
    var writer = WireWriter()
    writer.record(4) { writer in
      report.encode(into: &writer)
      writer.field(40, 7 as UInt64)
      writer.record(41) { $0.field(1, "later") }
    }
    #expect(try PeerMessage(decoding: writer.bytes) == .report(report))
  }
}
