import Cluster
import PlantedBugs
import Raft

/// Brings one node to what the log wants of it: compares the state with what the node's drivers observed and
/// takes the next local action. Level-triggered: an action that failed, was half done, or was done without
/// anyone noticing is found out by the next observation.
///
/// At most one action is under way for each thing (a task, a database, the cache, the load balancer).
struct Reconciler: Sendable {
  let node: String
  let cluster: String

  /// What the drivers saw last; nil before they saw anything, or since they cannot.
  var containers: [ContainerObservation]?
  var databases = SortedMap<String, DatabaseObservation>()
  var balancer: BalancerObservation?
  var problems = SortedMap<String, String>()

  // MARK: Memory of this process
  /// Tasks whose container could not be made, with the reason.
  var launchFailures = SortedMap<TaskID, String>()
  /// Since when the load balancer should have left out a container that is to be stopped.
  var leavingSince = SortedMap<TaskID, Instant>()
  /// Images that containers were made of here: they need not be pulled. Looked up only, never iterated.
  private var knownImages: Set<String> = []
  /// How long a task's container may take to stop, kept beyond the task itself.
  var gracePeriods = SortedMap<TaskID, Duration>()
  /// What the load balancer was last told.
  var balancing: Balancing?
  var databaseMemories = SortedMap<String, DatabaseMemory>()
  var cacheMemories = SortedMap<String, CacheMemory>()
  /// Purges came since the last look.
  var cachesNeedLook = false

  private var nextAction: Manager.ActionID = 1
  private var underWay = SortedMap<Manager.ActionID, Started>()
  /// The newest action under way for each thing.
  private var busy = SortedMap<String, Manager.ActionID>()
  private var failures = SortedMap<String, Failure>()
  private(set) var nextLook = Instant.never

  /// An action under way: of which thing, and what follows from its end.
  struct Started: Hashable, Sendable {
    var thing: String
    var action: Action
    var lane: Lane?
  }

  /// Actions on containers wait for others of their kind only: a pull may take minutes, and must hold up neither
  /// what is there already nor what has to go.
  enum Lane: Hashable, Sendable {
    case pull, launch, removal

    /// How many at the same time.
    static let width = 4
  }

  private func lane(of action: Action) -> Lane? {
    switch action {
    case .runTask(let launch): knownImages.contains(launch.template.image) ? .launch : .pull
    case .removeTask: .removal
    case .database, .cache, .balance: nil
    }
  }

  /// Attempts that failed one after another, and when the next is due.
  struct Failure: Hashable, Sendable {
    var count: Int
    var retryAt: Instant
  }

  init(node: String, cluster: String) {
    self.node = node
    self.cluster = cluster
  }

  /// The next actions, with their numbers.
  mutating func reconcile(_ state: State, at now: Instant) -> [(Manager.ActionID, Action)] {
    nextLook = now + .seconds(1)
    var wanted: [(thing: String, action: Action)] = []
    balance(state, &wanted)
    runContainers(state, at: now, &wanted)
    for database in state.databases.values { reconcile(database, state, at: now, &wanted) }
    purge(state, &wanted)
    return wanted.compactMap { start($0.thing, $0.action, at: now) }
  }

  /// The next actions on the caches alone.
  mutating func reconcileCaches(_ state: State, at now: Instant) -> [(Manager.ActionID, Action)] {
    var wanted: [(thing: String, action: Action)] = []
    purge(state, &wanted)
    return wanted.compactMap { start($0.thing, $0.action, at: now) }
  }

  /// Takes an action up, unless one is under way for the same thing or the last one failed just now.
  private mutating func start(
    _ thing: String, _ action: Action, at now: Instant
  ) -> (Manager.ActionID, Action)? {
    if let present = busy[thing], !action.supersedes(underWay[present]?.action) { return nil }
    if let failure = failures[thing], failure.retryAt > now {
      nextLook = min(nextLook, failure.retryAt)
      return nil
    }
    let lane = lane(of: action)
    if lane != nil, underWay.values.count(where: { $0.lane == lane }) >= Lane.width { return nil }
    let id = nextAction
    nextAction += 1
    underWay[id] = Started(thing: thing, action: action, lane: lane)
    busy[thing] = id
    return (id, action)
  }

  static let containerPrefix = "container "

  /// Returns whether only the caches have to be looked at now.
  mutating func finish(_ id: Manager.ActionID, _ result: ActionResult, at now: Instant) -> Bool {
    guard let started = underWay[id] else { return true }
    underWay[id] = nil
    if busy[started.thing] == id { busy[started.thing] = nil }
    switch result {
    case .done:
      failures[started.thing] = nil
      problems[started.thing] = nil
      didFinish(started.action)
    case .partial(let message):
      noteFailure(of: started.thing, message, at: now)
      didFinish(started.action)
      return false
    case .failed(let message):
      noteFailure(of: started.thing, message, at: now)
      didFail(started.action, message)
      return false
    }
    guard case .cache = started.action else { return false }
    cachesNeedLook = true
    return true
  }

  private mutating func noteFailure(of thing: String, _ message: String, at now: Instant) {
    let count = (failures[thing]?.count ?? 0) + 1
    // 100 ms, 200 ms … 6.4 s, and 10 s from then on.
    let wait = count > 7 ? Duration.seconds(10) : Duration.milliseconds(50 << count)
    failures[thing] = Failure(count: count, retryAt: now + wait)
    problems[thing] = "\(thing): \(message)"
  }

  /// How often in a row something has failed.
  func failureCount(of thing: String) -> Int { failures[thing]?.count ?? 0 }

  private mutating func didFinish(_ action: Action) {
    switch action {
    case .runTask(let launch):
      launchFailures[launch.task.id] = nil
      knownImages.insert(launch.template.image)
      noteLaunched(launch.task)
    case .removeTask(let task, _, _):
      containers?.removeAll { $0.task == task }
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
  mutating func forgetTasks(where isGone: (TaskID) -> Bool, things: [String]) {
    launchFailures.removeAll { task, _ in isGone(task) }
    gracePeriods.removeAll { task, _ in isGone(task) }
    leavingSince.removeAll { task, _ in isGone(task) }
    let present = Set(things)
    let isOver = { (thing: String) in thing.hasPrefix(Self.containerPrefix) && !present.contains(thing) }
    failures.removeAll { thing, _ in isOver(thing) }
    problems.removeAll { thing, _ in isOver(thing) }
  }

  /// A new step is not held up by the failures of an earlier one.
  mutating func forgetFailures(of thing: String) {
    failures[thing] = nil
    problems[thing] = nil
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
      return forgetProblem("containers") || containers != sorted
    case .database(let seen):
      let known = databases[seen.database]
      observe(seen, at: now)
      return forgetProblem("databases") || known != seen
    case .cache(let seen):
      return observe(seen)
    case .balancer(let seen):
      defer { balancer = seen }
      return forgetProblem("balancer") || balancer != seen
    case .unavailable(let service, let reason):
      switch service {
      case .containers: containers = nil
      case .databases: databases = SortedMap()
      case .cache: loseCaches()
      case .balancer: balancer = nil
      }
      problems["\(service)"] = "\(service) on \(node): \(reason)"
      return true
    }
  }

  /// Returns whether there was one.
  mutating func forgetProblem(_ service: String) -> Bool {
    defer { problems[service] = nil }
    return problems[service] != nil
  }
}

extension Action {
  /// Whether it need not wait for the action under way: a database's step of a later epoch ends an earlier one.
  fileprivate func supersedes(_ other: Action?) -> Bool {
    guard case .database(let new) = self, case .database(let old)? = other else { return false }
    return new.epoch > old.epoch
  }
}
