import Cluster
import Raft
import Testing

@Suite("State: stacks and services")
struct StateDeployTests {
  @Test("a new stack's services get the entry's index as their revision, and no rollout")
  func new() {
    var replica = Replica()
    #expect(replica.apply(.deploy(shop())) == .accepted)
    #expect(replica.state.stacks == ["shop"])
    #expect(replica.state.services[shopWeb]?.revision == 1)
    #expect(replica.state.services[shopWeb]?.rollout == nil)
  }

  @Test("the same stack again changes nothing")
  func same() {
    var replica = Replica()
    replica.accept(.deploy(shop()))
    #expect(replica.apply(.deploy(shop())) == .unchanged)
    #expect(replica.state.services[shopWeb]?.revision == 1)
  }

  @Test("a changed template is a new revision with a rollout from the one before, which is kept")
  func changedTemplate() {
    var replica = Replica()
    replica.accept(.deploy(shop()), .deploy(shop(template("web:2"))))
    let service = replica.state.services[shopWeb]
    #expect(service?.revision == 2)
    #expect(service?.previousRevision == 1)
    #expect(service?.rollout == Rollout(from: 1, to: 2))
    #expect(service?.template(of: 1)?.image == "web:1")
    #expect(service?.template(of: 2)?.image == "web:2")
  }

  @Test("a changed number or policy is no new revision")
  func changedPolicy() {
    var replica = Replica()
    replica.accept(.deploy(shop()), .deploy(shop(replicas: 5)))
    #expect(replica.state.services[shopWeb]?.revision == 1)
    #expect(replica.state.services[shopWeb]?.rollout == nil)
    #expect(replica.state.services[shopWeb]?.specification.mode == .replicated(5))
  }

  @Test("while a rollout moves, the revision to go back to stays the one that last worked")
  func changedAgain() {
    var replica = Replica()
    replica.accept(.deploy(shop()), .deploy(shop(template("web:2"))), .deploy(shop(template("web:3"))))
    #expect(replica.state.services[shopWeb]?.rollout == Rollout(from: 1, to: 3))
    replica.accept(.rollout(shopWeb, revision: 3, .completed), .deploy(shop(template("web:4"))))
    #expect(replica.state.services[shopWeb]?.rollout == Rollout(from: 3, to: 5))
  }

  @Test("a service that is no longer in the file goes with its tasks; another stack's stay")
  func serviceRemoved() {
    var replica = Replica()
    replica.accept(
      .register(described("a")), .deploy(shop()), .deploy(Stack(name: "other", services: shop().services)),
      .assign(
        remove: [],
        add: [
          task(1, on: "a", revision: 2),
          Assignment(service: ServiceName(stack: "other", service: "web"), slot: 1, node: "a", revision: 3),
        ]),
      .deploy(shop(name: "api")))
    #expect(replica.state.services.keys.map(\.description) == ["other/web", "shop/api"])
    #expect(replica.state.tasks.values.map(\.service.description) == ["other/web"])
  }

  @Test(
    "a stack that cannot be is refused with a reason, and the state stays",
    arguments: [
      (Stack(name: "a b"), "no valid name for a stack"),
      (Stack(name: ""), "no valid name for a stack"),
      (shop(name: "-web"), "no valid name for a service"),
      (shop(replicas: -1), "replicas must be"),
      (shop(replicas: 1_001), "replicas must be"),
      (Stack(name: "shop", services: shop().services + shop().services), "stands twice"),
    ])
  func refused(stack: Stack, reason: String) {
    var replica = Replica()
    expect(replica.apply(.deploy(stack)), refusedWith: reason)
    #expect(replica.state.stacks.isEmpty)
    #expect(replica.state.services.isEmpty)
  }

  @Test("an unknown placeholder is refused by name")
  func unknownPlaceholder() {
    var template = template()
    template.environment = [Setting("COLOR", "{{.Node.Color}}")]
    var replica = Replica()
    expect(replica.apply(.deploy(shop(template))), refusedWith: ".Node.Color")
  }

  @Test("zero replicas and the most replicas are taken", arguments: [0, 1_000])
  func extremes(replicas: Int) {
    var replica = Replica()
    #expect(replica.apply(.deploy(shop(replicas: replicas))) == .accepted)
  }

  // MARK: Ports

  @Test("a published port belongs to one service of the cluster; its holder is named")
  func portOfAnotherStack() {
    var replica = Replica()
    replica.accept(.deploy(shop(template(published: 80))))
    let other = Stack(name: "other", services: [Service(name: "x", template: template(published: 80))])
    expect(replica.apply(.deploy(other)), refusedWith: "published by shop/web")
    replica.accept(.remove(stack: "shop"), .deploy(other))
  }

  @Test("two services of one stack cannot publish the same port")
  func portOfTheSameStack() {
    let services = ["x", "y"].map { Service(name: $0, template: template(published: 80)) }
    var replica = Replica()
    expect(replica.apply(.deploy(Stack(name: "shop", services: services))), refusedWith: "port 80")
  }

  @Test(
    "a service cannot publish a port at which managers or a database listen, a database's stack may be any",
    arguments: [(7_480, "the managers"), (5_432, "database shop"), (5_433, "database other")])
  func portOfSomethingElse(port: Int, holder: String) {
    var replica = Replica()
    let other = DatabaseSpecification(name: "other", zones: ["a"], port: 5_433, owner: "x")
    replica.accept(.deploy(Stack(name: "other", databases: [other])))
    let own = DatabaseSpecification(name: "shop", zones: ["a"], owner: "x")
    func stack(_ transport: Port.Transport) -> Stack {
      var stack = shop(template(published: port, transport: transport))
      stack.databases = [own]
      return stack
    }
    #expect(
      replica.apply(.deploy(stack(.tcp)))
        == .refused(reason: "port \(port) of shop/web is that of \(holder)"))
    replica.accept(.deploy(stack(.udp)))
  }

  @Test("a database cannot have a port that a service publishes, or that of the managers")
  func portOfAService() {
    var replica = Replica()
    replica.accept(.deploy(shop(template(published: 8_080))))
    for (port, complaint) in [(8_080, "is published by shop/web"), (7_443, "is that of the managers")] {
      let database = DatabaseSpecification(name: "plone", zones: ["a"], port: port, owner: "x")
      #expect(
        replica.apply(.deploy(Stack(name: "other", databases: [database])))
          == .refused(reason: "port \(port) of database plone \(complaint)"))
    }
  }

  @Test("a service cannot publish a port twice, unless over another transport")
  func portTwice() {
    func service(_ second: Port) -> Stack {
      var template = template(published: 80)
      template.ports.append(second)
      return shop(template)
    }
    var replica = Replica()
    expect(
      replica.apply(.deploy(service(Port(target: 8081, published: 80)))),
      refusedWith: "port 80 is published twice by shop/web")
    replica.accept(.deploy(service(Port(target: 8081, published: 80, transport: .udp))))
  }

  @Test("a port moves between services of one stack, and is another one over another transport")
  func portMoves() {
    var replica = Replica()
    replica.accept(
      .deploy(shop(template(published: 53))), .deploy(shop(template(published: 53), name: "api")),
      .deploy(
        Stack(
          name: "other",
          services: [Service(name: "x", template: template(published: 53, transport: .udp))])))
  }

  // MARK: Scale, remove

  @Test("scaling changes the number, not the revision")
  func scale() {
    var replica = Replica()
    replica.accept(.deploy(shop()))
    #expect(replica.apply(.scale(shopWeb, replicas: 2)) == .unchanged)
    #expect(replica.apply(.scale(shopWeb, replicas: 0)) == .accepted)
    #expect(replica.state.services[shopWeb]?.specification.mode == .replicated(0))
    #expect(replica.state.services[shopWeb]?.revision == 1)
    expect(replica.apply(.scale(shopWeb, replicas: -1)), refusedWith: "from 0 to 1000, not -1")
    expect(replica.apply(.scale(shopWeb, replicas: 1_001)), refusedWith: "from 0 to 1000")
    let unknown = ServiceName(stack: "shop", service: "api")
    expect(replica.apply(.scale(unknown, replicas: 1)), refusedWith: "no service shop/api")
  }

  @Test("a global service is not scaled")
  func scaleGlobal() {
    var replica = Replica()
    replica.accept(
      .deploy(Stack(name: "shop", services: [Service(name: "web", template: template(), mode: .global)])))
    expect(replica.apply(.scale(shopWeb, replicas: 2)), refusedWith: "global")
  }

  @Test("removing a stack takes its services and tasks; one that is not there is refused")
  func remove() {
    var replica = Replica()
    replica.accept(
      .register(described("a")), .deploy(shop()),
      .assign(remove: [], add: [task(1, on: "a", revision: 2)]), .remove(stack: "shop"))
    #expect(replica.state.stacks.isEmpty)
    #expect(replica.state.services.isEmpty)
    #expect(replica.state.tasks.isEmpty)
    expect(replica.apply(.remove(stack: "shop")), refusedWith: "no stack shop")
  }

  @Test("a stack that holds a database is not removed, and keeps its services")
  func removeWithDatabase() {
    var stack = shop()
    stack.databases = [DatabaseSpecification(name: "db", zones: ["a"], owner: "ana")]
    var replica = Replica()
    replica.accept(.deploy(stack))
    expect(replica.apply(.remove(stack: "shop")), refusedWith: "does not delete data")
    #expect(replica.state.services[shopWeb] != nil)
    // Nor does a file without it forget it.
    replica.accept(.deploy(shop(replicas: 3)))
    #expect(replica.state.databases["db"] != nil)
  }
}

/// Expects a refusal whose reason holds the words.
func expect(
  _ outcome: Outcome, refusedWith words: String, sourceLocation: SourceLocation = #_sourceLocation
) {
  guard case .refused(let reason) = outcome else {
    Issue.record("\(outcome) instead of a refusal with “\(words)”", sourceLocation: sourceLocation)
    return
  }
  #expect(reason.contains(words), sourceLocation: sourceLocation)
}
