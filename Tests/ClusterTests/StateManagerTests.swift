import Cluster
import Raft
import Testing
import WireFormat

@Suite("State: managers that come and go")
struct StateManagerTests {
  private let disk = Incarnation(high: 4, low: 1)

  private func member(_ id: UInt64, _ name: String = "a") -> ManagerMember {
    ManagerMember(id: id, name: name, zone: "z", address: "10.0.0.1")
  }

  private func replacing(_ old: UInt64, by new: UInt64) -> Intent {
    .managers(ManagerChange(adding: member(new), removing: NodeID(old)))
  }

  @Test("a replacement: the new one, its disk, and then the old one is gone for ever")
  func replacement() {
    var replica = Replica()
    replica.accept(replacing(1, by: 4))
    #expect(replica.state.managers.change?.index == 1)
    #expect(replica.state.managers.removed == [])
    replica.accept(.managerStep(.disk(NodeID(4), disk)), .managerStep(.completed(1)))
    #expect(replica.state.managers.joined[NodeID(4)]?.disk == disk)
    #expect(replica.state.managers.removed == [NodeID(1)])
    #expect(replica.state.managers.change == nil)
    #expect(replica.apply(replacing(4, by: 1)).isRefused, "an identity is never used again")
    replica.accept(replacing(4, by: 5), .managerStep(.completed(5)))
    #expect(replica.state.managers.joined.keys == [NodeID(5)])
    #expect(replica.state.managers.removed == [NodeID(1), NodeID(4)])
  }

  @Test("one change at a time; what a change adds can be taken back")
  func oneAtATime() {
    var replica = Replica()
    replica.accept(replacing(1, by: 4))
    #expect(replica.apply(replacing(2, by: 5)).isRefused)
    #expect(replica.apply(.managers(ManagerChange(removing: NodeID(1)))).isRefused)
    replica.accept(.managers(ManagerChange(removing: NodeID(4))))
    #expect(replica.state.managers.joined.isEmpty)
    #expect(replica.state.managers.removed == [NodeID(4)], "the old one stays")
    #expect(replica.state.managers.change == nil)
    #expect(replica.apply(.managerStep(.completed(1))).isRefused)
  }

  @Test("a manager that joined is known by its first disk, and by no other")
  func firstDisk() {
    var replica = Replica()
    #expect(replica.apply(.managerStep(.disk(NodeID(4), disk))).isRefused)
    replica.accept(replacing(1, by: 4), .managerStep(.disk(NodeID(4), disk)))
    #expect(replica.apply(.managerStep(.disk(NodeID(4), disk))) == .unchanged)
    #expect(replica.apply(.managerStep(.disk(NodeID(4), Incarnation(high: 4, low: 2)))).isRefused)
    #expect(replica.state.managers.joined[NodeID(4)]?.disk == disk)
  }

  @Test("a manager needs a name, a zone and an address, and its name for itself")
  func complaints() {
    var replica = Replica()
    #expect(replica.apply(.managers(ManagerChange(adding: member(4, "")))).isRefused)
    replica.accept(.managers(ManagerChange(adding: member(4))), .managerStep(.completed(2)))
    #expect(replica.apply(.managers(ManagerChange(adding: member(5)))).isRefused)
    #expect(replica.apply(.managers(ManagerChange())) == .unchanged)
  }

  @Test(
    "after a recovery the lost ones are given up until they are replaced, and the change under way is over")
  func recovery() throws {
    var replica = Replica()
    replica.accept(replacing(1, by: 4))
    replica.accept(.recovery(Recovery(survivor: NodeID(2), givenUp: [NodeID(1), NodeID(3)], reason: "fire")))
    #expect(replica.state.managers.change == nil)
    #expect(replica.state.managers.givenUp == [NodeID(1), NodeID(3), NodeID(4)])
    #expect(try State(decoding: replica.state.encoded()) == replica.state)
    replica.accept(replacing(4, by: 5), .managerStep(.completed(3)))
    #expect(replica.state.managers.givenUp == [NodeID(1), NodeID(3)])
    #expect(replica.state.managers.removed == [NodeID(4)])
  }

  @Test("the snapshot holds it all")
  func snapshot() throws {
    var replica = Replica()
    replica.accept(
      replacing(1, by: 4), .managerStep(.disk(NodeID(4), disk)), .managerStep(.completed(1)),
      .managers(ManagerChange(adding: member(5, "b"), removing: NodeID(2))))
    #expect(try State(decoding: replica.state.encoded()) == replica.state)
  }
}
