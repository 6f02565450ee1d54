import Cluster
import PlantedBugs
import Raft

// MARK: Leftovers: containers that the log no longer wants

/// What a leader gives up while this node is in touch with it goes at once: the leader has seen that enough others serve.
/// But a node that was away finds later that the log has gone on without its containers, and what was wanted in their
/// place may be gone by then. Such containers are stranded: what serves of them goes on until enough of what is wanted
/// does, here or elsewhere. An update keeps the same number (`UpdatePolicy.replaceable`).
extension Reconciler {
  /// By service.
  typealias Leftovers = SortedMap<ServiceName, [ContainerObservation]>

  private static let balancerPatience = Duration.seconds(2)

  /// How long stranded containers serve on at most: what is wanted in their place may never come to serve.
  private static let strandedPatience = Duration.seconds(300)

  /// Takes note of the containers that are no longer wanted. Those that became so while the node was away, or while this
  /// process did not run, are stranded.
  mutating func noteLeftovers(_ state: State, wasAway: Bool, at now: Instant) {
    guard let containers = containers ?? lastContainers else { return }
    let isFirstLook = !hasSeenContainers
    hasSeenContainers = true
    for container in containers where state.tasks[container.task] == nil && leftovers[container.task] == nil {
      leftovers[container.task] = wasAway || isFirstLook ? .stranded(since: now) : .givenUp
    }
    leftovers.removeAll { task, _ in !containers.contains { $0.task == task } }
  }

  /// Whether stranded containers have to wait until the load balancer tells which of them it has, or that it is away:
  /// its driver looks at it from the start.
  func awaitsBalancer(_ state: State, at now: Instant) -> Bool {
    guard state.nodes[node]?.description.runsBalancer == true, balancing == nil, balancer == nil,
      !isUnavailable("balancer")
    else { return false }
    return leftovers.values.contains { leftover in
      guard case .stranded(let since) = leftover else { return false }
      return now - since < Self.balancerPatience
    }
  }

  /// The unwanted containers that have to serve on, by what the other nodes say that were heard lately.
  func leftoversNeeded(_ state: State, others: [Report], at now: Instant) -> Leftovers {
    var needed = Leftovers()
    guard !dropsLeftovers, let containers, leftovers.values.contains(where: { $0 != .givenUp }) else {
      return needed
    }
    let reports = taskReports(state) + others.flatMap(\.tasks)
    for (name, service) in state.services {
      let wanted = state.wantedTasks(of: service)
      let working = reports.count { report in
        state.tasks[report.task]?.service == name
          && report.phase.doesItsWork(under: service.specification.restart)
      }
      let missing = wanted - min(wanted, service.replacement.replaceable) - working
      guard missing > 0 else { continue }
      // The newest of the whole cluster's: each node keeps its own of them. All of them could leave no slot free for a
      // service that stops first, and so keep each other.
      let serving = Set(
        reports.filter { state.tasks[$0.task] == nil && name.named($0.name) && $0.phase == .serving }
          .map(\.task).sorted().suffix(missing))
      needed[name] = containers.filter {
        serving.contains($0.task) && isStranded($0, at: now) && servesOn($0, state)
      }
    }
    return needed
  }

  /// What a leader gives up too early its node would keep if it could: both have to be wrong.
  private var dropsLeftovers: Bool {
    planted(.leftoversDropped) || planted(.stoppedBeforeServing) || planted(.rolloutAllAtOnce)
  }

  private func isStranded(_ container: ContainerObservation, at now: Instant) -> Bool {
    guard case .stranded(let since)? = leftovers[container.task] else { return false }
    return now - since < Self.strandedPatience
  }

  /// Whether a stranded container still does its work.
  func servesOn(_ container: ContainerObservation, _ state: State) -> Bool {
    guard container.isWell, leftovers[container.task].map({ $0 != .givenUp }) == true,
      !attempts.isUnderWay(.container(container.name)), let description = state.nodes[node]?.description,
      let (_, service) = state.services.first(where: { name, _ in name.named(container.name) }),
      // A cache that the log does not know gets no purges, and a port of the node has one owner.
      service.specification.cachePort == nil
    else { return false }
    let ports = service.specification.template.ports
    guard !ports.contains(where: { $0.mode == .host }) else { return false }
    let balanced = ports.filter { $0.mode == .balanced }
    guard description.runsBalancer, !balanced.isEmpty else { return true }
    return balanced.contains { hasTraffic(container.task, $0) }
  }

  /// Whether the load balancer has a container: one that it has left out may be ending. What it was told counts, and
  /// before this process told it anything, what it has; after each change it checks all servers anew, and shows none for
  /// a moment.
  func hasTraffic(_ task: TaskID, _ port: Port) -> Bool {
    let name = Balancing.serverName(task, port)
    guard let balancing else { return balancer?.serving.contains(name) == true }
    return balancing.frontends.contains { $0.servers.contains { $0.name == name } }
  }
}

/// How a container came to be no longer wanted.
enum Leftover: Hashable, Sendable {
  /// While its node was in touch with the leader.
  case givenUp
  /// While its node was away; `since`: when it found out.
  case stranded(since: Instant)
}

extension TaskReport.Phase {
  fileprivate func doesItsWork(under policy: RestartPolicy) -> Bool {
    switch self {
    case .serving: true
    case .ended(let succeeded, _): policy.isOver(succeeded: succeeded)
    case .preparing, .starting, .well, .unhealthy: false
    }
  }
}

extension ContainerObservation {
  var isWell: Bool { condition == .running && (health == .healthy || health == .unchecked) }
}

extension ServiceName {
  /// Whether a container is named after the service, its slot and its task: it was made for one of its tasks.
  func named(_ container: String) -> Bool {
    let parts = container.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count > 2 && parts.dropLast(2).joined(separator: ".") == "\(stack)_\(service)"
  }
}
