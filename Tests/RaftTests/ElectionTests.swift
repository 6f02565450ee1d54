import Raft
import Testing

@Suite("Elections (5.2, thesis 9.6)")
struct ElectionTests {
  @Test("three fresh members elect exactly one leader, and all know it")
  func firstElection() {
    var cluster = Cluster(3)
    cluster.pass(.seconds(3))
    #expect(cluster.leader != nil)
    for node in cluster.nodes { #expect(node.raft!.leader == cluster.leader) }
    #expect(cluster.ledger.elections == 1)
    #expect(cluster.ledger.violation == nil)
  }
}
