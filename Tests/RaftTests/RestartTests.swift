import Raft
import Simulation
import Testing

@Suite("Restarts and disks")
struct RestartTests {
  @Test("a start hands out the snapshot and the entries known to be committed")
  func start() {
    let snapshot = Snapshot(position: at(2, 1), membership: Membership(voters: [1]), state: [9])
    let restored = Restored(
      hardState: HardState(term: 3), snapshot: snapshot,
      entries: [entry(1, 1), entry(2, 1), entry(3, 2), entry(4, 3)], commit: 3)
    var effects: [Effect] = []
    var raft = Raft(id: 1, settings: .standard, restored: restored, seed: 1, at: .origin)
    raft.start(into: &effects)
    #expect(effects == [.restore(snapshot), .apply([entry(3, 2)])])
    #expect(raft.lastPosition == at(4, 3) && raft.term == 3 && !raft.isCurrent)
  }

  @Test("a commit index stored is taken for no more than the log that is there")
  func clampedCommit() {
    let raft = Raft(
      id: 1, settings: .standard, restored: .log([1, 1], voters: [1], commit: 99), seed: 1, at: .origin)
    #expect(raft.commitIndex == 2)
  }

  @Test(
    "a store that contradicts itself stops the node at its start, and says where",
    arguments: [
      ([entry(1, 1), entry(3, 1)], 1, "after entry 1"),
      ([entry(1, 2), entry(2, 1)], 2, "after entry 1"),
      ([entry(5, 1)], 1, "hole"),
      ([entry(1, 4)], 3, "term 4"),
    ])
  func damage(entries: [Entry], term: Term, text: String) {
    let restored = Restored(
      hardState: HardState(term: term),
      snapshot: Snapshot(position: .zero, membership: Membership(voters: [1]), state: []), entries: entries,
      commit: 0)
    var raft = Raft(id: 1, settings: .standard, restored: restored, seed: 1, at: .origin)
    var effects: [Effect] = []
    raft.start(into: &effects)
    guard case .halted(let reason) = effects.first else {
      Issue.record("started")
      return
    }
    #expect(reason.contains(text))
  }

  @Test("all members reboot in the middle of a write: what was acknowledged is there")
  func rebootOfAll() {
    var cluster = RaftCluster(3)
    cluster.elect(1)
    cluster.propose(1, at: 1)
    cluster.settle()
    cluster.propose(2, at: 1)
    cluster.deliver()
    for number in cluster.ids { cluster.crash(number) }
    cluster.drop()
    for number in cluster.ids { cluster.start(number) }
    cluster.pass(.seconds(4))
    #expect(cluster.leader != nil)
    for node in cluster.nodes { #expect(node.machine.index == cluster.committedIndex) }
    #expect(cluster.violation == nil)
  }

  @Test("a leader whose disk hangs hands over within an election timeout (hashicorp/raft #503, etcd #15247)")
  func stalledDisk() {
    var cluster = RaftCluster(3)
    cluster.elect(1)
    cluster.propose(1, at: 1)
    var disk = 0
    // Everything works but the leader's disk.
    for _ in 0..<8 {
      cluster.now = cluster.now + .milliseconds(100)
      for number in cluster.ids where cluster[number].nextDeadline <= cluster.now {
        cluster.step(number, .timer)
      }
      for _ in 0..<6 {
        cluster.deliver()
        cluster.sync(2)
        cluster.sync(3)
      }
      disk = max(disk, cluster.disk(1).waiting.count)
    }
    #expect(!cluster[1].isLeader)
    #expect(cluster.leader == 2 || cluster.leader == 3)
    #expect(disk >= 1)
    cluster.propose(2, at: cluster.leader!)
    for _ in 0..<4 {
      cluster.deliver()
      cluster.sync(2)
      cluster.sync(3)
    }
    #expect(cluster.committedIndex == 4)
    // It wakes much later.
    cluster.now = cluster.now + .seconds(30)
    cluster.settle()
    #expect(cluster.violation == nil)
  }

  @Test("a node whose disk hangs does not ask for votes")
  func stalledFollower() {
    var cluster = RaftCluster(3)
    cluster.tell(1, from: 2, term: 1, previous: .zero, entries: [entry(1, 1)])
    cluster.now = cluster.now + .seconds(5)
    cluster.step(1, .timer)
    #expect(cluster[1].role == .follower)
    #expect(cluster.network.isEmpty)
  }

  @Test("while the disk hangs, messages that wait for it do not pile up")
  func heldMessages() {
    var cluster = RaftCluster(3)
    for term: Term in 1...200 {
      cluster.tell(1, from: 2, term: term, .voteRequest(last: .zero, isTransfer: true))
      cluster.tell(1, from: 3, term: term, .voteRequest(last: .zero, isTransfer: true))
      cluster.tell(1, from: 3, term: term, .voteRequest(last: .zero, isTransfer: true))
    }
    #expect(cluster[1].heldMessageCount == 2)
    cluster.sync(1)
    #expect(cluster.takeSent(by: 1) == [.voteReply(granted: true), .voteReply(granted: false)])
  }

  @Test("a restarted node knows that it is up to date only once its leader has told it")
  func isCurrent() {
    var cluster = RaftCluster(3)
    cluster.elect(1)
    cluster.propose(1, at: 1)
    cluster.settle()
    #expect(cluster[1].isCurrent && cluster[2].isCurrent)
    cluster.restart(2)
    let hint = cluster[2].commitIndex
    #expect(hint < 2 && !cluster[2].isCurrent)
    cluster.pass(.milliseconds(200))
    #expect(cluster[2].isCurrent && cluster[2].appliedIndex == 2)
  }
}
