import PlantedBugs
package import Raft

/// A disk that keeps what was synced and loses the rest in a crash. It also checks that every write fits what
/// the store promises its caller.
package struct RaftDisk {
  /// What survives a crash.
  package private(set) var durable: Restored
  package private(set) var compactedThrough: Index = 0
  /// Writes not synced yet, in order.
  package private(set) var waiting: [Write] = []
  /// The first thing that was wrong with a write.
  package private(set) var complaint: String?
  private var lastID: WriteID = 0
  /// The last write that the node was told to be durable.
  private var told: WriteID = 0

  package init(_ restored: Restored) { durable = restored }

  package var lastIndex: Index { durable.entries.last?.index ?? durable.snapshot.position.index }

  /// The term of the durable entry at `index`; nil if it is not there.
  package func term(at index: Index) -> Term? {
    if let first = durable.entries.first, index >= first.index, index <= lastIndex {
      return durable.entries[Int(index - first.index)].term
    }
    return index == durable.snapshot.position.index ? durable.snapshot.position.term : nil
  }

  /// Whether the entry is durable, in the log or in the snapshot.
  package func holds(_ position: Position) -> Bool {
    term(at: position.index).map { $0 == position.term }
      ?? (position.index <= durable.snapshot.position.index)
  }

  package mutating func submit(_ write: Write) {
    if write.id != lastID + 1 { complain("write \(write.id) after \(lastID)") }
    lastID = write.id
    waiting.append(write)
  }

  /// Makes the oldest `count` writes durable and returns the id of the last.
  package mutating func sync(_ count: Int = .max) -> WriteID? {
    var last: WriteID?
    var synced = 0
    for write in waiting.prefix(count) {
      last = write.id
      if planted(.storedBeforeSynced), told < write.id { break }
      apply(write)
      synced += 1
    }
    waiting.removeFirst(synced)
    told = last ?? told
    return last
  }

  /// Power fails: of the writes on their way, the first few may have made it.
  package mutating func crash(surviving count: Int = 0) {
    _ = sync(count)
    waiting = []
    lastID = 0
    told = 0
  }

  private mutating func apply(_ write: Write) {
    if let snapshot = write.snapshot {
      if snapshot.position.index <= durable.snapshot.position.index { complain("snapshot goes back") }
      durable.snapshot = snapshot
    }
    if let index = write.removeFrom, !planted(.removalNotStored) {
      durable.entries.removeAll { $0.index >= index }
    }
    if let index = write.compactThrough {
      if index > durable.snapshot.position.index { complain("compacted past the snapshot") }
      compactedThrough = max(compactedThrough, index)
      durable.entries.removeAll { $0.index <= index }
    }
    for entry in write.entries {
      if entry.index != lastIndex + 1 { complain("entry \(entry.index) after \(lastIndex)") }
      durable.entries.append(entry)
    }
    if let hardState = write.hardState { store(hardState) }
    if write.commit < durable.commit { complain("commit \(write.commit) after \(durable.commit)") }
    durable.commit = write.commit
  }

  private mutating func store(_ hardState: HardState) {
    let old = durable.hardState
    if hardState.term < old.term { complain("term \(hardState.term) after \(old.term)") }
    if hardState.term == old.term, let vote = old.vote, hardState.vote != vote {
      complain("the vote of term \(old.term) changed from \(vote)")
    }
    durable.hardState = hardState
    if planted(.storeForgetsVote) { durable.hardState.vote = nil }
  }

  private mutating func complain(_ text: String) {
    complaint = complaint ?? "disk: " + text
  }
}
