import Cluster
import Manager
import Raft
import Testing
import WireFormat

@Suite("Containers that were given up while their node was away serve on until enough others do")
struct LeftoverTests {
  private static let web = ServiceName(stack: "shop", service: "web")

  private var subject = Subject(managers: 3)
  private var nextToken: UInt64 = 1
  private var isBalanced = false
  /// Every task that there was.
  private var seen: Set<TaskID> = []

  /// Node `a` or `b`, that runs containers.
  private func node(_ name: String) -> NodeDescription {
    var node = Subject.described(name)
    node.runsContainers = true
    node.runsBalancer = isBalanced
    return node
  }

  private mutating func commit(_ intents: Intent...) {
    let commands = intents.map { intent in
      defer { nextToken += 1 }
      return Proposal.of(intent, token: nextToken).encoded()
    }
    subject.follow(3, commands: commands)
  }

  /// Nobody is heard for so long that this node counts as lost.
  private mutating func beAway() { subject.pass(.seconds(3)) }

  private func deployment(_ change: (inout Service) -> Void) -> Intent {
    var service = Service(
      name: "web", template: TaskTemplate(image: "shop:1"), mode: .replicated(3),
      update: UpdatePolicy(order: .startFirst))
    if isBalanced { service.template.ports = [Port(target: 8080, published: 80)] }
    change(&service)
    return .deploy(Stack(name: "shop", services: [service]))
  }

  /// Three tasks of the service run on node a, and serve.
  private mutating func serve(_ change: (inout Service) -> Void = { _ in }) -> [Task] {
    subject = Subject(managers: 3, node: node("a"))
    commit(.register(node("a")), .register(node("b")), deployment(change))
    let tasks = assign(3, to: "a")
    see(tasks)
    subject.finishActions()
    seeServing(tasks)
    return tasks
  }

  /// So many more tasks; returns them.
  private mutating func assign(_ count: Int, to node: String, inPlaceOf old: [Task] = []) -> [Task] {
    let known = Set(subject.manager.state.tasks.keys)
    let revision = subject.manager.state.services[Self.web]!.revision
    commit(
      .assign(
        remove: old.map(\.id),
        add: (1...count).map { Assignment(service: Self.web, slot: $0, node: node, revision: revision) }))
    return subject.manager.state.tasks(on: node).filter { !known.contains($0.id) }
  }

  /// These run on node a, and nothing else does.
  private mutating func see(_ tasks: [Task], starting: [Task] = []) {
    seen.formUnion((tasks + starting).map(\.id))
    let containers = (tasks + starting).map { task in
      var container = ContainerObservation(
        task: task.id, name: task.containerName, container: "0", condition: .running,
        health: starting.contains(task) ? .starting : .healthy)
      container.address = "172.17.0.2"
      return container
    }
    subject.step(.observed(.containers(containers)))
  }

  /// The load balancer finds that these are up.
  private mutating func seeServing(_ tasks: [Task]) {
    guard isBalanced else { return }
    subject.step(.observed(.balancer(BalancerObservation(serving: tasks.map { "\($0.id)_8080" }))))
  }

  /// Node b says how these of its tasks are.
  private mutating func hear(
    _ tasks: [Task], _ phase: TaskReport.Phase = .serving, sequence: UInt64 = 1
  ) {
    var report = Report(description: node("b"), process: 2, sequence: sequence, appliedIndex: 1)
    report.tasks = tasks.map { TaskReport(task: $0.id, name: $0.containerName, phase: phase) }
    subject.receive(.report(report), from: 2)
    subject.pass(.seconds(1))
  }

  private var removed: [TaskID] {
    subject.performed.compactMap { if case .removeTask(let task, _, _) = $0.action { task } else { nil } }
  }

  /// The tasks that the load balancer was told of last, by age.
  private var balanced: [TaskID] {
    for case .balance(let balancing) in subject.performed.reversed().map(\.action) {
      return balancing.frontends.flatMap(\.servers).compactMap { server in
        seen.first { server.name == "\($0)_8080" }
      }.sorted()
    }
    return []
  }

  @Test("until what was started in their place on the same node serves, one for one")
  mutating func sameNode() {
    let old = serve()
    beAway()
    let new = assign(3, to: "a", inPlaceOf: old)
    subject.finishActions()
    see(old, starting: new)
    subject.pass(.seconds(60))
    #expect(removed.isEmpty)
    see(old + [new[0]], starting: Array(new[1...]))
    #expect(removed == [old[0].id])
    see(old + new)
    #expect(removed.sorted() == old.map(\.id).sorted())
  }

  @Test("until what is wanted elsewhere serves, by what was heard of it lately")
  mutating func elsewhere() {
    let old = serve()
    beAway()
    let new = assign(3, to: "b", inPlaceOf: old)
    subject.pass(.seconds(5))
    #expect(removed.isEmpty)
    hear(Array(new[...0]))
    #expect(removed.count == 1)
    hear(new, sequence: 2)
    #expect(removed.count == 3)
  }

  @Test("what another node said before it fell silent does not count")
  mutating func silent() {
    let old = serve()
    hear(assign(3, to: "b"))
    beAway()
    commit(.assign(remove: old.map(\.id), add: []))
    subject.pass(.seconds(60))
    #expect(removed.isEmpty)
    hear([], sequence: 2)
    #expect(removed.isEmpty)
    hear(subject.manager.state.tasks(on: "b"), sequence: 3)
    #expect(removed == old.map(\.id))
  }

  @Test("the newest of the whole cluster's, and no more than are missing: all could keep each other for ever")
  mutating func shared() {
    let old = serve { $0.update.order = .stopFirst }
    let newer = assign(1, to: "b")
    beAway()
    commit(.assign(remove: old.map(\.id) + newer.map(\.id), add: []))
    #expect(removed == [old[0].id])
    hear(newer)
    #expect(removed == [old[0].id, old[1].id])
  }

  @Test("with their traffic, and without it for good once the load balancer has left them out")
  mutating func traffic() {
    isBalanced = true
    let old = serve()
    #expect(balanced == old.map(\.id))
    subject.finishActions()
    beAway()
    let new = assign(3, to: "a", inPlaceOf: old)
    subject.finishActions()
    see(old, starting: new)
    subject.finishActions()
    #expect(balanced == old.map(\.id))
    // Told anew, it checks all servers anew.
    seeServing([])
    subject.pass(.seconds(1))
    #expect(balanced == old.map(\.id))
    see(old + new)
    subject.finishActions()
    #expect(balanced == (old + new).map(\.id))
    #expect(removed.isEmpty, "nothing reaches the new ones yet")
    seeServing(old + new)
    #expect(balanced == new.map(\.id))
    #expect(removed.isEmpty, "the load balancer has not left them out yet")
    subject.finishActions()
    #expect(removed == old.map(\.id))
    // They may be ending: that the new ones fail does not bring them back.
    see(old, starting: new)
    #expect(balanced.isEmpty)
  }

  @Test("also when the manager itself was restarted: the load balancer tells which of them it has")
  mutating func restarted() {
    isBalanced = true
    let old = serve()
    var again = Subject(managers: 3, node: node("a"))
    swap(&subject, &again)
    commit(.register(node("a")), .register(node("b")), deployment { _ in })
    _ = assign(3, to: "b", inPlaceOf: assign(3, to: "a"))
    seeServing(Array(old[1...]))
    see(old)
    #expect(balanced == old[1...].map(\.id))
    subject.finishActions()
    #expect(removed == [old[0].id])
  }

  @Test("but no cache: it would miss the purges")
  mutating func caches() {
    let old = serve { $0.labels = [Setting(Service.cacheLabel, "6082")] }
    beAway()
    _ = assign(3, to: "b", inPlaceOf: old)
    #expect(removed == old.map(\.id))
  }

  @Test("but for five minutes at most, and not when it was in touch: the leader has seen that others serve")
  mutating func bounded() {
    var old = serve()
    for _ in 1...10 {
      subject.pass(.milliseconds(300))
      commit()
    }
    _ = assign(3, to: "b", inPlaceOf: old)
    #expect(removed == old.map(\.id))

    old = serve()
    beAway()
    _ = assign(3, to: "b", inPlaceOf: old)
    subject.pass(.seconds(299))
    #expect(removed.isEmpty)
    subject.pass(.seconds(2))
    #expect(removed == old.map(\.id))
  }

  @Test("but not where they keep a port of the node from what is wanted")
  mutating func hostPorts() {
    let old = serve { $0.template.ports = [Port(target: 80, published: 80, mode: .host)] }
    beAway()
    _ = assign(3, to: "a", inPlaceOf: old)
    #expect(removed == old.map(\.id))
  }

  @Test(
    "and no more than are wanted: scaled down, removed, or with a policy that lets some be missing")
  mutating func fewerWanted() {
    var old = serve()
    beAway()
    commit(.scale(Self.web, replicas: 1), .assign(remove: old[1...].map(\.id), add: []))
    #expect(removed == old[1...].map(\.id))

    old = serve()
    beAway()
    commit(.remove(stack: "shop"))
    #expect(removed == old.map(\.id))

    old = serve { $0.update.order = .stopFirst }
    beAway()
    _ = assign(3, to: "b", inPlaceOf: old)
    #expect(removed == [old[0].id])

    old = serve {
      $0.update.order = .stopFirst
      $0.update.parallelism = 0
    }
    beAway()
    commit(.scale(Self.web, replicas: 1))
    let new = assign(3, to: "b", inPlaceOf: old)
    hear(new)
    #expect(removed == old.map(\.id))
  }

  @Test(
    "what has ended counts as working when it is not to run again",
    arguments: [
      (RestartPolicy.Condition.none, false, true), (.onFailure, true, true), (.onFailure, false, false),
      (.any, true, false),
    ])
  mutating func ended(condition: RestartPolicy.Condition, succeeded: Bool, works: Bool) {
    let old = serve { $0.restart.condition = condition }
    let new = assign(3, to: "b")
    beAway()
    commit(.assign(remove: old.map(\.id), add: []))
    hear(new, .ended(succeeded: succeeded, message: ""))
    #expect(removed == (works ? old.map(\.id) : []))
  }

  @Test("and never in the place of another service, whose name theirs begins with")
  mutating func names() {
    let old = serve()
    var blue = Service(name: "web.blue", template: TaskTemplate(image: "blue:1"), mode: .replicated(1))
    blue.update = UpdatePolicy(order: .startFirst)
    let name = ServiceName(stack: "shop", service: "web.blue")
    var web = blue
    web.name = "web"
    web.mode = .replicated(3)
    commit(.deploy(Stack(name: "shop", services: [web, blue])))
    let revision = subject.manager.state.services[name]!.revision
    commit(.assign(remove: [], add: [Assignment(service: name, slot: 1, node: "a", revision: revision)]))
    let other = subject.manager.state.tasks(on: "a").filter { $0.service == name }
    see(old + other)
    subject.finishActions()
    beAway()
    commit(.scale(name, replicas: 0), .assign(remove: (old + other).map(\.id), add: []))
    #expect(removed == other.map(\.id))
  }
}
