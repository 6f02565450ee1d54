import Cluster
import PlantedBugs
import Raft

/// Brings one node to what the log wants of it: compares the state with what the node's drivers observed and
/// takes the next local action. Level-triggered: an action that failed, was half done, or was done without
/// anyone noticing is found out by the next observation.
struct Reconciler: Sendable {
  let node: String
  let cluster: String

  /// What the drivers saw last; nil before they saw anything, or since they cannot.
  var containers: [ContainerObservation]?
  var databases = SortedMap<String, DatabaseObservation>()
  var balancer: BalancerObservation?
  /// The local services that cannot be seen, by name, with the reason.
  private var unavailable = SortedMap<String, String>()

  // MARK: Memory of this process
  /// What was seen before the engine could not be asked any more.
  var lastContainers: [ContainerObservation]?
  /// Tasks whose container could not be made, with the reason.
  var launchFailures = SortedMap<TaskID, String>()
  /// Since when the load balancer should have left out a container that is to be stopped.
  var leavingSince = SortedMap<TaskID, Instant>()
  /// The containers that are no longer wanted.
  var leftovers = SortedMap<TaskID, Leftover>()
  var hasSeenContainers = false
  /// Images that containers were made of here: they need not be pulled. Looked up only, never iterated.
  var knownImages: Set<String> = []
  /// How long a task's container may take to stop, kept beyond the task itself.
  var gracePeriods = SortedMap<TaskID, Duration>()
  /// What the load balancer was last told.
  var balancing: Balancing?
  var databaseMemories = SortedMap<String, DatabaseMemory>()
  var cacheMemories = SortedMap<String, CacheMemory>()
  /// Purges came since the last look.
  var cachesNeedLook = false
  /// When a cache has gathered purges for long enough.
  var nextCacheLook = Instant.never

  var attempts = Attempts()
  private var notices = Notices()
  private(set) var nextLook = Instant.never

  init(node: String, cluster: String) {
    self.node = node
    self.cluster = cluster
  }

  /// For operators, a line each.
  var problems: [String] {
    unavailable.map { "\($0) on \(node): \($1)" } + attempts.problems + notices.problems
  }

  /// The next actions, with their numbers.
  ///
  /// - Parameters:
  ///   - others: what the other nodes say that were heard lately.
  ///   - wasAway: whether this node had lost touch with the leader before it learned of this state.
  mutating func reconcile(
    _ state: State, others: [Report], wasAway: Bool, at now: Instant
  ) -> [(Manager.ActionID, Action)] {
    nextLook = now + .seconds(1)
    notices.forget(at: now)
    var wanted: [Action] = []
    noteLeftovers(state, wasAway: wasAway, at: now)
    if !awaitsBalancer(state, at: now) {
      let needed = leftoversNeeded(state, others: others, at: now)
      balance(state, with: needed, &wanted)
      runContainers(state, besides: needed, at: now, &wanted)
    }
    for database in state.databases.values { reconcile(database, state, at: now, &wanted) }
    purge(state, at: now, &wanted)
    return wanted.compactMap { start($0, at: now) }
  }

  /// The next actions on the caches alone.
  mutating func reconcileCaches(_ state: State, at now: Instant) -> [(Manager.ActionID, Action)] {
    var wanted: [Action] = []
    purge(state, at: now, &wanted)
    return wanted.compactMap { start($0, at: now) }
  }

  /// Takes an action up, unless it has to wait for another one or failed just now.
  private mutating func start(_ action: Action, at now: Instant) -> (Manager.ActionID, Action)? {
    if let due = attempts.retryTime(of: action), due > now {
      nextLook = min(nextLook, due)
      return nil
    }
    guard let number = attempts.begin(action, in: lane(of: action)) else { return nil }
    if case .cache(let action) = action { didBegin(action, at: now) }
    return (number, action)
  }

  private func lane(of action: Action) -> Attempts.Lane? {
    switch action {
    case .runTask(let launch): knownImages.contains(launch.template.image) ? .launch : .pull
    case .removeTask: .removal
    case .database, .cache, .balance: nil
    }
  }

  /// What the end of an action calls for.
  struct Ending {
    /// Only the caches have to be looked at.
    var concernsCachesAlone = true
    /// What failed, if it is not the same as before.
    var news: String?
  }

  mutating func finish(_ id: Manager.ActionID, _ result: ActionResult, at now: Instant) -> Ending {
    guard let (action, news) = attempts.end(id, result, at: now) else { return Ending() }
    switch result {
    case .done, .partial: didFinish(action)
    case .replaced(let message):
      didFinish(action)
      notices.add(message, to: action.purpose.thing, at: now)
    case .failed(let message): didFail(action, message)
    }
    guard case (.cache, .done) = (action, result) else {
      return Ending(concernsCachesAlone: false, news: news)
    }
    cachesNeedLook = true
    return Ending()
  }

  private mutating func didFinish(_ action: Action) {
    switch action {
    case .runTask(let launch):
      launchFailures[launch.task.id] = nil
      knownImages.insert(launch.template.image)
      noteLaunched(launch.task)
    case .removeTask(let task, _, _):
      containers?.removeAll { $0.task == task }
      lastContainers?.removeAll { $0.task == task }
      gracePeriods[task] = nil
      launchFailures[task] = nil
    case .database(let action):
      didFinish(action)
    case .cache(let action):
      didFinish(action)
    case .balance(let balancing):
      self.balancing = balancing
    }
  }

  /// Forgets what belongs to tasks that are gone: their actions never come again.
  mutating func forgetTasks(where isGone: (TaskID) -> Bool, containers names: [String]) {
    launchFailures.removeAll { task, _ in isGone(task) }
    gracePeriods.removeAll { task, _ in isGone(task) }
    leavingSince.removeAll { task, _ in isGone(task) }
    attempts.forgetContainers(besides: names)
  }

  private mutating func didFail(_ action: Action, _ message: String) {
    switch action {
    case .runTask(let launch): launchFailures[launch.task.id] = message
    case .database(let action): didFail(action)
    case .removeTask, .cache, .balance: break
    }
  }

  /// Returns whether it is news.
  mutating func observe(_ observation: Observation, at now: Instant) -> Bool {
    switch observation {
    case .containers(let seen):
      let sorted = seen.sorted { $0.task < $1.task }
      defer { containers = sorted }
      return sees("containers") || containers != sorted
    case .database(let seen):
      let known = databases[seen.database]
      observe(seen, at: now)
      return sees("databases") || known != seen
    case .cache(let seen):
      return observe(seen)
    case .balancer(let seen):
      defer { balancer = seen }
      return sees("balancer") || balancer != seen
    case .unavailable(let service, let reason):
      switch service {
      case .containers:
        lastContainers = containers ?? lastContainers
        containers = nil
      case .databases: databases = SortedMap()
      case .cache: loseCaches()
      case .balancer: balancer = nil
      }
      unavailable["\(service)"] = reason
      return true
    }
  }

  func isUnavailable(_ service: String) -> Bool { unavailable[service] != nil }

  /// A local service is there; returns whether that is news.
  mutating func sees(_ service: String) -> Bool {
    defer { unavailable[service] = nil }
    return unavailable[service] != nil
  }
}
