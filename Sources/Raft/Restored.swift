extension Restored {
  /// What makes this store unusable; nil if nothing does.
  var defect: String? {
    let limit = Raft.limit
    guard snapshot.position.index < limit, snapshot.position.term < limit, hardState.term < limit else {
      return "the log on disk is damaged: its snapshot at \(snapshot.position.index) is beyond any real log"
    }
    var previous: Position?
    for entry in entries {
      guard entry.index < limit, entry.index >= 1 else {
        return "the log on disk is damaged: it has an entry with the index \(entry.index)"
      }
      if let previous, entry.index != previous.index + 1 || entry.term < previous.term {
        return
          "the log on disk is damaged: after entry \(previous.index) of term \(previous.term) comes entry "
          + "\(entry.index) of term \(entry.term)"
      }
      previous = entry.position
    }
    if let first = entries.first, first.index > snapshot.position.index + 1 {
      return
        "the log on disk has a hole: its snapshot ends at \(snapshot.position.index) and its first entry "
        + "is \(first.index)"
    }
    if let same = entries.first(where: { $0.index == snapshot.position.index }),
      same.term != snapshot.position.term
    {
      return "the log on disk is damaged: entry \(same.index) has term \(same.term) and the snapshot there "
        + "has term \(snapshot.position.term)"
    }
    let newest = max(snapshot.position.term, previous?.term ?? 0)
    guard newest <= hardState.term else {
      return "the log on disk is damaged: it has an entry of term \(newest) and the term stored is "
        + "\(hardState.term)"
    }
    return nil
  }
}

extension Log {
  /// The log on disk. If it begins before the snapshot, its first entry becomes the base: the term of the one
  /// before is not known any more.
  init(_ restored: Restored) {
    let snapshot = restored.snapshot.position
    guard restored.defect == nil, let first = restored.entries.first, let last = restored.entries.last,
      last.index > snapshot.index
    else {
      self.init(base: snapshot)
      return
    }
    let startsBefore = first.index <= snapshot.index
    self.init(base: startsBefore ? first.position : snapshot)
    append(contentsOf: restored.entries[(startsBefore ? 1 : 0)...])
  }
}
