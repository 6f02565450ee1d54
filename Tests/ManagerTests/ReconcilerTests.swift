import Cluster
import Control
import Manager
import Raft
import Testing
import WireFormat

@Suite("What a node does for what the log wants of it")
struct ReconcilerTests {
  private static let web = ServiceName(stack: "shop", service: "web")

  /// Node a, that runs containers.
  private static var node: NodeDescription {
    var node = Subject.described("a")
    node.runsContainers = true
    return node
  }

  private var subject = Subject(managers: 3, node: Self.node)
  private var nextToken: UInt64 = 1

  /// These intents are the next in the log.
  private mutating func commit(_ intents: Intent...) {
    let commands = intents.map { intent in
      defer { nextToken += 1 }
      return Proposal.of(intent, token: nextToken).encoded()
    }
    subject.follow(2, commands: commands)
  }

  /// So many tasks on node a; returns them.
  private mutating func place(_ count: Int) -> [Task] {
    let service = Service(
      name: "web", template: TaskTemplate(image: "shop:1"), mode: .replicated(count))
    commit(.register(Self.node), .deploy(Stack(name: "shop", services: [service])))
    let revision = subject.manager.state.services[Self.web]!.revision
    commit(
      .assign(
        remove: [],
        add: (1...count).map { Assignment(service: Self.web, slot: $0, node: "a", revision: revision) }))
    return subject.manager.state.tasks(on: "a")
  }

  private func container(
    of task: Task, _ condition: ContainerObservation.Condition = .running
  ) -> ContainerObservation {
    ContainerObservation(
      task: task.id, name: task.containerName, container: "0", condition: condition, health: .unchecked)
  }

  private mutating func see(_ containers: [ContainerObservation]) {
    subject.step(.observed(.containers(containers)))
  }

  private mutating func finish(_ id: Manager.ActionID, _ result: ActionResult) {
    subject.step(.finished(id, result))
  }

  /// The tasks whose containers it asked to run since the last call.
  private mutating func launched() -> [TaskID] {
    subject.takeActions().compactMap {
      if case .runTask(let launch) = $0.action { launch.task.id } else { nil }
    }
  }

  @Test("nothing is done before the containers were seen, nor before a leader was heard of")
  mutating func notBefore() {
    see([])
    subject.pass(.seconds(3))
    #expect(subject.takeActions().isEmpty)
    subject = Subject(managers: 3, node: Self.node)
    _ = place(1)
    #expect(subject.takeActions().isEmpty)
    see([])
    #expect(subject.takeActions().count == 1)
  }

  @Test("a task without a container is run once, and counts as starting until the engine has told")
  mutating func runOnce() {
    let task = place(1)[0]
    see([])
    let actions = subject.takeActions()
    #expect(actions.count == 1)
    see([])
    subject.pass(.seconds(5))
    #expect(subject.takeActions().isEmpty, "it is under way")
    finish(actions[0].id, .done)
    subject.pass(.seconds(5))
    #expect(subject.takeActions().isEmpty, "it is done")
    #expect(phase(of: task) == .starting)
    see([container(of: task)])
    #expect(phase(of: task) == .serving)
  }

  private func phase(of task: Task) -> TaskReport.Phase? {
    let own = subject.manager.view(at: subject.now).reports.first { $0.report.description.name == "a" }
    return own?.report.tasks.first { $0.task == task.id }?.phase
  }

  @Test("a container that could not be made is reported with the reason, and left to the leader")
  mutating func launchFailure() {
    let task = place(1)[0]
    see([])
    finish(subject.takeActions()[0].id, .failed("no such image"))
    subject.pass(.seconds(30))
    #expect(subject.takeActions().isEmpty)
    #expect(phase(of: task) == .ended(succeeded: false, message: "no such image"))
  }

  @Test("a container that ended stays until the log gives its task up")
  mutating func ended() {
    let task = place(1)[0]
    see([container(of: task, .exited(code: 3, outOfMemory: false, message: "exit code 3: boom"))])
    subject.pass(.seconds(5))
    #expect(subject.takeActions().isEmpty)
    #expect(phase(of: task) == .ended(succeeded: false, message: "exit code 3: boom"))
    commit(.assign(remove: [task.id], add: []))
    let actions = subject.takeActions()
    #expect(actions.map(\.action) == [removal(of: task)])
  }

  private func removal(of task: Task) -> Action {
    .removeTask(
      task.id, containerName: task.containerName, stopGracePeriod: TaskTemplate(image: "").stopGracePeriod)
  }

  @Test("a failed action is tried again after 100 ms, then after twice as long each time up to 10 s")
  mutating func retries() {
    let task = place(1)[0]
    see([container(of: task)])
    commit(.assign(remove: [task.id], add: []))
    var waits: [Int] = []
    for _ in 1...9 {
      let actions = subject.takeActions()
      #expect(actions.map(\.action) == [removal(of: task)])
      guard let id = actions.first?.id else { return }
      finish(id, .failed("the engine is away"))
      let failed = subject.now
      while subject.actions.isEmpty, subject.now - failed < .seconds(20) { subject.pass(.milliseconds(50)) }
      waits.append((subject.now - failed).milliseconds)
    }
    #expect(waits == [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000])
    let own = subject.manager.view(at: subject.now).reports.first { $0.report.description.name == "a" }
    #expect(own?.report.problems == ["container \(task.containerName): the engine is away"])
  }

  @Test("images that are being pulled hold up neither what is there already nor what has to go")
  mutating func pulls() {
    let old = place(1)[0]
    see([])
    finish(subject.takeActions()[0].id, .done)
    see([container(of: old)])
    // Four tasks with another image, whose launches take long.
    let other = Service(name: "other", template: TaskTemplate(image: "big:1"), mode: .replicated(4))
    commit(.deploy(Stack(name: "other", services: [other])))
    let name = ServiceName(stack: "other", service: "other")
    let revision = subject.manager.state.services[name]!.revision
    commit(
      .assign(
        remove: [],
        add: (1...4).map { Assignment(service: name, slot: $0, node: "a", revision: revision) }))
    #expect(launched().count == 4)
    // One more of the known image, and one to remove.
    commit(
      .assign(
        remove: [old.id], add: [Assignment(service: Self.web, slot: 2, node: "a", revision: old.revision)]))
    let actions = subject.takeActions().map(\.action)
    #expect(actions.contains(removal(of: old)))
    #expect(actions.count == 2)
  }

  @Test("a container is stopped once the load balancer left it out, or could not be told for 30 s")
  mutating func balancerAway() {
    var node = Self.node
    node.runsBalancer = true
    subject = Subject(managers: 3, node: node)
    let service = Service(name: "web", template: TaskTemplate(image: "shop:1"), mode: .replicated(1))
    commit(.register(node), .deploy(Stack(name: "shop", services: [service])))
    let revision = subject.manager.state.services[Self.web]!.revision
    commit(
      .assign(
        remove: [], add: [Assignment(service: Self.web, slot: 1, node: "a", revision: revision)]))
    let task = subject.manager.state.tasks(on: "a")[0]
    see([container(of: task)])
    subject.step(.observed(.unavailable(.balancer, reason: "HAProxy is away")))
    commit(.assign(remove: [task.id], add: []))
    for action in subject.takeActions() { finish(action.id, .failed("HAProxy is away")) }
    let left = subject.now
    func isRemoved(_ subject: Subject) -> Bool {
      subject.performed.contains { $0.action == removal(of: task) }
    }
    while !isRemoved(subject), subject.now - left < .seconds(60) {
      subject.pass(.milliseconds(500))
      subject.finishActions(.failed("HAProxy is away"))
    }
    #expect((30...32).contains((subject.now - left).milliseconds / 1_000))
  }

  @Test("what the load balancer has done in part counts as done, is reported, and is tried again")
  mutating func balancedInPart() {
    var node = Self.node
    node.runsBalancer = true
    subject = Subject(managers: 3, node: node)
    commit(.register(node))
    see([])
    let first = subject.takeActions()
    #expect(first.map(\.action) == [.balance(Balancing())])
    finish(first[0].id, .partial("port 80 is taken"))
    #expect(subject.takeActions().isEmpty)
    let own = subject.manager.view(at: subject.now).reports.first { $0.report.description.name == "a" }
    #expect(own?.report.problems == ["balancer: port 80 is taken"])
    subject.pass(.milliseconds(150))
    let second = subject.takeActions()
    #expect(second.map(\.action) == [.balance(Balancing())])
    finish(second[0].id, .done)
    subject.pass(.seconds(20))
    #expect(subject.takeActions().isEmpty)
  }

  @Test("a port that stays taken is reported all the time, warned of once, and holds up no other change")
  mutating func takenPort() {
    var node = Self.node
    node.runsBalancer = true
    subject = Subject(managers: 3, node: node)
    var service = Service(name: "web", template: TaskTemplate(image: "shop:1"), mode: .replicated(1))
    service.template.ports = [Port(target: 80, published: 80, mode: .balanced)]
    commit(.register(node), .deploy(Stack(name: "shop", services: [service])))
    see([])
    // It is tried every 10 s by now.
    for _ in 0..<8 {
      subject.finishActions(.partial("port 80 is taken"))
      subject.step(.observed(.balancer(BalancerObservation(serving: []))))
      #expect(problems == ["balancer: port 80 is taken"])
      while subject.takeActions().isEmpty { subject.pass(.milliseconds(100)) }
    }
    subject.finishActions(.partial("port 80 is taken"))
    subject.pass(.seconds(5))
    #expect(subject.takeActions().isEmpty)
    #expect(problems == ["balancer: port 80 is taken"])
    #expect(subject.warnings == ["balancer: port 80 is taken"])
    var other = service
    other.name = "other"
    other.template.ports = [Port(target: 80, published: 81, mode: .balanced)]
    commit(.deploy(Stack(name: "shop", services: [service, other])))
    #expect(subject.takeActions().count == 1)
  }

  private var problems: [String]? {
    subject.manager.view(at: subject.now).reports.first { $0.report.description.name == "a" }?.report.problems
  }

  /// Node a runs one task with these balanced ports, and the load balancer finds it up at the first of them.
  private mutating func serve(at ports: [Int]) -> Task {
    var node = Self.node
    node.runsBalancer = true
    subject = Subject(managers: 3, node: node)
    commit(.register(node), deployment(ports))
    let revision = subject.manager.state.services[Self.web]!.revision
    commit(
      .assign(remove: [], add: [Assignment(service: Self.web, slot: 1, node: "a", revision: revision)]))
    let task = subject.manager.state.tasks(on: "a")[0]
    see([container(of: task)])
    subject.step(.observed(.balancer(BalancerObservation(serving: ["\(task.id)_\(ports[0])"]))))
    return task
  }

  private func deployment(_ ports: [Int]) -> Intent {
    var service = Service(name: "web", template: TaskTemplate(image: "shop:1"), mode: .replicated(1))
    service.template.ports = ports.map { Port(target: $0, published: $0) }
    return .deploy(Stack(name: "shop", services: [service]))
  }

  @Test("a task of an old revision serves though one of its ports is published no longer")
  mutating func fewerPorts() {
    let task = serve(at: [80, 90])
    #expect(phase(of: task) == .well, "nothing reaches port 90")
    commit(deployment([80]))
    #expect(phase(of: task) == .serving)
  }

  @Test("what serves does so, for all that is known, while the engine cannot be asked")
  mutating func engineAwayMeanwhile() {
    let task = serve(at: [80])
    #expect(phase(of: task) == .serving)
    subject.step(.observed(.unavailable(.containers, reason: "no socket")))
    subject.pass(.seconds(5))
    #expect(phase(of: task) == .serving)
    subject.step(.observed(.balancer(BalancerObservation(serving: []))))
    #expect(phase(of: task) == .well)
    see([])
    #expect(phase(of: task) == .preparing)
  }

  @Test("images of containers that are there already count as pulled after a restart")
  mutating func imagesThere() {
    let web = place(5)
    let other = Service(name: "other", template: TaskTemplate(image: "big:1"), mode: .replicated(4))
    commit(.deploy(Stack(name: "other", services: [other])))
    let name = ServiceName(stack: "other", service: "other")
    let revision = subject.manager.state.services[name]!.revision
    commit(
      .assign(
        remove: [],
        add: (1...4).map { Assignment(service: name, slot: $0, node: "a", revision: revision) }))
    let big = subject.manager.state.tasks(on: "a").filter { $0.service == name }
    see([container(of: web[0])])
    let begun = launched()
    #expect(begun.filter { id in big.contains { $0.id == id } }.count == 4)
    #expect(begun.filter { id in web.contains { $0.id == id } }.count == 4)
  }

  @Test("no more than four containers are made at the same time")
  mutating func limited() {
    let tasks = place(6)
    see([])
    let first = subject.takeActions()
    #expect(first.count == 4)
    finish(first[0].id, .done)
    finish(first[1].id, .done)
    #expect(launched() == tasks[4...5].map(\.id))
  }

  @Test("while the engine cannot be asked nothing is concluded from its silence")
  mutating func engineAway() {
    let task = place(1)[0]
    see([container(of: task)])
    _ = subject.takeActions()
    subject.step(.observed(.unavailable(.containers, reason: "no socket")))
    commit(.assign(remove: [task.id], add: []))
    subject.pass(.seconds(5))
    #expect(subject.takeActions().isEmpty)
    see([container(of: task)])
    #expect(subject.takeActions().map(\.action) == [removal(of: task)])
  }

  // MARK: What is shown

  @Test("a report counts as fresh for as long as a silent node counts as there")
  func freshness() {
    #expect(subject.manager.view(at: subject.now).maximumReportAge == .seconds(2))
    var configuration = subject.manager.configuration
    configuration.control.nodeLostAfter = .seconds(5)
    let patient = Manager(
      configuration: configuration, restored: .fresh(Membership(voters: [NodeID(1)])),
      disk: Subject.disk(1), nonce: 7,
      at: subject.now)
    #expect(patient.view(at: subject.now).maximumReportAge == .seconds(5))
  }

  // MARK: Databases

  /// The database steps it asked for since the last call.
  private mutating func databaseSteps() -> [(id: Manager.ActionID, step: DatabaseAction.Step)] {
    subject.takeActions().compactMap {
      if case .database(let action) = $0.action { ($0.id, action.step) } else { nil }
    }
  }

  private static var database: DatabaseSpecification {
    DatabaseSpecification(name: "db", zones: ["a"], owner: "ana")
  }

  private func step(_ epoch: UInt64, _ mode: Database.Mode) -> Intent {
    .database(DatabaseStep(database: "db", expectedEpoch: epoch, mode: mode))
  }

  private mutating func see(
    _ server: DatabaseObservation.Server, epoch: UInt64 = 3, isStandby: Bool = false
  ) {
    subject.step(
      .observed(
        .database(
          DatabaseObservation(
            database: "db",
            data: .present(systemIdentifier: 7, timeline: 1, standby: isStandby, shutdown: nil),
            server: server, epoch: epoch))))
  }

  /// Node a is the primary, alone.
  private mutating func bePrimary(of specification: DatabaseSpecification) {
    var node = Subject.described("a")
    node.runsDatabases = true
    subject = Subject(managers: 3, node: node)
    commit(
      .register(node), .deploy(Stack(name: "data", databases: [specification])),
      step(1, .initializing(primary: "a")), step(2, .solo(primary: "a")))
    see(.primary(position: LSN(1), synchronousStandby: nil, standbys: []))
  }

  @Test("parameters that wait for a restart are complained of once, and hold up no other step")
  mutating func restartNeeded() throws {
    bePrimary(of: Self.database)
    for _ in 0..<9 {
      var steps = databaseSteps()
      while steps.isEmpty {
        subject.pass(.milliseconds(100))
        steps = databaseSteps()
      }
      #expect(steps.map(\.step) == [.configure(following: nil)])
      finish(try #require(steps.first).id, .failed("restart the server"))
      #expect(problems == ["database db: restart the server"])
    }
    #expect(subject.warnings == ["database db: restart the server"])
    see(.stopped)
    #expect(databaseSteps().map(\.step) == [.startPrimary(synchronousStandby: nil)])
  }

  @Test("what failed of a database is forgotten once nothing is to be done about it any more")
  mutating func overcome() throws {
    bePrimary(of: Self.database)
    finish(try #require(databaseSteps().first).id, .done)
    see(.stopped)
    finish(try #require(databaseSteps().first).id, .failed("no answer in time"))
    #expect(problems == ["database db: no answer in time"])
    see(.primary(position: LSN(1), synchronousStandby: nil, standbys: []))
    #expect(problems == [])
  }

  @Test("what a stack file says anew of a database is brought to its running server, until that has worked")
  mutating func changedDatabase() throws {
    var specification = Self.database
    func deployment() -> Intent { .deploy(Stack(name: "data", databases: [specification])) }
    bePrimary(of: specification)
    // This process does not know what the server was told before.
    var steps = databaseSteps()
    #expect(steps.map(\.step) == [.configure(following: nil)])
    finish(try #require(steps.first).id, .done)
    subject.pass(.seconds(3))
    #expect(databaseSteps().isEmpty)
    specification.parameters = [Setting("work_mem", "8MB")]
    commit(deployment())
    steps = databaseSteps()
    #expect(steps.map(\.step) == [.configure(following: nil)])
    finish(try #require(steps.first).id, .failed("no"))
    subject.pass(.seconds(1))
    steps = databaseSteps()
    #expect(steps.map(\.step) == [.configure(following: nil)])
    finish(try #require(steps.first).id, .done)
    subject.pass(.seconds(3))
    #expect(databaseSteps().isEmpty)
  }

  @Test(
    "a standby that says it has more than its primary wrote has caught up", arguments: [LSN(5), LSN(.max)])
  mutating func impossiblyFarStandby(_ flushed: LSN) throws {
    var node = Subject.described("a")
    node.runsDatabases = true
    subject = Subject(managers: 3, node: node)
    var other = Subject.described("b")
    other.runsDatabases = true
    let specification = DatabaseSpecification(name: "db", zones: ["a", "b"], owner: "ana")
    func step(_ epoch: UInt64, _ mode: Database.Mode) -> Intent {
      .database(DatabaseStep(database: "db", expectedEpoch: epoch, mode: mode))
    }
    commit(
      .register(node), .register(other), .deploy(Stack(name: "data", databases: [specification])),
      step(1, .initializing(primary: "a")), step(2, .solo(primary: "a")),
      step(3, .syncing(primary: "a", secondary: "b")))
    let name = "tercet_b_4"
    let standby = DatabaseObservation.Standby(
      name: name, isStreaming: true, isSynchronous: false, flushed: flushed)
    subject.step(
      .observed(
        .database(
          DatabaseObservation(
            database: "db", data: .present(systemIdentifier: 7, timeline: 1, standby: false, shutdown: nil),
            server: .primary(position: LSN(9), synchronousStandby: nil, standbys: [standby]), epoch: 4))))
    let admission = try #require(databaseSteps().first)
    #expect(admission.step == .admit(standby: name))
    finish(admission.id, .done)
    subject.pass(.seconds(1))
    #expect(databaseSteps().map(\.step) == [.synchronize(standby: name)])
  }
}
