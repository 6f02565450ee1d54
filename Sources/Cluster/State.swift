public import Raft

/// What the log says, after all entries up to `appliedIndex`. Every manager that has applied as far holds an
/// equal value.
///
/// `apply` is total: an intent that cannot be is an outcome with a reason, never a crash. The controllers
/// propose from a state that may be some entries old, so every decision is checked again here against what
/// the state is by then.
public struct State: Hashable, Sendable {
  /// The cluster's identity, fixed at its bootstrap.
  public let cluster: String
  public internal(set) var appliedIndex: Index = 0
  /// What every manager understands.
  public internal(set) var featureLevel = FeatureLevel.first
  public internal(set) var managers = ManagerRoster()
  public internal(set) var nodes = SortedMap<String, Node>()
  /// The stacks' names; their services and databases stand in the maps below.
  public internal(set) var stacks: [String] = []
  public internal(set) var services = SortedMap<ServiceName, ServiceState>()
  public internal(set) var tasks = SortedMap<TaskID, Task>()
  public internal(set) var databases = SortedMap<String, Database>()
  public internal(set) var caches = SortedMap<String, Cache>()
  public internal(set) var purges = PurgeQueue()
  public internal(set) var history = History()
  public internal(set) var requests = RequestLedger()

  public init(cluster: String) {
    self.cluster = cluster
  }
}

extension State {
  /// The tasks of a service, by slot, then identity.
  public func tasks(of service: ServiceName) -> [Task] {
    tasks.values.filter { $0.service == service }
      .sorted { ($0.slot, $0.id) < ($1.slot, $1.id) }
  }

  /// The tasks that a node should run, by identity.
  public func tasks(on node: String) -> [Task] {
    tasks.values.filter { $0.node == node }
  }

  /// How many tasks a service should have, on the nodes there are.
  public func wantedTasks(of service: ServiceState) -> Int {
    switch service.specification.mode {
    case .replicated(let count): count
    case .global:
      nodes.values.count { $0.takesTasks && $0.satisfies(service.specification.placement.constraints) }
    }
  }
}

extension Node {
  /// Whether a node fits all of a service's constraints.
  public func satisfies(_ constraints: [Constraint]) -> Bool {
    constraints.allSatisfy { constraint in
      let actual: String? =
        switch constraint.attribute {
        case .id, .hostname: name
        case .role: description.isManager ? "manager" : "worker"
        case .zone: zone
        case .operatingSystem: description.operatingSystem
        case .architecture: description.architecture
        case .label(let label): description.labels[label]
        }
      return (actual == constraint.value) == constraint.isEqual
    }
  }
}
