import Raft
import Simulation
import Testing

@Suite("Memberships (6, thesis 4)")
struct MembershipTests {
  @Test("a change goes through a joint membership, and ends in the new one without anyone's help")
  func change() {
    var cluster = RaftCluster(3, strangers: 2)
    cluster.elect(1)
    _ = cluster.takeAnswers()
    cluster.step(1, .changeMembers(token: 5, voters: [1, 4, 5], learners: [2]))
    #expect(cluster[1].membership == Membership(voters: [1, 4, 5], outgoing: [1, 2, 3], learners: [2]))
    #expect(cluster.takeAnswers() == [.appended(token: 5, first: 2, count: 1, term: 1)])
    cluster.pass(.milliseconds(300))
    let final = Membership(voters: [1, 4, 5], learners: [2])
    for node: NodeID in [1, 2, 4, 5] { #expect(cluster[node].membership == final) }
    #expect(cluster[4].appliedIndex == 3)
    #expect(cluster.violation == nil)
  }

  @Test("in a joint membership neither majority alone commits")
  func jointCommit() {
    var cluster = RaftCluster(3, strangers: 2)
    cluster.elect(1)
    cluster.step(1, .changeMembers(token: 5, voters: [1, 4, 5], learners: []))
    // The old majority has it, the new one does not.
    cluster.pass(.milliseconds(300)) { !$0.concerns(4) && !$0.concerns(5) }
    #expect(cluster[1].commitIndex == 1)
    cluster.pass(.milliseconds(300)) { !$0.concerns(5) }
    #expect(cluster[1].commitIndex == 3)
  }

  @Test("a membership counts from its append, and no more once its entry is removed")
  func revert() {
    var cluster = RaftCluster(3)
    let old = cluster[1].membership
    let new = Membership(voters: [1, 2, 3, 4])
    cluster.tell(
      1, from: 2, term: 1, previous: .zero,
      entries: [Entry(position: at(1, 1), payload: .membership(new))])
    #expect(cluster[1].membership == new)
    cluster.tell(1, from: 3, term: 2, previous: .zero, entries: [entry(1, 2)])
    #expect(cluster[1].membership == old)
  }

  @Test("a membership survives a restart, from the log and from a snapshot")
  func restart() {
    var cluster = RaftCluster(1, strangers: 1)
    cluster.elect(1)
    cluster.step(1, .changeMembers(token: 5, voters: [1], learners: [2]))
    cluster.settle()
    let new = Membership(voters: [1], learners: [2])
    cluster.restart(1)
    #expect(cluster[1].membership == new)
    cluster.elect(1)
    cluster.step(
      1, .snapshot(index: cluster[1].appliedIndex, state: cluster.nodes[0].machine.bytes))
    cluster.settle()
    cluster.restart(1)
    #expect(cluster[1].membership == new)
    #expect(cluster.violation == nil)
  }

  @Test("a leader that is no voter any more hands over once that is committed")
  func leaderLeaves() {
    var cluster = RaftCluster(3)
    cluster.elect(1)
    cluster.step(1, .changeMembers(token: 5, voters: [2, 3], learners: []))
    cluster.settle()
    #expect(!cluster[1].isLeader)
    #expect(cluster.leader == 2 || cluster.leader == 3)
    cluster.pass(.seconds(10))
    #expect(cluster[1].role == .follower)
    #expect(cluster.violation == nil)
  }

  @Test("a leader that leaves leads once more if the others' logs lack the last step (thesis 4.2.2)")
  func leavingLeaderIsNeeded() {
    let joint = Membership(voters: [2, 3], outgoing: [1, 2])
    let final = Membership(voters: [2, 3])
    func log(_ memberships: [Membership]) -> Restored {
      var restored = Restored.log([1], voters: [1, 2], commit: 1)
      for (offset, membership) in memberships.enumerated() {
        restored.entries.append(Entry(position: at(Index(offset + 2), 1), payload: .membership(membership)))
      }
      return restored
    }
    var cluster = RaftCluster([(1, log([joint, final])), (2, log([joint])), (3, log([joint]))])
    cluster.pass(.seconds(4))
    #expect(cluster.leader == 2 || cluster.leader == 3)
    for node in cluster.ids { #expect(cluster[node].membership == final) }
    #expect(cluster.elections >= 2)
  }

  @Test("a new leader finishes a change that the old one began")
  func finishedByNext() {
    var cluster = RaftCluster(3)
    cluster.elect(1)
    cluster.step(1, .changeMembers(token: 5, voters: [1, 2], learners: [3]))
    cluster.deliver { $0.hasEntries }
    cluster.sync(1)
    cluster.sync(2)
    cluster.sync(3)
    cluster.crash(1)
    cluster.drop()
    #expect(cluster[2].membership.isJoint)
    cluster.start(1)
    cluster.pass(.seconds(4))
    for node in cluster.ids {
      #expect(cluster[node].membership == Membership(voters: [1, 2], learners: [3]))
    }
  }

  @Test("one change at a time, none without voters, and none but at a leader that knows what is committed")
  func refused() {
    var cluster = RaftCluster(3)
    cluster.elect(1)
    _ = cluster.takeAnswers()
    cluster.step(2, .changeMembers(token: 1, voters: [1], learners: []))
    cluster.step(1, .changeMembers(token: 2, voters: [], learners: [1]))
    cluster.step(1, .changeMembers(token: 3, voters: [1, 2], learners: [2]))
    cluster.step(1, .changeMembers(token: 4, voters: [1, 2], learners: [3]))
    cluster.step(1, .changeMembers(token: 5, voters: [1], learners: []))
    #expect(
      cluster.takeAnswers() == [
        .refused(token: 1, .notLeader(leader: 1)), .refused(token: 2, .impossibleMembership),
        .refused(token: 3, .impossibleMembership), .appended(token: 4, first: 2, count: 1, term: 1),
        .refused(token: 5, .changeUnderWay),
      ])
  }

  @Test("no change before an entry of the leader's own term is committed (raft-dev, 2015)")
  func notBeforeOwnCommit() {
    var cluster = RaftCluster(3)
    cluster.now = cluster[1].nextDeadline
    cluster.step(1, .timer)
    cluster.settle { $0.append == nil }
    #expect(cluster[1].isLeader)
    _ = cluster.takeAnswers()
    cluster.step(1, .changeMembers(token: 4, voters: [1, 2], learners: [3]))
    #expect(cluster.takeAnswers() == [.refused(token: 4, .changeUnderWay)])
  }

  @Test("learners replicate and apply, and count for nothing")
  func learners() {
    var cluster = RaftCluster(3, learners: 2)
    cluster.elect(1)
    cluster.propose(1, at: 1)
    cluster.settle()
    #expect(cluster[4].appliedIndex == 2 && cluster[5].appliedIndex == 2)
    cluster.propose(2, at: 1)
    cluster.settle { !$0.concerns(2) && !$0.concerns(3) }
    #expect(cluster[1].commitIndex == 2)
    cluster.step(1, .read(token: 1))
    _ = cluster.takeAnswers()
    cluster.settle { !$0.concerns(2) && !$0.concerns(3) }
    #expect(cluster.takeAnswers().isEmpty)
    cluster.pass(.seconds(1)) { !$0.concerns(2) && !$0.concerns(3) }
    #expect(!cluster[1].isLeader)
  }
}
