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

  @Test("a node is forgotten when it is lost and nothing is left there; it comes back as a new one")
  func forgotten() {
    var replica = Replica()
    var node = described("a")
    node.cache = "va"
    replica.accept(.register(node), .drain(node: "a"))
    #expect(replica.apply(.forget(node: "x")) == .unchanged)
    expect(replica.apply(.forget(node: "a")), refusedWith: "node a is there")
    replica.accept(.health(node: "a", .lost), .forget(node: "a"))
    #expect(replica.state.nodes.isEmpty && replica.state.caches.isEmpty)
    replica.accept(.register(node))
    #expect(replica.state.nodes["a"]?.availability == .active)
    #expect(replica.state.caches["va"]?.isNew == true)
  }

  @Test("the cache of a node that is gone for good keeps purges until the node is forgotten")
  func releasesPurges() {
    var replica = Replica()
    var (here, gone) = (described("a"), described("b"))
    (here.cache, gone.cache) = ("va", "vb")
    replica.accept(.register(here), .register(gone), .purge([.address(host: nil, path: "/")]))
    let purge = replica.state.appliedIndex
    replica.accept(.cachePositions([CachePosition(cache: "va", position: purge)]), .health(node: "b", .lost))
    #expect(replica.state.purges.count == 1)
    replica.accept(.forget(node: "b"))
    #expect(replica.state.purges.count == 0)
  }

  @Test("a node is not forgotten while a task or a database counts on it")
  func neededNode() {
    var replica = Replica()
    let service = Service(name: "web", template: TaskTemplate(image: "i"), mode: .replicated(1))
    let database = DatabaseSpecification(name: "shop", zones: ["a"], owner: "shop")
    replica.accept(
      .register(described("a")), .deploy(Stack(name: "s", services: [service], databases: [database])))
    let revision = replica.state.services[ServiceName(stack: "s", service: "web")]?.revision ?? 0
    let assignment = Assignment(
      service: ServiceName(stack: "s", service: "web"), slot: 1, node: "a", revision: revision)
    replica.accept(.assign(remove: [], add: [assignment]), .health(node: "a", .lost))
    expect(replica.apply(.forget(node: "a")), refusedWith: "has no other place than node a yet")
    let task = replica.state.tasks.keys[0]
    replica.accept(
      .assign(remove: [task], add: []),
      .database(
        DatabaseStep(
          database: "shop", expectedEpoch: replica.state.databases["shop"]?.epoch ?? 0,
          mode: .initializing(primary: "a"))))
    expect(replica.apply(.forget(node: "a")), refusedWith: "database shop has a copy on node a")
  }

  @Test("what a service runs everywhere does not keep a node that is gone, and goes with it")
  func globalTask() {
    var replica = Replica()
    let service = Service(name: "agent", template: TaskTemplate(image: "i"), mode: .global)
    replica.accept(.register(described("a")), .deploy(Stack(name: "s", services: [service])))
    let name = ServiceName(stack: "s", service: "agent")
    let revision = replica.state.services[name]?.revision ?? 0
    let assignment = Assignment(service: name, slot: 0, node: "a", revision: revision)
    replica.accept(.assign(remove: [], add: [assignment]), .health(node: "a", .lost), .forget(node: "a"))
    #expect(replica.state.nodes.isEmpty && replica.state.tasks.isEmpty)
  }
}
