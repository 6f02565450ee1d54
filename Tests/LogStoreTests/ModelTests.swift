import LogStore
import Raft
import Testing

/// What a store should hold, in its simplest form.
private struct Model {
  var restored = newLog
  var base: Index = 0
  var last: Index { base + Index(restored.entries.count) }

  mutating func apply(_ write: Write) {
    if let snapshot = write.snapshot { restored.snapshot = snapshot }
    if let index = write.removeFrom, index <= last { restored.entries.removeLast(Int(last - index + 1)) }
    if let index = write.compactThrough { compact(through: index) }
    if restored.snapshot.position.index > last { compact(through: restored.snapshot.position.index) }
    restored.entries += write.entries
    if let hardState = write.hardState { restored.hardState = hardState }
    if let admission = write.admission { restored.admission = admission }
    restored.commit = max(restored.commit, write.commit, restored.snapshot.position.index)
  }

  private mutating func compact(through index: Index) {
    guard index > base else { return }
    restored.entries.removeFirst(min(restored.entries.count, Int(index - base)))
    base = index
  }
}

/// Draws writes as a Raft core makes them: committed entries never conflict, terms never fall.
private struct WriteSource {
  var random: Seeded
  var model = Model()
  var id: WriteID = 0

  mutating func next() -> Write {
    id += 1
    var write = Write(id: id, commit: model.restored.commit)
    let commit = model.restored.commit
    var end = model.last
    var term = model.restored.hardState.term
    if chance(0.2) || id == 1 {
      term += 1
      write.hardState = HardState(
        term: term, vote: chance(0.5) ? NodeID(.random(in: 1...3, using: &random)) : nil)
      if end > commit, chance(0.7) {
        write.removeFrom = .random(in: commit + 1...end, using: &random)
        end = write.removeFrom! - 1
      }
    }
    if chance(0.05) {
      end += .random(in: 1...30, using: &random)
      write.snapshot = snapshot(end, term)
    } else if chance(0.1), commit > model.restored.snapshot.position.index {
      let term = model.restored.entries[Int(commit - model.base) - 1].term
      write.snapshot = snapshot(commit, term)
      write.compactThrough = .random(in: model.base...commit, using: &random)
    }
    if chance(0.05) {
      var admission = model.restored.admission ?? Admission()
      admission[NodeID(.random(in: 1...5, using: &random))] = Incarnation(high: id, low: 1)
      write.admission = admission
    }
    let count = Index.random(in: 0...12, using: &random)
    if count > 0 {
      write.entries = entries(end + 1...end + count, term, size: .random(in: 0...3000, using: &random))
      end += count
    }
    write.commit = .random(in: min(commit, end)...end, using: &random)
    model.apply(write)
    return write
  }

  private mutating func chance(_ share: Double) -> Bool {
    Double.random(in: 0..<1, using: &random) < share
  }
}

@Suite("A log store beside a model", .timeLimit(.minutes(2)))
struct ModelTests {
  @Test(
    "restores what a plain model holds, whatever was written and whenever it was reopened",
    arguments: 1...6 as ClosedRange<UInt64>)
  func equivalence(seed: UInt64) async throws {
    let folder = try TemporaryFolder()
    var source = WriteSource(random: Seeded(seed))
    for _ in 0..<20 {
      let session = try Session(folder.path)
      #expect(session.restored == source.model.restored)
      for _ in 0..<Int.random(in: 1...40, using: &source.random) { session.store.submit(source.next()) }
      await session.store.close()
    }
    #expect(try await reopened(folder.path) == source.model.restored)
  }
}
