import Raft

/// Short stories of one kind of trouble each, told by hand and always the same. Where random worlds see only
/// that nothing breaks, a story also sees that something happens in time: a leader that cannot lead is replaced,
/// one that can is left alone.
package enum RaftStory: String, CaseIterable, Sendable {
  case leaderThatOnlySends = "a leader that can only send is replaced within three seconds"
  case memberThatReturns = "a member that was cut off for a while does not disturb the leader"
  case diskThatHangs = "a leader whose disk hangs is replaced within three seconds"
  case equalStarts = "members that start at the same instant elect a leader within ten seconds"
  case longOldLog = "a longer log of an old term does not win against a newer one"
  case newMajorityAlone = "a change of all members waits for the old ones"
  case deposedReader = "a leader that was deposed without knowing it answers no read"
  case lostChunk = "a snapshot of which a chunk was lost arrives all the same"

  /// What went wrong; nil if nothing did.
  package func run() -> String? {
    let failure =
      switch self {
      case .leaderThatOnlySends: Self.leaderOnlySends()
      case .memberThatReturns: Self.memberReturns()
      case .diskThatHangs: Self.diskHangs()
      case .equalStarts: Self.startsAreEqual()
      case .longOldLog: Self.oldLogIsLong()
      case .newMajorityAlone: Self.oldMajorityIsAway()
      case .deposedReader: Self.readerIsDeposed()
      case .lostChunk: Self.chunkIsLost()
      }
    return failure.map { "not so: \(rawValue): \($0)" }
  }

  private static let (n1, n2, n3) = (NodeID(1), NodeID(2), NodeID(3))

  private static func leaderOnlySends() -> String? {
    var cluster = RaftCluster(3)
    cluster.elect(n1)
    cluster.pass(.seconds(3)) { $0.to != n1 }
    return cluster.violation ?? (cluster.leader == n1 ? "n1 still leads" : nil)
  }

  private static func memberReturns() -> String? {
    var cluster = RaftCluster(3)
    cluster.elect(n1)
    let term = cluster[n1].term
    cluster.pass(.seconds(10)) { $0.from != n3 && $0.to != n3 }
    cluster.pass(.seconds(2))
    if cluster[n1].term != term { return "the term rose from \(term) to \(cluster[n1].term)" }
    return cluster.violation ?? (cluster[n3].leader == n1 ? nil : "n3 does not follow n1")
  }

  private static func diskHangs() -> String? {
    var cluster = RaftCluster(3)
    cluster.elect(n1)
    cluster.propose(1, at: n1)
    cluster.pass(.seconds(3), hanging: n1)
    return cluster.violation ?? (cluster.leader == n1 ? "n1 still leads" : nil)
  }

  private static func startsAreEqual() -> String? {
    var cluster = RaftCluster(3)
    cluster.pass(.seconds(10))
    return cluster.violation ?? (cluster.leader == nil ? "nobody leads" : nil)
  }

  private static func oldLogIsLong() -> String? {
    let new = store(terms: [1, 2], commit: 2)
    var cluster = RaftCluster([(n1, store(terms: [1, 1, 1], term: 2, commit: 1)), (n2, new), (n3, new)])
    cluster.elect(n1)
    return cluster.violation ?? (cluster[n1].isLeader ? "n1 leads" : nil)
  }

  private static func oldMajorityIsAway() -> String? {
    var cluster = RaftCluster(3, strangers: 2)
    cluster.elect(n1)
    let committed = cluster.committedIndex
    let away = [n2, n3]
    cluster.step(n1, .changeMembers(token: 1, voters: [n1, NodeID(4), NodeID(5)], learners: []))
    cluster.settle { !away.contains($0.from) && !away.contains($0.to) }
    return cluster.violation ?? (cluster.committedIndex > committed ? "the change is committed" : nil)
  }

  private static func readerIsDeposed() -> String? {
    var cluster = RaftCluster(3)
    cluster.elect(n1)
    // Only n1's timers stand still, as in a process that is paused.
    cluster.now = cluster.now + .seconds(2)
    cluster.step(n2, .timer)
    cluster.settle { $0.from != n1 && $0.to != n1 }
    guard cluster.leader == n2 else { return "n2 was not elected" }
    cluster.propose(1, at: n2)
    cluster.settle { $0.from != n1 && $0.to != n1 }
    _ = cluster.takeAnswers()
    cluster.step(n1, .read(token: 7))
    let answers = cluster.takeAnswers().contains {
      if case .readReady = $0 { true } else { false }
    }
    return cluster.violation ?? (answers ? "n1 answers" : nil)
  }

  private static func chunkIsLost() -> String? {
    // The state has 16 bytes. All of these fit each other.
    let settings = try! Settings(snapshotChunkBytes: 4, entriesKeptAfterSnapshot: 0)
    var cluster = RaftCluster(3, settings: settings)
    cluster.elect(n1)
    for command: UInt8 in 1...5 { cluster.propose(command, at: n1) }
    cluster.settle { $0.to != n3 }
    let machine = cluster.nodes[cluster.slot(n1)].machine
    cluster.step(n1, .snapshot(index: machine.index, state: machine.bytes))
    var lost = 0
    cluster.pass(.seconds(1)) { message in
      guard case .snapshotChunk = message.body else { return true }
      lost += 1
      return lost % 3 != 2
    }
    let applied = cluster[n3].appliedIndex
    return cluster.violation ?? (applied < machine.index ? "n3 has applied \(applied)" : nil)
  }

  /// A member of three whose log has entries of these terms.
  private static func store(terms: [Term], term: Term = 0, commit: Index) -> Restored {
    let entries = terms.enumerated().map { offset, term in
      Entry(
        position: Position(index: Index(offset + 1), term: term),
        payload: .command([UInt8(offset), UInt8(term)]))
    }
    let membership = Membership(voters: [n1, n2, n3])
    return Restored(
      hardState: HardState(term: terms.reduce(term, max)),
      snapshot: Snapshot(position: .zero, membership: membership, state: []), entries: entries, commit: commit
    )
  }
}
