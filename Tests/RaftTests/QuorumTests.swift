import Raft
import Simulation
import Testing

@Suite("Majorities")
struct QuorumTests {
  @Test(
    "the value that a majority has reached",
    arguments: [
      ([5], 5), ([5, 3], 3), ([5, 3, 4], 4), ([0, 0, 9], 0), ([1, 2, 3, 4], 2), ([5, 4, 3, 2, 1], 3),
      ([7, 7, 7], 7), ([9, 9, 1, 1, 1], 1),
    ])
  func reached(values: [Int], expected: Int) {
    let membership = Membership(voters: (0..<values.count).map { NodeID(UInt64($0)) })
    #expect(membership.reached { values[Int($0.rawValue)] } == expected)
  }

  @Test("a membership without voters reaches nothing and elects nobody")
  func empty() {
    let membership = Membership(voters: [], learners: [1])
    #expect(membership.reached { _ in 1 } == nil)
    #expect(membership.outcome(granted: [1], refused: []) == .lost)
  }

  @Test("with joint memberships, counting and sorting give the same, for every choice of values")
  func againstSorting() {
    var random = RandomSource(seed: 1)
    for _ in 0..<2_000 {
      let ids = (1...7).map { NodeID(UInt64($0)) }
      let voters = ids.filter { _ in random.chance(60) }
      let outgoing = ids.filter { _ in random.chance(40) }
      let values = Dictionary(uniqueKeysWithValues: ids.map { ($0, random.int(0...4)) })
      let membership = Membership(voters: voters, outgoing: outgoing)
      func median(_ nodes: [NodeID]) -> Int? {
        nodes.isEmpty ? nil : nodes.map { values[$0]! }.sorted(by: >)[nodes.count / 2]
      }
      let expected = median(voters).map { min($0, median(outgoing) ?? $0) }
      #expect(membership.reached { values[$0]! } == expected)

      let granted = ids.filter { values[$0]! > 2 }
      let refused = ids.filter { values[$0]! < 2 }
      let outcome = membership.outcome(granted: granted, refused: refused)
      if let expected { #expect((outcome == .won) == (expected > 2)) }
      let best = membership.outcome(granted: ids.filter { !refused.contains($0) }, refused: [])
      #expect((outcome == .lost) == (best != .won))
    }
  }

  @Test("learners and strangers count neither for nor against")
  func othersDoNotCount() {
    let membership = Membership(voters: [1, 2, 3], learners: [4, 5])
    #expect(membership.outcome(granted: [1, 4, 5, 9], refused: []) == .open)
    #expect(membership.outcome(granted: [1], refused: [4, 5]) == .open)
    #expect(membership.members == [1, 2, 3, 4, 5])
  }
}
