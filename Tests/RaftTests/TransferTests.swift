import Raft
import Simulation
import Testing

@Suite("Handing leadership over (thesis 3.10)")
struct TransferTests {
  @Test("leadership goes to the member named, in one election and without waiting for a timeout")
  func named() {
    var cluster = RaftCluster(3)
    cluster.elect(1)
    let before = cluster.now
    cluster.step(1, .transfer(to: 3))
    cluster.settle()
    #expect(cluster[3].isLeader && cluster[3].term == 2)
    #expect(cluster.now == before)
    #expect(cluster[1].leader == 3 && cluster[2].leader == 3)
    #expect(cluster.violation == nil)
  }

  @Test("without a name it goes to the voter that has most of the log")
  func best() {
    var cluster = RaftCluster(3)
    cluster.elect(1)
    cluster.propose(1, at: 1)
    cluster.settle { $0.to != 2 }
    cluster.step(1, .transfer(to: nil))
    cluster.settle()
    #expect(cluster[3].isLeader)
  }

  @Test("the target is brought up to date first, and proposals are refused meanwhile")
  func catchesUp() {
    var cluster = RaftCluster(3)
    cluster.elect(1)
    cluster.propose(1, at: 1)
    cluster.step(1, .transfer(to: 2))
    _ = cluster.takeAnswers()
    #expect(!cluster.network.contains { $0.body == .timeoutNow })
    cluster.propose(2, at: 1, token: 7)
    #expect(cluster.takeAnswers() == [.refused(token: 7, .transferring)])
    cluster.settle()
    #expect(cluster[2].isLeader && cluster[2].commitIndex == 3)
  }

  @Test("a transfer to a member that does not answer is given up after an election timeout")
  func givenUp() {
    var cluster = RaftCluster(3)
    cluster.elect(1)
    cluster.step(1, .transfer(to: 2))
    cluster.pass(.milliseconds(900)) { !$0.concerns(2) }
    #expect(cluster[1].isTransferring)
    cluster.pass(.milliseconds(300)) { !$0.concerns(2) }
    #expect(!cluster[1].isTransferring && cluster[1].isLeader)
    _ = cluster.takeAnswers()
    cluster.propose(1, at: 1, token: 3)
    #expect(cluster.takeAnswers() == [.appended(token: 3, first: 2, count: 1, term: 1)])
  }

  @Test("a lost request is repeated")
  func repeated() {
    var cluster = RaftCluster(3)
    cluster.elect(1)
    cluster.step(1, .transfer(to: 2))
    cluster.drop()
    cluster.pass(.milliseconds(100))
    #expect(cluster[2].isLeader)
  }

  @Test("a learner, a stranger and the leader itself are no targets")
  func noTarget() {
    var cluster = RaftCluster(3, learners: 1)
    cluster.elect(1)
    for target: NodeID in [1, 4, 9] {
      cluster.step(1, .transfer(to: target))
      #expect(!cluster[1].isTransferring)
    }
  }

  @Test("only the leader of the term can ask for an election")
  func timeoutNowFromOthers() {
    var cluster = RaftCluster(3)
    cluster.elect(1)
    cluster.tell(2, from: 3, term: 1, .timeoutNow)
    #expect(cluster[2].role == .follower)
  }
}
