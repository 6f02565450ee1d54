import Raft
import Simulation
import Testing

@Suite("Linearizable reads (8, thesis 6.4)")
struct ReadTests {
  private func cluster() -> RaftCluster {
    var cluster = RaftCluster(3)
    cluster.elect(1)
    cluster.propose(1, at: 1)
    cluster.settle()
    _ = cluster.takeAnswers()
    return cluster
  }

  @Test("a leader answers a read once a majority has confirmed that it leads, at the index of the question")
  func leaderRead() {
    var cluster = cluster()
    cluster.step(1, .read(token: 5))
    #expect(cluster.takeAnswers().isEmpty)
    cluster.deliver { $0.to == 2 }
    cluster.deliver { $0.from == 2 }
    #expect(cluster.takeAnswers() == [.readReady(token: 5, index: 2)])
  }

  @Test("answers to an earlier round do not confirm a later read")
  func earlierRound() {
    var cluster = cluster()
    cluster.propose(2, at: 1)
    cluster.deliver()
    cluster.sync(2)
    cluster.sync(3)
    // These acknowledgements were sent before the read was asked.
    let old = cluster.network
    #expect(old.filter(\.isAccepted).count == 2)
    cluster.drop()
    _ = cluster.takeAnswers()
    cluster.step(1, .read(token: 5))
    cluster.drop()
    cluster.network = old
    cluster.deliver()
    #expect(cluster.takeAnswers().isEmpty)
  }

  @Test("a deposed leader that does not know it answers no read")
  func deposedLeader() {
    var cluster = cluster()
    cluster.step(1, .read(token: 5))
    cluster.pass(.seconds(3)) { !$0.concerns(1) }
    let refusals = cluster.takeAnswers().filter { if case .leadership = $0 { false } else { true } }
    #expect(refusals == [.refused(token: 5, .leadershipLost)])
  }

  @Test("a fresh leader answers reads only after an entry of its own term is committed")
  func freshLeader() {
    var cluster = cluster()
    cluster.pass(.seconds(2)) { !$0.concerns(1) }
    let leader = cluster.leader!
    cluster.crash(leader)
    cluster.drop()
    cluster.now = cluster.now + .seconds(2)
    let other: NodeID = leader == 2 ? 3 : 2
    cluster.step(other, .timer)
    cluster.settle { $0.append == nil }
    #expect(cluster[other].isLeader)
    _ = cluster.takeAnswers()
    cluster.step(other, .read(token: 6))
    cluster.settle { $0.append.map { $0.entries.isEmpty } ?? true }
    #expect(cluster.takeAnswers().isEmpty)
    cluster.pass(.milliseconds(300))
    #expect(
      cluster.takeAnswers().contains(.readReady(token: 6, index: cluster[other].commitIndex)))
  }

  @Test("many reads share a round, and those that come during it the next")
  func batches() {
    var cluster = cluster()
    cluster.step(1, .read(token: 1))
    for token: UInt64 in 2...50 { cluster.step(1, .read(token: token)) }
    #expect(cluster.network.count == 2)
    cluster.deliver { $0.to == 2 }
    cluster.deliver { $0.from == 2 }
    #expect(cluster.takeAnswers() == [.readReady(token: 1, index: 2)])
    #expect(cluster.network.filter { $0.to == 2 }.count == 1)
    cluster.settle()
    #expect(cluster.takeAnswers().count == 49)
  }

  @Test("a follower's reads are answered through the leader, in batches")
  func followerRead() {
    var cluster = cluster()
    for token: UInt64 in 1...10 { cluster.step(2, .read(token: token)) }
    #expect(cluster.network.count == 1)
    cluster.settle()
    #expect(cluster.takeAnswers() == (1...10).map { .readReady(token: $0, index: 2) })
  }

  @Test("a lost question is asked again, and given up after two election timeouts: it takes two round trips")
  func lostQuestion() {
    var cluster = cluster()
    cluster.step(2, .read(token: 1))
    cluster.drop()
    cluster.pass(.milliseconds(100))
    #expect(cluster.takeAnswers() == [.readReady(token: 1, index: 2)])
    cluster.step(2, .read(token: 2))
    cluster.pass(.milliseconds(900)) { if case .readRequest = $0.body { false } else { true } }
    #expect(cluster.takeAnswers() == [])
    cluster.pass(.milliseconds(100)) { if case .readRequest = $0.body { false } else { true } }
    #expect(cluster.takeAnswers() == [.refused(token: 2, .leadershipLost)])
  }

  @Test("an old answer does not fit a new question, even across a restart (etcd-io/raft #397)")
  func oldAnswer() {
    var cluster = cluster()
    cluster.step(2, .read(token: 1))
    cluster.settle { if case .readReply = $0.body { false } else { true } }
    cluster.step(2, .read(token: 2))
    var reply: Message?
    cluster.settle { message in
      if case .readReply = message.body {
        reply = message
        return false
      }
      return true
    }
    cluster.pass(.milliseconds(100)) { message in
      if case .readReply = message.body {
        reply = message
        return false
      }
      return true
    }
    cluster.restart(2)
    cluster.pass(.milliseconds(200))
    cluster.propose(9, at: 1)
    cluster.settle()
    _ = cluster.takeAnswers()
    cluster.step(2, .read(token: 1))
    cluster.step(2, .message(reply!))
    #expect(cluster.takeAnswers().isEmpty)
    cluster.settle()
    #expect(cluster.takeAnswers() == [.readReady(token: 1, index: 3)])
  }

  @Test("without a known leader a read is refused at once")
  func noLeader() {
    var cluster = RaftCluster(3)
    cluster.step(1, .read(token: 1))
    #expect(cluster.takeAnswers() == [.refused(token: 1, .notLeader(leader: nil))])
  }

  @Test("a single voter answers a read in the same step")
  func alone() {
    var cluster = RaftCluster(1)
    cluster.elect(1)
    _ = cluster.takeAnswers()
    cluster.step(1, .read(token: 1))
    #expect(cluster.takeAnswers() == [.readReady(token: 1, index: 1)])
  }
}
