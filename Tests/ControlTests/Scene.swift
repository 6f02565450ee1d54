import Cluster
import Control
import Raft

/// A committed state with what its nodes report, made by hand, and the controllers that look at it.
struct Scene {
  private(set) var state = State(cluster: "c1")
  private(set) var now = Instant.origin + .seconds(100)
  var controllers = Controllers()
  /// What the nodes say of the tasks; a task that is missing here has not been spoken of.
  var phases = SortedMap<TaskID, TaskReport.Phase>()
  /// Containers of tasks that are no longer in the state, all on one node.
  var leftovers: [TaskReport] = []
  /// What each node says of the database.
  var databases = SortedMap<String, DatabaseObservation>()
  var caches = SortedMap<String, CacheReport>()
  var leadingSince = Instant.origin
  var listeningSince = Instant.origin
  /// When the nodes that keep silent spoke last.
  private var silent = SortedMap<String, Instant>()
  /// Nodes that are heard and have not reported yet. Looked up only.
  var unreported: Set<String> = []
  /// Of those whose process is not their first.
  var processes = SortedMap<String, UInt64>()
  /// Reports there were; each look sees new ones of all nodes that speak.
  private var sequence: UInt64 = 1
  private var lastSequence = SortedMap<String, UInt64>()

  /// Nodes named after their zone with a number, such as `a1`.
  init(nodes: [String], _ describe: (inout NodeDescription) -> Void = { _ in }) {
    for name in nodes {
      var description = NodeDescription(name: name, zone: String(name.prefix(1)), address: "10.0.0.1")
      description.runsContainers = true
      description.runsDatabases = true
      description.nanoCPUs = 4_000_000_000
      description.memoryBytes = 4 << 30
      describe(&description)
      accept(.register(description))
    }
  }

  // MARK: What happens

  mutating func accept(_ intents: Intent...) {
    for intent in intents {
      let outcome = apply(intent)
      precondition(outcome == .accepted, "\(intent.summary): \(outcome)")
    }
  }

  @discardableResult
  mutating func apply(_ intent: Intent) -> Outcome {
    let proposal = Proposal(request: nil, origin: "test", wallClockMilliseconds: 0, intent: intent)
    return state.apply(proposal, at: state.appliedIndex + 1).outcome
  }

  mutating func pass(_ duration: Duration) { now = now + duration }
  mutating func silence(_ node: String) { silent[node] = now }
  mutating func speak(_ node: String) { silent[node] = nil }

  // MARK: What the controllers say

  /// What the controllers propose now.
  mutating func look() -> [Intent] {
    var reports = SortedMap<String, Report>()
    var heard = SortedMap<String, Instant>()
    sequence += 1
    for node in state.nodes.values {
      if silent[node.name] == nil { lastSequence[node.name] = sequence }
      heard[node.name] = silent[node.name] ?? now
      if !unreported.contains(node.name) { reports[node.name] = report(of: node) }
    }
    return controllers.decide(
      Situation(
        state: state, reports: reports, heard: heard, listeningSince: listeningSince,
        leadingSince: leadingSince, now: now))
  }

  mutating func look(after duration: Duration) -> [Intent] {
    pass(duration)
    return look()
  }

  /// Looks, and commits what is proposed.
  @discardableResult
  mutating func act(after duration: Duration = .zero) -> [Intent] {
    let intents = look(after: duration)
    for intent in intents { apply(intent) }
    return intents
  }

  /// Acts until nothing is left to do at this moment; every task then serves.
  mutating func settle() {
    for _ in 0..<50 {
      serveAll()
      if act().isEmpty { return }
    }
    preconditionFailure("the controllers do not come to an end")
  }

  mutating func serveAll() {
    for task in state.tasks.keys { phases[task] = .serving }
  }

  private func report(of node: Node) -> Report {
    var report = Report(
      description: node.description, process: processes[node.name] ?? 1,
      sequence: lastSequence[node.name] ?? 1, appliedIndex: 0)
    for task in state.tasks(on: node.name) {
      guard let phase = phases[task.id] else { continue }
      report.tasks.append(TaskReport(task: task.id, name: task.containerName, phase: phase))
    }
    if node.name == state.nodes.keys.first { report.tasks += leftovers }
    if let database = databases[node.name] { report.databases = [database] }
    report.caches = caches[node.name].map { [$0] } ?? []
    return report
  }

  // MARK: What is

  var tasks: [Task] { state.tasks(of: .web) }
  /// The nodes of the service's tasks, by slot.
  var places: [String] { tasks.map(\.node) }
  func task(_ slot: Int) -> Task { tasks.last { $0.slot == slot }! }
  var rollout: Rollout.Phase? { state.services[.web]?.rollout?.phase }
  var revision: UInt64 { state.services[.web]?.revision ?? 0 }
}

extension ServiceName {
  static let web = ServiceName(stack: "shop", service: "web")
}

extension Intent {
  /// The service whose tasks the tests look at, in a stack of its own.
  static func deploy(
    image: String = "web:1", _ mode: Service.Mode = .replicated(2), update: UpdatePolicy = UpdatePolicy(),
    _ change: (inout Service) -> Void = { _ in }
  ) -> Intent {
    var service = Service(name: "web", template: TaskTemplate(image: image), mode: mode, update: update)
    change(&service)
    return .deploy(Stack(name: "shop", services: [service]))
  }
}

extension [Intent] {
  var removed: [TaskID] {
    flatMap { if case .assign(let remove, _) = $0 { remove } else { [] as [TaskID] } }
  }

  var added: [Assignment] {
    flatMap { if case .assign(_, let add) = $0 { add } else { [] as [Assignment] } }
  }

  var events: [RolloutEvent] {
    compactMap { if case .rollout(_, _, let event) = $0 { event } else { nil } }
  }

  /// The modes that steps of databases lead to.
  var modes: [Database.Mode] {
    compactMap { if case .database(let step) = $0 { step.mode } else { nil } }
  }
}
