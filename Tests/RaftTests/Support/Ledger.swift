import Raft

/// The history of a whole cluster, over all restarts, and the invariants that it must keep. What a step
/// changed is checked, not everything again.
struct Ledger {
  private struct Ballot: Hashable {
    let node: NodeID
    let term: Term
  }
  private struct Origin: Equatable {
    let fingerprint: UInt64
    let previousTerm: Term
  }
  private struct Seen {
    var term: Term
    var commit: Index
    var last: Position
    var wasLeader: Bool
  }

  private var leaders: [Term: NodeID] = [:]
  private var votes: [Ballot: NodeID] = [:]
  private var origins: [Position: Origin] = [:]
  private var seen: [NodeID: Seen] = [:]
  /// All committed entries; the one at index 1 stands at 0.
  private(set) var committed: [Position] = []
  private var digests: [UInt64] = []
  /// The term in which each was committed.
  private var commitTerms: [Term] = []
  /// The first broken invariant.
  private(set) var violation: String?

  var committedIndex: Index { Index(committed.count) }
  private(set) var elections = 0
  private(set) var truncations = 0
  private(set) var restores = 0

  mutating func fail(_ text: String) { violation = violation ?? text }

  /// A node begins a new life.
  mutating func restarted(_ node: NodeID, _ raft: Raft, from disk: SimulatedDisk) {
    seen[node] = nil
    if raft.term != disk.durable.hardState.term { fail("\(node) forgot its term in a restart") }
    if raft.lastPosition.index != disk.lastIndex { fail("\(node) forgot a part of its log in a restart") }
  }

  // MARK: What leaves a node

  /// No message leaves before what it rests on is durable; nobody votes twice.
  mutating func sent(_ message: Message, disk: SimulatedDisk, leaderTerm: (Index) -> Term?) {
    let node = message.from
    let hardState = disk.durable.hardState
    if hardState.term < message.term {
      fail("\(node) sent \(message.body) of term \(message.term) with term \(hardState.term) on disk")
    }
    switch message.body {
    case .voteReply(granted: true): vote(message.to, by: node, message, hardState)
    case .voteRequest: vote(node, by: node, message, hardState)
    case .appendAccepted(let matched, _):
      if disk.lastIndex < matched { fail("\(node) acknowledged \(matched) before it was durable") }
      if let here = disk.term(at: matched), let there = leaderTerm(matched), here != there {
        fail("\(node) acknowledged \(matched) of term \(there) with term \(here) on disk")
      }
    default: break
    }
  }

  private mutating func vote(
    _ candidate: NodeID, by node: NodeID, _ message: Message, _ hardState: HardState
  ) {
    if hardState.term != message.term || hardState.vote != candidate {
      fail("\(node) voted for \(candidate) in term \(message.term) with \(hardState) on disk")
    }
    let ballot = Ballot(node: node, term: message.term)
    if let earlier = votes[ballot], earlier != candidate {
      fail("\(node) voted for \(earlier) and \(candidate) in term \(message.term)")
    }
    votes[ballot] = candidate
  }

  /// An entry of an index and term is the same everywhere, and so is the one before it (Log Matching, by
  /// induction). What is committed is never removed.
  mutating func wrote(_ write: Write, by node: NodeID, before: (Index) -> Term?, after: Raft) {
    if let index = write.removeFrom {
      truncations += 1
      if let term = before(index), index <= committedIndex, committed[Int(index) - 1].term == term {
        fail("\(node) removes the committed entry \(index) of term \(term)")
      }
    }
    var previous = write.entries.first.flatMap { after.termOfEntry(at: $0.index - 1) }
    for entry in write.entries {
      if let known = previous {
        let origin = Origin(
          fingerprint: StateMachine.fingerprint(entry.payload), previousTerm: known)
        if let other = origins[entry.position], other != origin {
          fail("\(node) wrote another entry at \(entry.position)")
        }
        origins[entry.position] = origin
      }
      previous = entry.term
    }
  }

  // MARK: What is committed

  /// All nodes apply the same entries, and a new one has a durable quorum.
  mutating func applied(
    _ entry: Entry, to machine: StateMachine, by node: NodeID, in term: Term, holders: (Position) -> Bool
  ) {
    let slot = Int(entry.index) - 1
    if slot < committed.count {
      if committed[slot] != entry.position || digests[slot] != machine.digest {
        fail("\(node) applied \(entry.position), but \(committed[slot]) is committed there")
      }
    } else {
      if slot != committed.count { fail("\(node) applied \(entry.index) after \(committed.count)") }
      if !holders(entry.position) { fail("\(node) committed \(entry.position) without a durable quorum") }
      committed.append(entry.position)
      digests.append(machine.digest)
      commitTerms.append(term)
    }
  }

  mutating func restored(_ snapshot: Snapshot, to machine: StateMachine, by node: NodeID) {
    restores += 1
    let slot = Int(snapshot.position.index) - 1
    guard slot >= 0, slot < committed.count, committed[slot] == snapshot.position,
      machine.index == snapshot.position.index, digests[slot] == machine.digest
    else {
      fail("\(node) restored a snapshot at \(snapshot.position) that is not what was committed")
      return
    }
  }

  // MARK: What a node is after a step

  mutating func stepped(_ node: NodeID, _ raft: Raft, settings: Settings) {
    checkOrder(node, raft)
    checkQueues(node, raft, settings)
    let old = seen[node]
    if let old { checkProgress(node, raft, since: old) }
    if raft.isLeader, old?.wasLeader != true || old?.term != raft.term { elected(node, raft) }
    seen[node] = Seen(
      term: raft.term, commit: raft.commitIndex, last: raft.lastPosition, wasLeader: raft.isLeader)
  }

  private mutating func checkOrder(_ node: NodeID, _ raft: Raft) {
    let indices = [
      raft.compactedPosition.index, raft.snapshotPosition.index, raft.appliedIndex, raft.commitIndex,
      raft.lastPosition.index,
    ]
    for (left, right) in zip(indices, indices.dropFirst()) where left > right {
      fail("\(node): compacted, snapshot, applied, committed, last out of order: \(indices)")
    }
    if raft.durableIndex > raft.lastPosition.index { fail("\(node): more durable than there is") }
    if raft.commitIndex > committedIndex { fail("\(node) knows a commit that nobody applied") }
  }

  private mutating func checkQueues(_ node: NodeID, _ raft: Raft, _ settings: Settings) {
    if raft.heldMessageCount > 13 * 8 { fail("\(node) holds \(raft.heldMessageCount) messages") }
    for window in raft.inFlight
    where window.messages > settings.maximumInFlightMessages
      || (window.messages > 1
        && window.bytes >= settings.maximumInFlightBytes + settings.maximumAppendBytes + 200)
    {
      fail("\(node) has \(window) in flight to one member")
    }
  }

  private mutating func checkProgress(_ node: NodeID, _ raft: Raft, since old: Seen) {
    if raft.term < old.term { fail("\(node) went back from term \(old.term) to \(raft.term)") }
    if raft.commitIndex < old.commit { fail("\(node) went back from commit \(old.commit)") }
    guard old.wasLeader, raft.isLeader, old.term == raft.term else { return }
    if raft.commitIndex > old.commit, raft.termOfEntry(at: raft.commitIndex) != raft.term {
      fail("\(node) committed \(raft.commitIndex) of an earlier term by counting")
    }
    let kept = raft.termOfEntry(at: old.last.index)
    if raft.lastPosition.index < old.last.index || (kept != nil && kept != old.last.term) {
      fail("\(node) changed its log as a leader")
    }
  }

  private mutating func elected(_ node: NodeID, _ raft: Raft) {
    elections += 1
    if let other = leaders[raft.term], other != node {
      fail("\(other) and \(node) both lead in term \(raft.term)")
    }
    leaders[raft.term] = node
    // Only later terms must have it: a leader of an old one may be elected late, and commits nothing.
    guard let slot = commitTerms.lastIndex(where: { $0 < raft.term }) else { return }
    let last = committed[slot]
    if let term = raft.termOfEntry(at: last.index) {
      if term != last.term { fail("\(node) leads without the committed \(last)") }
    } else if raft.lastPosition.index < last.index {
      fail("\(node) leads without the committed \(last)")
    }
  }
}
