import Cluster
import Raft
import Testing

@Suite("State: nodes")
struct StateNodeTests {
  // MARK: Nodes

  @Test("a drained node takes no tasks until it is activated; again is unchanged; an unknown one is refused")
  func drain() {
    var replica = Replica()
    replica.accept(.register(described("a")))
    #expect(replica.apply(.drain(node: "a")) == .accepted)
    #expect(replica.state.nodes["a"]?.takesTasks == false)
    #expect(replica.apply(.drain(node: "a")) == .unchanged)
    #expect(replica.apply(.activate(node: "a")) == .accepted)
    #expect(replica.apply(.activate(node: "a")) == .unchanged)
    #expect(replica.state.nodes["a"]?.takesTasks == true)
    for intent in [Intent.drain(node: "x"), .activate(node: "x"), .health(node: "x", .lost)] {
      expect(replica.apply(intent), refusedWith: "no node x")
    }
  }

  @Test("a node that registers anew stays drained, and stays lost")
  func registerKeeps() {
    var replica = Replica()
    replica.accept(.register(described("a")), .drain(node: "a"), .health(node: "a", .lost))
    #expect(replica.apply(.register(described("a"))) == .unchanged)
    replica.accept(.register(described("a", zone: "z")))
    #expect(replica.state.nodes["a"]?.availability == .drained)
    #expect(replica.state.nodes["a"]?.health == .lost)
    #expect(replica.state.nodes["a"]?.zone == "z")
  }

  @Test("a node without a valid name or zone is refused", arguments: [("", "a"), ("a", ""), ("a/b", "a")])
  func badNames(name: String, zone: String) {
    var replica = Replica()
    expect(replica.apply(.register(described(name, zone: zone))), refusedWith: "no valid name")
    #expect(replica.state.nodes.isEmpty)
  }
}
