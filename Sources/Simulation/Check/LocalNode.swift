import Raft

/// One node with its disk in an exhaustive search, without its past: equal ones behave alike.
struct LocalNode: Hashable, Sendable {
  var raft: Raft
  var durable: Restored
  /// Writes that the disk has not made durable yet.
  var waiting: [Write] = []
  /// Questions for reads that left. Each has a number that no other has, in no life of the node: what is drawn
  /// depends on nothing else.
  var questions: UInt64 = 0

  /// Makes the oldest writes durable; returns the number of the last.
  mutating func sync(_ count: Int) -> WriteID? {
    let synced = waiting.prefix(count)
    for write in synced { durable.apply(write) }
    waiting.removeFirst(synced.count)
    return synced.last?.id
  }

  /// Forgets times and numbers that say nothing about what the node will do.
  mutating func normalize() {
    let base = raft.forgetTime(seed: questions)
    for place in waiting.indices { waiting[place].id -= base }
  }
}

extension Restored {
  /// A write becomes durable.
  mutating func apply(_ write: Write) {
    if let new = write.snapshot { snapshot = new }
    if let index = write.removeFrom { entries.removeAll { $0.index >= index } }
    if let index = write.compactThrough { entries.removeAll { $0.index <= index } }
    entries += write.entries
    if let new = write.hardState { hardState = new }
    commit = max(commit, write.commit)
  }
}

/// What a search wants to know of a node at every state, drawn out once.
struct LocalFacts: Sendable {
  let term: Term
  let isLeader: Bool
  /// Whether it follows a leader that it has heard from.
  let hearsLeader: Bool
  let isCandidate: Bool
  let commit: Int
  let lateWrites: Int
  let last: Int
  /// The term of each entry, by index, in memory and on disk.
  let terms: Nibbles
  let durableTerms: Nibbles
  /// For each index a hash of the log up to there.
  let digests: [UInt64]

  init(_ node: LocalNode) {
    term = node.raft.term
    isLeader = node.raft.isLeader
    hearsLeader = !node.raft.isLeader && node.raft.leader != nil
    isCandidate = node.raft.role == .candidate
    commit = Int(node.raft.commitIndex)
    lateWrites = node.waiting.count
    last = Int(node.raft.lastPosition.index)
    var terms = Nibbles()
    var durableTerms = Nibbles()
    var digests: [UInt64] = [0]
    for index in 1..<Index(max(1, last + 1)) {
      guard let entry = node.raft.entry(at: index) else { break }
      terms[Int(index)] = entry.term
      digests.append(ChainMachine.chained(digests[digests.count - 1], entry))
    }
    for entry in node.durable.entries { durableTerms[Int(entry.index)] = entry.term }
    self.terms = terms
    self.durableTerms = durableTerms
    self.digests = digests
  }
}
