import Raft
import Simulation
import Testing

@Suite("Replication (5.3, thesis 10.2)")
struct ReplicationTests {
  @Test("a proposal is answered at once, and reaches every member's state machine")
  func proposal() {
    var cluster = RaftCluster(3)
    cluster.elect(1)
    _ = cluster.takeAnswers()
    cluster.step(1, .propose(token: 7, commands: [[1], [2]]))
    #expect(cluster.takeAnswers() == [.appended(token: 7, first: 2, count: 2, term: 1)])
    cluster.settle()
    for node in cluster.nodes { #expect(node.machine.index == 3) }
    #expect(cluster.violation == nil)
  }

  @Test("the leader sends before its own disk has written, and two followers commit without it")
  func parallelWrite() {
    var cluster = RaftCluster(3)
    cluster.elect(1)
    cluster.propose(1, at: 1)
    cluster.deliver()
    cluster.sync(2)
    cluster.sync(3)
    cluster.deliver()
    #expect(cluster[1].commitIndex == 2)
    #expect(cluster.disk(1).lastIndex == 1)
    #expect(cluster.violation == nil)
  }

  @Test("the leader's own log counts only as far as it is on its disk")
  func ownVoteIsDurable() {
    var cluster = RaftCluster(3)
    cluster.elect(1)
    cluster.propose(1, at: 1)
    cluster.deliver { $0.to == 2 }
    cluster.sync(2)
    cluster.deliver { $0.from == 2 }
    #expect(cluster[1].commitIndex == 1)
    cluster.sync(1)
    #expect(cluster[1].commitIndex == 2)
  }

  @Test("followers hear of a commit at once, not at the next heartbeat")
  func commitIsTold() {
    var cluster = RaftCluster(3)
    cluster.elect(1)
    cluster.propose(1, at: 1)
    let before = cluster.now
    cluster.settle()
    #expect(cluster.now == before)
    #expect(cluster[2].commitIndex == 2 && cluster[3].commitIndex == 2)
  }

  @Test("the six followers of the paper's figure 7 all come to have the leader's log")
  func figure7() {
    let voters: [NodeID] = [1, 2, 3, 4, 5, 6, 7]
    let leader: [Term] = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6]
    let followers: [[Term]] = [
      [1, 1, 1, 4, 4, 5, 5, 6, 6],
      [1, 1, 1, 4],
      [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
      [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
      [1, 1, 1, 4, 4, 4, 4],
      [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
    ]
    let logs = [leader] + followers
    var cluster = RaftCluster(zip(voters, logs).map { ($0, .log($1, voters: voters, term: 7)) })
    // (c) and (d) have more than the leader and do not vote for it; the others suffice.
    cluster.now = cluster[1].nextDeadline
    cluster.step(1, .timer)
    cluster.settle()
    #expect(cluster[1].isLeader && cluster[1].term == 8)
    cluster.pass(.seconds(1))
    for number in cluster.ids { #expect(cluster.terms(number) == leader + [8]) }
    #expect(cluster[1].commitIndex == 11)
  }

  @Test("a diverged follower is brought back in a message a term, not a message an entry")
  func fastBackUp() {
    let voters: [NodeID] = [1, 2, 3]
    let common: [Term] = Array(repeating: 1, count: 10)
    var cluster = RaftCluster([
      (1, .log(common + Array(repeating: 3, count: 200), voters: voters, term: 3)),
      (2, .log(common + Array(repeating: 2, count: 300), voters: voters, term: 3)),
      (3, .log(common + Array(repeating: 3, count: 200), voters: voters, term: 3)),
    ])
    cluster.now = cluster[1].nextDeadline
    cluster.step(1, .timer)
    var rejections = 0
    for _ in 0..<40 {
      rejections += cluster.network.filter(\.isRejected).count
      cluster.deliver()
      for number in cluster.ids { cluster.sync(number) }
    }
    #expect(cluster[1].isLeader)
    #expect(cluster.terms(2) == cluster.terms(1))
    #expect(rejections <= 2)
  }

  @Test("appends follow each other without waiting, up to the window")
  func pipelining() throws {
    let settings = try Settings(maximumInFlightMessages: 4, maximumAppendBytes: 1)
    var cluster = RaftCluster(3, settings: settings)
    cluster.elect(1)
    for byte: UInt8 in 0..<20 { cluster.propose(byte, at: 1) }
    #expect(cluster.network.filter { $0.to == 2 && $0.hasEntries }.count == 4)
    cluster.settle()
    #expect(cluster[2].commitIndex == 21)
    #expect(cluster.violation == nil)
  }

  @Test("an append carries as many entries as fit, and always one")
  func batching() throws {
    let settings = try Settings(maximumInFlightMessages: 1, maximumAppendBytes: 100)
    var cluster = RaftCluster(3, settings: settings)
    cluster.elect(1)
    cluster.propose(0, at: 1)
    cluster.step(
      1, .propose(token: 0, commands: Array(repeating: [1], count: 9) + [Array(repeating: 2, count: 500)]))
    var sizes: [Int] = []
    while !cluster.network.isEmpty || !cluster.disk(1).waiting.isEmpty {
      sizes += cluster.network.filter { $0.to == 2 }.compactMap { $0.append?.entries.count }.filter { $0 > 0 }
      cluster.deliver()
      for number in cluster.ids { cluster.sync(number) }
    }
    #expect(sizes.allSatisfy { $0 <= 3 } && sizes.contains(3) && sizes.last == 1)
    #expect(cluster[3].commitIndex == 12)
  }

  @Test("what was lost on the way is found out by the next message, at the latest a heartbeat")
  func lossIsNoticed() {
    var cluster = RaftCluster(3)
    cluster.elect(1)
    cluster.propose(1, at: 1)
    cluster.drop { $0.to == 2 && $0.hasEntries }
    cluster.settle()
    #expect(cluster[2].commitIndex == 2)
    cluster.propose(2, at: 1)
    cluster.settle { $0.to != 2 }
    #expect(cluster[2].lastPosition.index == 2)
    cluster.pass(.milliseconds(100))
    #expect(cluster[2].commitIndex == 3)
  }

  @Test("an append that comes late and is shorter removes nothing")
  func lateAppend() {
    var cluster = RaftCluster(3)
    cluster.tell(1, from: 2, term: 1, previous: .zero, entries: [entry(1, 1), entry(2, 1), entry(3, 1)])
    cluster.sync(1)
    cluster.tell(1, from: 2, term: 1, previous: .zero, entries: [entry(1, 1)])
    #expect(cluster[1].lastPosition == at(3, 1))
  }

  @Test("the commit index stays within what agrees with the leader (rabbitmq/ra #508)")
  func commitWithinVerified() {
    var cluster = RaftCluster([(1, .log([1, 1, 1, 1], voters: [1, 2, 3]))])
    cluster.tell(1, from: 2, term: 2, previous: at(1, 1), entries: [entry(2, 1)], commit: 4)
    #expect(cluster[1].commitIndex == 2)
  }

  @Test("a rejection that comes late moves nothing back (microsoft/CCF #5991)")
  func lateRejection() {
    var cluster = RaftCluster(3)
    cluster.elect(1)
    for byte: UInt8 in 1...5 { cluster.propose(byte, at: 1) }
    cluster.settle()
    cluster.tell(1, from: 2, term: 1, .appendRejected(previous: 3, hint: .zero, round: 0))
    #expect(cluster.network.isEmpty)
    #expect(cluster[1].members[0].matched == 6)
  }

  @Test("a proposal over the limit of uncommitted bytes is refused, and taken again after a commit")
  func backpressure() throws {
    var cluster = RaftCluster(3, settings: try Settings(maximumUncommittedBytes: 200))
    cluster.elect(1)
    _ = cluster.takeAnswers()
    cluster.step(1, .propose(token: 1, commands: [Array(repeating: 0, count: 500)]))
    cluster.step(1, .propose(token: 2, commands: [[0]]))
    #expect(
      cluster.takeAnswers() == [
        .appended(token: 1, first: 2, count: 1, term: 1), .refused(token: 2, .overloaded),
      ])
    cluster.settle()
    cluster.step(1, .propose(token: 3, commands: [[0]]))
    #expect(cluster.takeAnswers() == [.appended(token: 3, first: 3, count: 1, term: 1)])
  }

  @Test("a command that is too large to be replicated is refused, and its whole batch with it")
  func tooLarge() throws {
    var cluster = RaftCluster(3, settings: try Settings(maximumCommandBytes: 200))
    cluster.elect(1)
    _ = cluster.takeAnswers()
    cluster.step(1, .propose(token: 1, commands: [[0], Array(repeating: 0, count: 201)]))
    cluster.step(1, .propose(token: 2, commands: [Array(repeating: 0, count: 200)]))
    #expect(
      cluster.takeAnswers() == [
        .refused(token: 1, .tooLarge), .appended(token: 2, first: 2, count: 1, term: 1),
      ])
  }

  @Test("a follower refuses a proposal and names the leader")
  func notLeader() {
    var cluster = RaftCluster(3)
    cluster.elect(1)
    _ = cluster.takeAnswers()
    cluster.propose(1, at: 2, token: 4)
    #expect(cluster.takeAnswers() == [.refused(token: 4, .notLeader(leader: 1))])
  }

  @Test("a broken connection makes the leader ask anew where the follower stands")
  func unreachable() {
    var cluster = RaftCluster(3)
    cluster.elect(1)
    cluster.propose(1, at: 1)
    cluster.drop { $0.to == 2 }
    cluster.step(1, .unreachable(2))
    #expect(cluster[1].members.map(\.phase) == [.probing, .replicating])
    cluster.pass(.milliseconds(100))
    #expect(cluster[1].members.map(\.phase) == [.replicating, .replicating])
    #expect(cluster[2].commitIndex == 2)
  }
}
