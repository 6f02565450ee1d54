import PlantedBugs

/// What is committed, and what follows from it.
extension Raft {
  /// Commits what a quorum has on disk; the leader's own log counts as far as it is on its own disk. Only an
  /// entry of the current term is committed by counting (5.4.2).
  mutating func commitWhatAMajorityHas() {
    let leading = self.leading
    let durable = planted(.ownUnsyncedCounted) ? log.last.index : writes.durableIndex
    let reached = membership.reached { $0 == id ? durable : leading.progress(of: $0)?.matched ?? 0 }
    guard let reached, reached > commitIndex, log.term(at: reached) == term || planted(.oldTermCommitted)
    else { return }
    let opensTerm = log.term(at: commitIndex) != term
    toldCommit = reached
    commit(through: reached)
    if opensTerm { registerEarlyReads() }
    membershipCommitted()
    if case .leading = self.state { sendToAll() }
  }

  /// Everything up to `index` is committed: it is handed out to be applied.
  mutating func commit(through index: Index) {
    precondition(index <= log.last.index, "only what is in the log can be committed")
    guard index > commitIndex else { return }
    commitIndex = index
    applyCommitted()
  }

  mutating func applyCommitted() {
    guard appliedIndex < commitIndex else { return }
    let entries = log.entries(appliedIndex + 1...commitIndex)
    if case .leading = state {
      leading.uncommittedBytes -= entries.reduce(0) { $0 + $1.byteCount }
    }
    appliedIndex = commitIndex
    output.append(.apply(Array(entries)))
  }
}
