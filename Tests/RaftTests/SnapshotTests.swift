import Raft
import Simulation
import Testing

@Suite("Snapshots (7)")
struct SnapshotTests {
  private let small = try! Settings(snapshotChunkBytes: 4, entriesKeptAfterSnapshot: 0)

  /// Member 3 is away while the others write and compact everything.
  private func behind() -> RaftCluster {
    var cluster = RaftCluster(3, settings: small)
    cluster.elect(1)
    for byte: UInt8 in 1...5 { cluster.propose(byte, at: 1) }
    cluster.settle { !$0.concerns(3) }
    cluster.step(1, .snapshot(index: 6, state: cluster.nodes[0].machine.bytes))
    cluster.settle { !$0.concerns(3) }
    return cluster
  }

  @Test("a snapshot shortens the log in memory and on disk, and keeps a few entries before it")
  func compaction() throws {
    var cluster = RaftCluster(1, settings: try Settings(entriesKeptAfterSnapshot: 2))
    cluster.elect(1)
    for byte: UInt8 in 1...9 { cluster.propose(byte, at: 1) }
    cluster.settle()
    cluster.step(1, .snapshot(index: 8, state: [1, 2]))
    cluster.settle()
    #expect(cluster[1].snapshotPosition == at(8, 1) && cluster[1].compactedPosition == at(6, 1))
    #expect(cluster.disk(1).durable.entries.map(\.index) == [7, 8, 9, 10])
    #expect(cluster.disk(1).durable.snapshot.state == [1, 2])
  }

  @Test("of the entries before a snapshot no more bytes stay than are allowed")
  func compactionByBytes() throws {
    // Each entry counts for its byte and 32 beside it.
    var cluster = RaftCluster(1, settings: try Settings(bytesKeptAfterSnapshot: 3 * 33 + 32))
    cluster.elect(1)
    for byte: UInt8 in 1...9 { cluster.propose(byte, at: 1) }
    cluster.settle()
    cluster.step(1, .snapshot(index: 8, state: [1, 2]))
    cluster.settle()
    #expect(cluster[1].compactedPosition == at(5, 1))
    #expect(cluster.disk(1).durable.entries.map(\.index) == [6, 7, 8, 9, 10])
  }

  @Test("a snapshot that is older than the last, or not applied yet, is not taken")
  func impossibleSnapshot() {
    var cluster = behind()
    cluster.step(1, .snapshot(index: 5, state: []))
    cluster.step(1, .snapshot(index: 99, state: []))
    #expect(cluster[1].snapshotPosition == at(6, 1))
  }

  @Test(
    "a member behind a fully compacted log gets the snapshot in chunks, and what follows (openraft #1828)")
  func install() {
    var cluster = behind()
    cluster.pass(.milliseconds(300))
    #expect(cluster[3].snapshotPosition == at(6, 1))
    #expect(cluster.nodes[2].machine == cluster.nodes[0].machine)
    cluster.propose(9, at: 1)
    cluster.settle()
    #expect(cluster[3].appliedIndex == 7)
    #expect(cluster.violation == nil)
  }

  @Test("a lost chunk is repeated at the next heartbeat, and the transfer goes on where it was")
  func resume() {
    var cluster = behind()
    var chunks: [UInt64] = []
    var lost = 0
    cluster.pass(.milliseconds(800)) { message in
      guard case .snapshotChunk(let chunk) = message.body else { return true }
      if chunk.offset == 8, lost < 2 {
        lost += 1
        return false
      }
      if chunks.last != chunk.offset { chunks.append(chunk.offset) }
      return true
    }
    #expect(lost == 2)
    #expect(chunks == [0, 4, 8, 12])
    #expect(cluster[3].appliedIndex == 6)
  }

  @Test("the snapshot is acknowledged only when it is on disk; a crash before starts it anew")
  func crashDuringInstall() {
    var cluster = behind()
    var accepted = false
    for _ in 0..<30 where cluster[3].snapshotPosition.index == 0 {
      cluster.now = cluster.now + .milliseconds(50)
      for node in cluster.ids where cluster[node].nextDeadline <= cluster.now { cluster.step(node, .timer) }
      cluster.deliver()
      cluster.sync(1)
      cluster.sync(2)
      for message in cluster.network where message.from == 3 {
        if case .appendAccepted(let matched, _) = message.body, matched >= 6 { accepted = true }
      }
    }
    #expect(cluster[3].snapshotPosition == at(6, 1) && !accepted)
    cluster.restart(3)
    #expect(cluster[3].snapshotPosition == .zero)
    cluster.pass(.seconds(2))
    #expect(cluster[3].appliedIndex >= 6)
    #expect(cluster.violation == nil)
  }

  @Test("doubled chunks and answers do not double the traffic")
  func doubles() {
    var cluster = behind()
    var sent = 0
    for _ in 0..<200 {
      cluster.now = cluster.now + .milliseconds(5)
      for node in cluster.ids where cluster[node].nextDeadline <= cluster.now { cluster.step(node, .timer) }
      sent += cluster.network.filter(\.isChunk).count
      cluster.network += cluster.network.filter { message in
        if case .snapshotReceived = message.body { return true }
        return message.isChunk
      }
      cluster.deliver()
      for node in cluster.ids { cluster.sync(node) }
    }
    #expect(cluster[3].appliedIndex == 6)
    #expect(sent < 20)
  }

  @Test("a snapshot onto a log that conflicts replaces all of it (hashicorp/raft #697)")
  func conflictingLog() {
    let voters: [NodeID] = [1, 2, 3]
    var cluster = RaftCluster([(1, .log([1, 1, 2, 2, 2, 2], voters: voters, term: 2, commit: 1))])
    let chunk = Message.SnapshotChunk(
      position: at(4, 3), membership: Membership(voters: voters), offset: 0, total: 1, bytes: [7])
    var raft = cluster[1]
    var effects: [Effect] = []
    raft.step(
      .message(Message(from: 2, to: 1, term: 3, body: .snapshotChunk(chunk))), at: .origin, into: &effects)
    #expect(raft.lastPosition == at(4, 3) && raft.commitIndex == 4 && raft.durableIndex == 1)
    guard case .write(let write) = effects[0] else {
      Issue.record("no write")
      return
    }
    var disk = cluster.disk(1)
    disk.submit(write)
    _ = disk.sync()
    #expect(disk.durable.entries.isEmpty && disk.durable.snapshot.position == at(4, 3))
    #expect(disk.complaint == nil)
    cluster.drop()
  }

  @Test("a snapshot of what the log contains only moves the commit index")
  func containedSnapshot() {
    let voters: [NodeID] = [1, 2, 3]
    var cluster = RaftCluster([(1, .log([1, 1, 2, 2], voters: voters, term: 2, commit: 1))])
    let chunk = Message.SnapshotChunk(
      position: at(3, 2), membership: Membership(voters: voters), offset: 0, total: 100, bytes: [7])
    var raft = cluster[1]
    var effects: [Effect] = []
    raft.step(
      .message(Message(from: 2, to: 1, term: 2, body: .snapshotChunk(chunk))), at: .origin, into: &effects)
    #expect(raft.lastPosition == at(4, 2) && raft.commitIndex == 3)
    #expect(
      effects.contains(
        .send(Message(from: 1, to: 2, term: 2, body: .appendAccepted(matched: 3, round: 0)))))
    cluster.drop()
  }
}
