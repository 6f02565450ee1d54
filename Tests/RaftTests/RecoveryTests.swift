import Raft
import Simulation
import Testing
import WireFormat

@Suite("Recovery from a lost majority")
struct RecoveryTests {
  /// The operator's note, as the state machine would have it.
  private static let record: [UInt8] = Array("recovered by anna: zones b and c burnt".utf8)

  /// Three members with three entries; two of them are gone for good.
  private func afterTheFire() -> RaftCluster {
    var cluster = RaftCluster(3, strangers: 2)
    cluster.elect(1)
    for command: UInt8 in 1...3 { cluster.propose(command, at: 1) }
    cluster.settle()
    for id in cluster.ids where id != 4 && id != 5 { cluster.crash(id) }
    return cluster
  }

  @Test("a lone survivor elects nobody, and after the recovery goes on with all it held and the record of it")
  func loneSurvivor() throws {
    var cluster = afterTheFire()
    cluster.start(2)
    cluster.pass(.seconds(5))
    #expect(cluster.leader == nil)
    let before = cluster[2].lastPosition
    cluster.crash(2)
    try cluster.recover(2, voters: [2], record: RecoveryTests.record)
    cluster.start(2)
    cluster.pass(.seconds(3))
    #expect(cluster.leader == 2 && cluster[2].membership == Membership(voters: [2]))
    #expect(cluster[2].entry(at: before.index)?.position == before)
    #expect(cluster[2].entry(at: before.index + 2)?.payload == .command(RecoveryTests.record))
    #expect(cluster[2].commitIndex >= before.index + 2)
    #expect(cluster.violation == nil)
  }

  @Test("the survivor takes new members in, and they bring back a majority")
  func growsAgain() throws {
    var cluster = afterTheFire()
    try cluster.recover(2, voters: [2], record: RecoveryTests.record)
    cluster.start(2)
    cluster.pass(.seconds(3))
    cluster.step(2, .changeMembers(token: 1, voters: [2, 4, 5], learners: []))
    cluster.settle()
    #expect(cluster[4].membership == Membership(voters: [2, 4, 5]))
    cluster.crash(2)
    cluster.pass(.seconds(5))
    #expect(cluster.leader == 4 || cluster.leader == 5)
    #expect(cluster[4].commitIndex >= 7)
    #expect(cluster.violation == nil)
  }

  @Test("two survivors are recovered through one of them: the other one follows its log")
  func twoSurvivors() throws {
    var cluster = RaftCluster(5)
    cluster.elect(1)
    cluster.propose(1, at: 1)
    cluster.settle()
    for id in cluster.ids { cluster.crash(id) }
    try cluster.recover(2, voters: [2, 3], record: RecoveryTests.record)
    cluster.start(2)
    cluster.start(3)
    cluster.pass(.seconds(5))
    #expect(cluster.leader == 2)
    #expect(cluster[3].membership == Membership(voters: [2, 3]) && cluster[3].commitIndex >= 4)
    #expect(cluster.violation == nil)
  }

  @Test("a member given up that starts again in spite of all follows the survivor")
  func returns() throws {
    var cluster = afterTheFire()
    cluster.start(3)
    cluster.pass(.seconds(30))
    try cluster.recover(2, voters: [2], record: RecoveryTests.record)
    cluster.start(2)
    cluster.pass(.seconds(3))
    cluster.step(2, .changeMembers(token: 1, voters: [2, 3], learners: []))
    cluster.pass(.seconds(1))
    #expect(cluster.leader == 2 && cluster[3].leader == 2)
    #expect(cluster[3].lastPosition == cluster[2].lastPosition)
    #expect(cluster.violation == nil)
  }

  @Test("a recovery that cannot be right is refused, and says what to do")
  func refusals() {
    let store = Restored.log([1, 1], voters: [1, 2, 3])
    var stranger = store
    stranger.admission = nil
    var withdrawn = store
    withdrawn.admission?.isWithdrawn = true
    let damaged = Restored.log([2, 1], voters: [1, 2, 3])
    func refusal(_ store: Restored, _ voters: [NodeID], _ record: [UInt8] = [1]) -> String {
      do {
        _ = try store.recovered(at: 1, voters: voters, record: record)
        return "taken"
      } catch {
        return error.description
      }
    }
    #expect(refusal(store, [1]) == "taken")
    #expect(refusal(store, [2]).contains("n1 must be among the voters"))
    #expect(refusal(store, [1, 9]).contains("n9 is no member; the log knows n1, n2, n3"))
    #expect(refusal(store, [1], []).contains("recorded"))
    #expect(refusal(damaged, [1]).contains("another survivor"))
    #expect(refusal(stranger, [1]).contains("never took part"))
    #expect(refusal(withdrawn, [1]).contains("earlier recovery"))
  }

  @Test("the disks of those who are given up are known no more, and that they are is written down")
  func givesUp() throws {
    var store = Restored.log([1, 1], voters: [1, 2, 3])
    for node: NodeID in [2, 3] { store.admission?[node] = Incarnation(high: node.rawValue, low: 1) }
    let recovered = try store.recovered(at: 1, voters: [1, 3], record: Self.record)
    let admission = try #require(recovered.admission)
    #expect(admission[2] == nil && admission[3] != nil && admission.givenUp == [2])
    #expect(try Admission(decoding: admission.encoded()) == admission)
  }
}
