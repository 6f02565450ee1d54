import Raft
import Simulation
import Testing

@Suite("The log in memory")
struct LogTests {
  private func log(_ terms: [Term], base: Position = .zero) -> Log {
    var log = Log(base: base)
    for (offset, term) in terms.enumerated() { log.append(entry(base.index + 1 + Index(offset), term)) }
    return log
  }

  @Test("terms are known from the base to the end, and nowhere else")
  func terms() {
    let log = log([2, 2, 3], base: at(10, 1))
    #expect((9...14).map { log.term(at: $0) } == [nil, 1, 2, 2, 3, nil])
    #expect(log.last == at(13, 3))
    #expect(log.contains(at(12, 2)) && !log.contains(at(12, 3)) && !log.contains(at(14, 3)))
  }

  @Test("cutting back and compacting leave the rest")
  func shortening() {
    var log = log([1, 1, 2, 3, 3])
    log.truncate(from: 5)
    log.truncate(from: 9)
    #expect(log.last == at(4, 3))
    log.compact(through: 2)
    log.compact(through: 1)
    #expect(log.base == at(2, 1) && log.last == at(4, 3) && log.term(at: 3) == 2)
    log.compact(through: 4)
    #expect(log.last == at(4, 3) && log.term(at: 4) == 3)
  }

  @Test("the last place with a term not above another, as a linear search finds it")
  func lastPosition() {
    var random = RandomSource(seed: 3)
    for _ in 0..<500 {
      var term: Term = Term(random.int(0...2))
      let base = at(Index(random.int(0...3)), term)
      let terms = (0..<random.int(0...12)).map { _ -> Term in
        term += Term(random.int(0...1))
        return term
      }
      let log = log(terms, base: base)
      let wanted = Term(random.int(0...8))
      let through = Index(random.int(0...18))
      let expected = (0...through).reversed().first { log.term(at: $0).map { $0 <= wanted } ?? false }
      #expect(log.lastPosition(termAtMost: wanted, through: through)?.index == expected)
    }
  }

  @Test("entries are handed out up to a size, and one at least")
  func sizes() {
    let log = log([1, 1, 1])
    #expect(log.entries(from: 1, maximumBytes: 1).entries.count == 1)
    #expect(log.entries(from: 1, maximumBytes: 66).entries.count == 2)
    #expect(log.entries(from: 2, maximumBytes: 1_000).entries.map(\.index) == [2, 3])
    #expect(log.entries(from: 4, maximumBytes: 1_000).entries.isEmpty)
  }
}
