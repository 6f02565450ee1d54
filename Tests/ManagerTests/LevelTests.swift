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
    #expect(refusal(older, 1)?.contains("upgrade those that run an older version") == true)
    #expect(older.manager.state.history.intents.allSatisfy { !$0.summary.contains("forget") })
    var newer = Subject.leading(understanding: .current)
    #expect(newer.manager.state.featureLevel == .current)
    newer.submit(.forget(node: "x"), token: 1)
    #expect(
      newer.answers[1] == .applied(Applied(index: newer.manager.state.appliedIndex, outcome: .unchanged)))
  }

  @Test("the leader waits for a manager that was not heard, and says for whom")
  func waits() {
    var subject = Subject.leading(understanding: .current)
    // Nothing raises it a second time.
    let index = subject.manager.state.appliedIndex
    subject.pass(.seconds(5))
    #expect(subject.manager.state.appliedIndex == index)

    var joined = Subject.leading(understanding: .first)
    let member = ManagerMember(id: 4, name: "d", zone: "d", address: "10.0.0.4")
    joined.submit(.managers(ManagerChange(adding: member)), token: 1)
    joined.pass(.milliseconds(300))
    var report = Report(description: Subject.described("d"), process: 1, sequence: 1, appliedIndex: 0)
    report.featureLevel = .current
    joined.receive(.report(report), from: 4)
    joined.pass(.seconds(1))
    #expect(joined.manager.state.featureLevel == .first)
    let problems = joined.manager.view(at: joined.now).reports.flatMap(\.report.problems)
    #expect(problems.contains { $0.hasPrefix("a run an older version: ") }, "\(problems)")
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
