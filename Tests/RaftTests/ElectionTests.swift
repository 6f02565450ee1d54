import Raft
import Simulation
import Testing

@Suite("Elections (5.2, 5.4.1, thesis 4.2.3, 6.2, 9.6)")
struct ElectionTests {
  @Test("three fresh members elect exactly one leader, and all know it")
  func firstElection() {
    var cluster = RaftCluster(3)
    cluster.pass(.seconds(3))
    #expect(cluster.leader != nil)
    for node in cluster.nodes { #expect(node.raft!.leader == cluster.leader) }
    #expect(cluster.elections == 1)
    #expect(cluster.violation == nil)
  }

  @Test("a single voter leads as soon as its vote is on disk, and not before")
  func singleVoter() {
    var cluster = RaftCluster(1)
    cluster.now = cluster[1].nextDeadline
    cluster.step(1, .timer)
    #expect(cluster[1].role == .candidate)
    cluster.sync(1)
    #expect(cluster[1].isLeader)
    #expect(cluster[1].commitIndex == 0)
    cluster.sync(1)
    #expect(cluster[1].commitIndex == 1)
  }

  @Test("a vote is not given twice in one term, across a restart")
  func oneVoteATerm() {
    var cluster = RaftCluster(3)
    cluster.tell(1, from: 2, term: 1, .voteRequest(last: .zero, isTransfer: false))
    cluster.sync(1)
    #expect(cluster.takeSent(by: 1) == [.voteReply(granted: true)])
    cluster.restart(1)
    cluster.tell(1, from: 3, term: 1, .voteRequest(last: .zero, isTransfer: false))
    #expect(cluster.takeSent(by: 1) == [.voteReply(granted: false)])
    cluster.tell(1, from: 2, term: 1, .voteRequest(last: .zero, isTransfer: false))
    #expect(cluster.takeSent(by: 1) == [.voteReply(granted: true)])
    #expect(cluster.violation == nil)
  }

  @Test("a candidate that follows a leader of its own term keeps its vote (microsoft/CCF #8094)")
  func sameTermStepDown() {
    var cluster = RaftCluster(3)
    cluster.now = cluster[1].nextDeadline
    cluster.step(1, .timer)
    cluster.drop()
    cluster.tell(1, from: 2, term: 0, .preVoteReply(requestTerm: 0, granted: true))
    cluster.sync(1)
    #expect(cluster[1].role == .candidate)
    cluster.drop()
    cluster.tell(1, from: 2, term: 1, previous: .zero)
    #expect(cluster[1].leader == 2)
    cluster.drop()
    cluster.tell(1, from: 3, term: 1, .voteRequest(last: at(9, 1), isTransfer: true))
    #expect(cluster.takeSent(by: 1) == [.voteReply(granted: false)])
  }

  @Test("a vote leaves only when it is on disk, and a crash before takes it back")
  func voteWaitsForTheDisk() {
    var cluster = RaftCluster(3)
    cluster.tell(1, from: 2, term: 1, .voteRequest(last: .zero, isTransfer: false))
    #expect(cluster.network.isEmpty)
    cluster.restart(1)
    cluster.tell(1, from: 3, term: 1, .voteRequest(last: .zero, isTransfer: false))
    cluster.sync(1)
    #expect(cluster.takeSent(by: 1) == [.voteReply(granted: true)])
  }

  @Test(
    "a vote goes only to a log that lacks nothing",
    arguments: [
      (at(3, 2), true), (at(4, 2), true), (at(1, 3), true), (at(2, 2), false), (at(9, 1), false),
    ])
  func upToDate(last: Position, granted: Bool) {
    var cluster = RaftCluster([(1, .log([1, 1, 2], voters: [1, 2, 3]))])
    cluster.tell(1, from: 2, term: 3, .voteRequest(last: last, isTransfer: false))
    cluster.sync(1)
    #expect(cluster.takeSent(by: 1) == [.voteReply(granted: granted)])
    cluster.tell(1, from: 3, term: 3, .preVoteRequest(last: last))
    #expect(cluster.takeSent(by: 1) == [.preVoteReply(requestTerm: 3, granted: granted)])
  }

  @Test("a member that is cut off keeps its term and disturbs nobody when it returns")
  func preVote() {
    var cluster = RaftCluster(3)
    cluster.elect(1)
    let term = cluster[1].term
    cluster.pass(.seconds(60)) { !$0.concerns(3) }
    #expect(cluster[3].term == term)
    cluster.pass(.seconds(5))
    #expect(cluster.elections == 1)
    #expect(cluster[3].leader == 1)
  }

  @Test("a member that hears a leader takes no part in an election of a later term, but for a transfer")
  func stickiness() {
    var cluster = RaftCluster(3)
    cluster.elect(1)
    cluster.tell(2, from: 3, term: 9, .voteRequest(last: at(99, 8), isTransfer: false))
    cluster.tell(1, from: 3, term: 9, .voteRequest(last: at(99, 8), isTransfer: false))
    #expect(cluster[2].term == 1 && cluster[1].isLeader)
    cluster.tell(2, from: 3, term: 9, .voteRequest(last: at(99, 8), isTransfer: true))
    #expect(cluster[2].term == 9)
  }

  @Test("a leader that no majority answers steps down within two election timeouts")
  func checkQuorum() {
    var cluster = RaftCluster(5)
    cluster.elect(1)
    cluster.pass(.milliseconds(700)) { !$0.concerns(1) }
    #expect(!cluster[1].isLeader)
  }

  @Test("with one link cut both ways and a third member that sees both, the leader stays (Cloudflare, 2020)")
  func triangle() {
    var cluster = RaftCluster(3)
    cluster.elect(1)
    cluster.pass(.seconds(120)) { !$0.isBetween(1, 2) }
    #expect(cluster.elections == 1)
    #expect(cluster[1].isLeader && cluster[1].term == 1)
  }

  @Test("a leader that only sends is replaced, and one that only receives as well")
  func oneWayLinks() {
    for direction in [true, false] {
      var cluster = RaftCluster(3)
      cluster.elect(1)
      cluster.pass(.seconds(10)) { direction ? $0.to != 1 : $0.from != 1 }
      #expect(cluster.leader != nil && cluster.leader != 1)
      #expect(!cluster[1].isLeader)
      #expect(cluster.violation == nil)
    }
  }

  @Test("a higher term with a shorter log blocks no election (etcd #9586, hashicorp/raft #606)")
  func preVoteDeadEnd() {
    var cluster = RaftCluster([
      (1, .log([1], voters: [1, 2, 3], term: 7, vote: 1)),
      (2, .log([1, 1, 1], voters: [1, 2, 3], term: 1)),
      (3, .fresh(Membership(voters: [1, 2, 3]))),
    ])
    cluster.crash(3)
    cluster.pass(.seconds(4))
    #expect(cluster.leader == 2)
    #expect(cluster.terms(1) == cluster.terms(2))
  }

  @Test("members that wake together do not split votes for ever (etcd #15784)")
  func differentTimeouts() {
    var cluster = RaftCluster(5)
    let deadlines = Set(cluster.nodes.map { $0.raft!.nextDeadline })
    #expect(deadlines.count == 5)
    cluster.pass(.seconds(3))
    #expect(cluster.leader != nil)
  }

  @Test("a learner never asks for votes, and gives its own when asked: it may be a voter by now")
  func learner() {
    var cluster = RaftCluster(1, learners: 1)
    cluster.pass(.seconds(20)) { _ in false }
    #expect(cluster[2].role == .follower && cluster[2].term == 0)
    cluster.tell(2, from: 1, term: 5, .voteRequest(last: at(1, 1), isTransfer: false))
    cluster.sync(2)
    #expect(cluster.takeSent(by: 2).last == .voteReply(granted: true))
  }

  @Test("a second leader in one term is not believed")
  func secondLeader() {
    var cluster = RaftCluster(3)
    cluster.elect(1)
    cluster.tell(2, from: 3, term: 1, previous: .zero, entries: [entry(1, 1, 9)])
    cluster.tell(1, from: 3, term: 1, previous: .zero, entries: [entry(1, 1, 9)])
    #expect(cluster[2].leader == 1 && cluster[1].isLeader)
    #expect(cluster[2].role == .follower)
  }
}
