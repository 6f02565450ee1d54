import Raft
import Simulation
import Testing

@Suite("What is committed (5.4)")
struct CommitTests {
  @Test("an old term's entry on a majority is not committed by counting (figure 8)")
  func figure8() {
    let voters: [NodeID] = [1, 2, 3, 4, 5]
    var cluster = RaftCluster([
      (1, .log([1, 2], voters: voters, term: 3)),
      (2, .log([1, 2], voters: voters, term: 3)),
      (3, .log([1], voters: voters, term: 3)),
      (4, .log([1], voters: voters, term: 3)),
      (5, .log([1, 3], voters: voters, term: 3)),
    ])
    // (c) of the figure: 1 leads again and copies the entry of term 2 to 3.
    cluster.now = cluster[1].nextDeadline
    cluster.step(1, .timer)
    cluster.settle { $0.append == nil && !$0.concerns(5) }
    #expect(cluster[1].isLeader && cluster[1].term == 4)
    cluster.tell(1, from: 2, term: 4, .appendAccepted(matched: 2, round: 0))
    cluster.tell(1, from: 3, term: 4, .appendAccepted(matched: 2, round: 0))
    cluster.sync(1)
    #expect(cluster[1].commitIndex == 0)
    // (e): with an entry of its own term on a majority, all before it is committed as well.
    cluster.drop()
    cluster.pass(.milliseconds(200)) { !$0.concerns(5) }
    #expect(cluster[1].commitIndex == 3)
    #expect(cluster.violation == nil)
  }

  @Test("a leader that wants to overwrite a committed entry stops the node with a clear reason")
  func committedIsImmutable() {
    var cluster = RaftCluster([(1, .log([1, 1, 1], voters: [1, 2, 3], commit: 2))])
    cluster.tell(1, from: 2, term: 5, previous: at(1, 1), entries: [entry(2, 4)])
    guard case .halted(let reason) = cluster[1].role else {
      Issue.record("still runs")
      return
    }
    #expect(reason.contains("entry 2") && reason.contains("committed"))
    #expect(cluster.disk(1).waiting.isEmpty && cluster.network.isEmpty)
    cluster.step(1, .read(token: 3))
    #expect(cluster.answers.last?.effect == .refused(token: 3, .halted))
  }

  @Test("only durable entries count: an acknowledgement after a truncation is not counted (openraft #1802)")
  func acknowledgementAfterTruncation() {
    var cluster = RaftCluster(3)
    // Two entries of term 1 are on their way to the disk when the leader of term 2 replaces them.
    cluster.tell(1, from: 2, term: 1, previous: .zero, entries: [entry(1, 1), entry(2, 1)])
    cluster.tell(1, from: 3, term: 2, previous: .zero, entries: [entry(1, 2), entry(2, 2)])
    #expect(cluster.disk(1).waiting.count == 2)
    cluster.sync(1, 1)
    #expect(cluster[1].durableIndex == 0)
    #expect(cluster.takeSent(by: 1).isEmpty)
    cluster.sync(1, 1)
    #expect(cluster.takeSent(by: 1) == [.appendAccepted(matched: 2, round: 0)])
    #expect(cluster.violation == nil)
  }

  @Test("a step makes one write, whatever it changes")
  func oneWrite() {
    var cluster = RaftCluster([(1, .log([1, 1, 1], voters: [1, 2, 3]))])
    cluster.tell(1, from: 2, term: 5, previous: at(1, 1), entries: [entry(2, 4), entry(3, 5)], commit: 2)
    let write = cluster.disk(1).waiting
    #expect(
      write == [
        Write(
          id: 1, removeFrom: 2, entries: [entry(2, 4), entry(3, 5)], hardState: HardState(term: 5), commit: 2)
      ])
  }

  @Test("a failed write stops the node, and nothing leaves it any more")
  func failedWrite() {
    var cluster = RaftCluster(3)
    cluster.elect(1)
    cluster.propose(1, at: 1)
    cluster.drop()
    _ = cluster.takeAnswers()
    cluster.step(1, .read(token: 8))
    cluster.drop()
    cluster.step(1, .writeFailed(3, reason: "no space left"))
    #expect(
      cluster.takeAnswers() == [
        .leadership(Leadership(term: 1, leader: nil, isLeader: false)), .refused(token: 8, .halted),
        .halted(reason: "write 3 to the log failed: no space left"),
      ])
    cluster.step(1, .timer)
    #expect(cluster.network.isEmpty && cluster[1].nextDeadline == .never)
  }
}
