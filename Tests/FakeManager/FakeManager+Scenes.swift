public import Cluster
import Manager
public import Raft

// Situations that tests begin with.

extension FakeManager {
  /// Nodes a and b with containers, balancer, databases and a cache each; c only decides. All report.
  public func registerNodes(balanced: Bool = true) {
    for name in ["a", "b", "c"] {
      var description = NodeDescription(name: name, zone: "zone-\(name)", address: "10.0.0.\(name)")
      description.runsContainers = name != "c"
      description.runsDatabases = name != "c"
      description.runsBalancer = balanced && name != "c"
      description.cache = name == "c" ? nil : "cache-\(name)"
      description.version = "0.1"
      let index = decide(.register(description)).index
      var report = Report(description: description, process: 1, sequence: 1, appliedIndex: 1)
      // They are not seen yet, but have been purged before.
      report.caches =
        description.cache.map { [CacheReport(cache: $0, isReachable: false, position: index, bans: 0)] } ?? []
      self.report(report)
    }
  }

  /// Replaces what a node says.
  public func report(_ report: Report, age: Duration = .milliseconds(100)) {
    see { view in
      view.reports.removeAll { $0.report.description.name == report.description.name }
      view.reports.append(.init(report: report, age: age))
      view.reports.sort { $0.report.description.name < $1.report.description.name }
    }
  }

  /// Changes what a node says.
  public func updateReport(of node: String, _ change: (inout Report) -> Void) {
    see { view in
      guard let place = view.reports.firstIndex(where: { $0.report.description.name == node }) else { return }
      change(&view.reports[place].report)
    }
  }

  /// Lets a node's last report grow old.
  public func ageReport(of node: String, to age: Duration) {
    see { view in
      guard let place = view.reports.firstIndex(where: { $0.report.description.name == node }) else { return }
      view.reports[place].age = age
    }
  }

  /// Places a service's wanted tasks, in turn on a and b, and removes all others.
  public func place(_ name: ServiceName) async {
    let state = await view().state
    guard let service = state.services[name] else { return }
    let count = state.wantedTasks(of: service)
    decide(
      .assign(
        remove: state.tasks(of: name).map(\.id),
        add: (0..<count).map {
          Assignment(
            service: name, slot: $0 + 1, node: ["a", "b"][$0 % 2], revision: service.revision)
        }))
  }

  /// Lets every node report all of its tasks in one phase.
  public func reportTasks(_ phase: TaskReport.Phase) async {
    let state = await view().state
    for node in ["a", "b"] {
      updateReport(of: node) { report in
        report.tasks = state.tasks(on: node).map {
          TaskReport(task: $0.id, name: $0.containerName, phase: phase)
        }
      }
    }
  }

  /// A stack with one published, balanced service.
  public static func webStack(
    _ name: String = "shop", image: String = "web:1", replicas: Int = 2
  ) -> Stack {
    var template = TaskTemplate(image: image)
    template.ports = [Port(target: 80, published: 8_080)]
    return Stack(
      name: name, services: [Service(name: "web", template: template, mode: .replicated(replicas))])
  }

  /// A stack with the database `plone` in zones a and b.
  public static func databaseStack() -> Stack {
    Stack(
      name: "data",
      databases: [
        DatabaseSpecification(name: "plone", zones: ["zone-a", "zone-b"], owner: "plone", password: "secret")
      ])
  }

  /// Brings the database `plone` to replicating from a to b, and lets both servers say so.
  public func replicateDatabase() {
    decide(.deploy(Self.databaseStack()))
    let steps: [Database.Mode] = [
      .initializing(primary: "a"), .solo(primary: "a"), .syncing(primary: "a", secondary: "b"),
      .sync(primary: "a", secondary: "b"),
    ]
    for (ordinal, mode) in steps.enumerated() {
      decide(.database(DatabaseStep(database: "plone", expectedEpoch: UInt64(ordinal + 1), mode: mode)))
    }
    let data = DatabaseObservation.Data.present(
      systemIdentifier: 7, timeline: 4, standby: false, shutdown: nil)
    updateReport(of: "a") {
      $0.databases = [
        DatabaseObservation(
          database: "plone", data: data,
          server: .primary(position: LSN(5_000), synchronousStandby: "tercet_b_4", standbys: []), epoch: 5)
      ]
    }
    updateReport(of: "b") {
      $0.databases = [
        DatabaseObservation(
          database: "plone", data: data,
          server: .standby(
            received: LSN(5_000), replayed: LSN(4_000), streaming: true, name: "tercet_b_4",
            upstream: "10.0.0.a"),
          epoch: 5)
      ]
    }
  }
}
