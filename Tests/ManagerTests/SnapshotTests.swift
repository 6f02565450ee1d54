import Cluster
import Manager
import Raft
import Testing

@Suite("When a manager makes a snapshot")
struct SnapshotTests {
  private var subject = Subject.leading()
  private var token: UInt64 = 0

  /// Purges whose addresses have so many bytes in all.
  private mutating func commit(bytes: Int) {
    token += 1
    let path = "/" + String(repeating: "x", count: 1_023)
    subject.submit(
      .purge(Array(repeating: .address(host: nil, path: path), count: bytes / 1_024)), token: token)
  }

  @Test("a log that is at rest is shortened after 5 s, though it is not long")
  mutating func atRest() {
    commit(bytes: 300 << 10)
    subject.pass(.milliseconds(4_900))
    #expect(subject.snapshots.isEmpty)
    subject.pass(.seconds(1))
    #expect(subject.snapshots == [subject.manager.state.appliedIndex])
    subject.pass(.seconds(60))
    #expect(subject.snapshots.count == 1)
  }

  @Test("a short log is left as it is")
  mutating func short() {
    commit(bytes: 100 << 10)
    subject.pass(.seconds(60))
    #expect(subject.snapshots.isEmpty)
  }

  /// Commits half a mebibyte at a time; returns how many it took until there was a snapshot.
  private mutating func halfMebibytesUntilSnapshot() -> Int {
    let before = subject.snapshots.count
    for count in 1...100 {
      commit(bytes: 512 << 10)
      if subject.snapshots.count > before { return count }
    }
    return .max
  }

  @Test("under load there is one for every 4 MiB, the first earlier by the manager's place: they take turns")
  mutating func underLoad() {
    #expect((1...4).map { _ in halfMebibytesUntilSnapshot() } == [6, 8, 8, 8])
  }

  @Test("a large state is written anew only after as many bytes as it has")
  mutating func largeState() {
    // A cache that is away: the purges are kept for it.
    var node = Subject.described("b")
    node.cache = "two"
    subject.submit(.register(node), token: 1_000)
    let first = halfMebibytesUntilSnapshot()
    let second = halfMebibytesUntilSnapshot()
    let third = halfMebibytesUntilSnapshot()
    #expect(first == 6)
    #expect((8...10).contains(second))
    #expect((14...18).contains(third))
  }
}
