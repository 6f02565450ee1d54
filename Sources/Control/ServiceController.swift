import Cluster
import PlantedBugs
import Raft

extension Controllers {
  /// Brings each service's tasks to their number, place, revision and health.
  mutating func decideServices(_ situation: Situation, _ look: inout Look) {
    // One for all services: what one of them takes of a node in this look, the next does not have.
    var scheduler = Scheduler(situation, settings: settings)
    for (name, service) in situation.state.services {
      var plan = ServicePlan(
        name: name, service: service, situation: situation, settings: settings, scheduler: scheduler)
      plan.assess(&timers, &look)
      plan.settlePlaces(&timers, &look)
      plan.adjustCount(&look)
      plan.advanceRollout(&timers, &look)
      plan.rebalance(&timers, &look)
      for intent in plan.intents { look.propose(intent) }
      scheduler = plan.scheduler
    }
  }
}

/// What one look decides for one service.
struct ServicePlan {
  let name: ServiceName
  let service: ServiceState
  let situation: Situation
  let settings: ControlSettings
  var places: [Place]
  var scheduler: Scheduler
  /// Of each of its tasks.
  var contributions = SortedMap<TaskID, Contribution>()
  private(set) var remove: [TaskID] = []
  private(set) var add: [Assignment] = []
  private(set) var events: [RolloutEvent] = []
  /// Tasks of the new revision that failed in this look.
  var newFailures = 0
  var lastFailure = ""

  init(
    name: ServiceName, service: ServiceState, situation: Situation, settings: ControlSettings,
    scheduler: Scheduler
  ) {
    self.name = name
    self.service = service
    self.situation = situation
    self.settings = settings
    places = situation.places(of: name, service)
    self.scheduler = scheduler
  }

  /// The policy by which tasks are replaced at present.
  var policy: UpdatePolicy { service.replacement }

  /// All that is decided, to be proposed together.
  var intents: [Intent] {
    var intents = events.map { Intent.rollout(name, revision: service.revision, $0) }
    if !remove.isEmpty || !add.isEmpty { intents.append(.assign(remove: remove, add: add)) }
    return intents
  }

  /// Whether this look leaves the service's tasks as they are.
  var isQuiet: Bool { remove.isEmpty && add.isEmpty && events.isEmpty }

  mutating func drop(_ task: Task) {
    remove.append(task.id)
    scheduler.release(task)
  }

  /// Places one more task in a slot; says whether there is room.
  mutating func start(
    slot: Int, on fixed: String?, revision: UInt64, attempt: Int = 0, _ look: inout Look
  ) -> Bool {
    if let fixed {
      scheduler.count(name, on: fixed)
      add.append(Assignment(service: name, slot: slot, node: fixed, revision: revision, attempt: attempt))
      return true
    }
    switch scheduler.place(name, service) {
    case .success(let node):
      add.append(Assignment(service: name, slot: slot, node: node, revision: revision, attempt: attempt))
      return true
    case .failure(let unplaceable):
      look.note(unplaceable.description)
      return false
    }
  }

  mutating func report(_ event: RolloutEvent) { events.append(event) }

  /// Leaves the tasks as they are: what was decided about them is void.
  mutating func discardAssignments() {
    remove = []
    add = []
  }
}

// MARK: Places: failed, lost, leaving, taken over

extension ServicePlan {
  mutating func settlePlaces(_ timers: inout Timers, _ look: inout Look) {
    for place in places {
      guard let newest = place.tasks.last else { continue }
      if case .good = newest.standing { _ = timers.duration(of: "well \(newest.task.id)") }
      if place.tasks.count > 1 {
        settleTakeover(place, newest, &timers, &look)
      } else {
        settle(newest.task, newest.standing, in: place, &timers, &look)
      }
    }
  }

  /// The newest task takes over from the older ones once it serves.
  private mutating func settleTakeover(
    _ place: Place, _ newest: (task: Task, standing: Standing), _ timers: inout Timers, _ look: inout Look
  ) {
    let older = place.tasks.dropLast()
    // While a rollout is paused the old revision keeps its places: what moves one of them takes over as well.
    let moves =
      newest.standing == .outdated && service.rollout?.isMoving != true
      && !older.contains(where: \.standing.isGood)
    let serves = newest.standing.isServing || (moves && contribution(of: newest.task) == .serves)
    switch newest.standing {
    case _ where serves || planted(.stoppedBeforeServing):
      for old in older { drop(old.task) }
    case .good,
      .outdated where moves:
      for old in older where old.standing.isFailed { drop(old.task) }
    case .failed(let message):
      if newest.task.revision != service.revision, older.contains(where: \.standing.holds) {
        // It failed as what is no longer wanted: the place stays with the older one.
        drop(newest.task)
      } else {
        for old in older where old.standing.isFailed { drop(old.task) }
        replaceFailed(newest.task, message, in: place, &timers, &look)
      }
    case .lost, .leaving, .outdated, .finished:
      giveBack(place, newest.task, to: older, &look)
    }
  }

  /// What was to take over is itself no longer wanted: the place goes back to an older one, unless that one serves
  /// nobody and what was to take over does.
  private mutating func giveBack(
    _ place: Place, _ newest: Task, to older: ArraySlice<(task: Task, standing: Standing)>, _ look: inout Look
  ) {
    let holders = older.filter(\.standing.holds)
    if holders.contains(where: { contribution(of: $0.task) == .serves }) { return drop(newest) }
    switch contribution(of: newest) {
    case .serves:
      for old in older where !old.standing.isGood { drop(old.task) }
    case .unknown:
      break
    case .outOfSight, .starting, .nothing:
      if !holders.isEmpty || start(slot: place.slot, on: place.node, revision: service.revision, &look) {
        drop(newest)
      }
    }
  }

  private mutating func settle(
    _ task: Task, _ standing: Standing, in place: Place, _ timers: inout Timers, _ look: inout Look
  ) {
    switch standing {
    case .good, .finished, .outdated:
      break
    case .failed(let message):
      replaceFailed(task, message, in: place, &timers, &look)
    case .lost:
      // A global task waits for its node, to be made anew there if it is of an old revision by then; any other goes
      // elsewhere, if there is an elsewhere.
      guard place.node == nil else {
        if task.revision != service.revision { drop(task) }
        return
      }
      // It may only be out of sight: should its node be back before the other one serves, it goes on until then.
      scheduler.release(task)
      _ = start(slot: task.slot, on: nil, revision: revision(inPlaceOf: task), &look)
    case .leaving:
      if place.node != nil {
        drop(task)
      } else {
        scheduler.release(task)
        let revision = service.rollout?.isMoving == true ? service.revision : revision(inPlaceOf: task)
        _ = start(slot: task.slot, on: nil, revision: revision, &look)
      }
    }
  }

  private mutating func replaceFailed(
    _ task: Task, _ message: String, in place: Place, _ timers: inout Timers, _ look: inout Look
  ) {
    if let node = place.node, !takes(node) {
      // A global task's place is gone with its node's fitness.
      drop(task)
      return
    }
    // How long it was well before it failed: both are asked at every look, so that neither is forgotten.
    let well = timers.duration(of: "well \(task.id)")
    let failing = timers.duration(of: "failed \(task.id)")
    guard mayRestart(task, &timers, &look) else { return }
    let window = service.specification.restart.window
    let ranWell = window > .zero && Duration(nanoseconds: well.nanoseconds - failing.nanoseconds) >= window
    let attempt = ranWell ? 0 : task.attempt + 1
    let limit = service.specification.restart.maximumAttempts
    guard limit == 0 || attempt <= limit else {
      look.note("\(name) slot \(task.slot) failed \(attempt) times and is given up: \(message)")
      return
    }
    scheduler.release(task)
    let revision = revision(inPlaceOf: task)
    if start(slot: task.slot, on: place.node, revision: revision, attempt: attempt, &look) {
      remove.append(task.id)
      countFailure(of: task, message)
    }
  }

  /// A crash or a loss of the old revision while the new one is rolled out, or was found bad, is no reason to hurry
  /// the new one.
  private func revision(inPlaceOf task: Task) -> UInt64 {
    switch service.rollout?.phase {
    case .updating?, .paused?: service.template(of: task.revision) == nil ? service.revision : task.revision
    case .completed?, .rollingBack?, .rolledBack?, nil: service.revision
    }
  }

  private func takes(_ node: String) -> Bool {
    guard let node = situation.state.nodes[node] else { return false }
    return node.takesTasks && node.satisfies(service.specification.placement.constraints)
  }

  /// The first replacement is immediate, further ones wait for the policy's delay.
  private func mayRestart(_ task: Task, _ timers: inout Timers, _ look: inout Look) -> Bool {
    let delay = task.attempt == 0 ? Duration.zero : service.specification.restart.delay
    return timers.hasHeld("failed \(task.id)", for: delay, &look)
  }

  /// Counted when it is replaced, so that each failure counts once.
  private mutating func countFailure(of task: Task, _ message: String) {
    guard task.revision == service.revision, service.rollout?.isMoving == true else { return }
    newFailures += 1
    lastFailure = message
  }
}

// MARK: Number

extension ServicePlan {
  mutating func adjustCount(_ look: inout Look) {
    switch service.specification.mode {
    case .replicated(let wanted):
      removeSurplus(beyond: wanted)
      if places.count < wanted { addMissing(wanted - places.count, &look) }
    case .global:
      for (index, place) in places.enumerated()
      where places[..<index].contains(where: { $0.node == place.node }) {
        for entry in place.tasks where !remove.contains(entry.task.id) { drop(entry.task) }
      }
      for node in situation.state.nodes.values
      where node.takesTasks && node.satisfies(service.specification.placement.constraints)
        && !places.contains(where: { $0.node == node.name })
      {
        _ = start(slot: 1, on: node.name, revision: service.revision, &look)
      }
    }
  }

  /// Takes away what contributes least, then what would have to move, then from the zone with the most, then what is
  /// of an old revision, then the highest slot. What serves, or may by the time that this is committed, goes only
  /// when enough of the others serve.
  private mutating func removeSurplus(beyond wanted: Int) {
    while places.count > wanted {
      guard let least = places.indices.max(by: { surplusRank(places[$0]) < surplusRank(places[$1]) }) else {
        return
      }
      let place = places.remove(at: least)
      let othersServe = places.count { contribution(of: $0) == .serves } >= wanted
      guard contribution(of: place) == .nothing || othersServe else {
        places.insert(place, at: least)
        return
      }
      // What was decided for its tasks before is void.
      add.removeAll { $0.slot == place.slot }
      for entry in place.tasks where !remove.contains(entry.task.id) { drop(entry.task) }
    }
  }

  /// The higher, the sooner a place goes.
  private func surplusRank(_ place: Place) -> (Int, Int, Int, Int, Int) {
    func zone(_ place: Place) -> String? {
      place.tasks.last.flatMap { situation.state.nodes[$0.task.node]?.zone }
    }
    let newest = place.tasks.last
    return (
      -contribution(of: place).rawValue, newest?.standing == .leaving ? 1 : 0,
      places.count { zone($0) == zone(place) }, newest?.task.revision == service.revision ? 0 : 1, place.slot
    )
  }

  private static let startsAtOnce = 50

  private mutating func addMissing(_ missing: Int, _ look: inout Look) {
    var slot = 0
    // A look takes a moment, also for a service of hundreds.
    for _ in 0..<min(missing, Self.startsAtOnce) {
      repeat { slot += 1 } while places.contains { $0.slot == slot }
      if policy.order == .stopFirst, situation.hasLeftover(of: name, slot: slot) { continue }
      guard start(slot: slot, on: nil, revision: service.revision, &look) else { return }
    }
  }
}

// MARK: Rebalance

extension ServicePlan {
  /// Moves one task at a time, start-first, to a zone that has two fewer, once its node has been well for a while.
  mutating func rebalance(_ timers: inout Timers, _ look: inout Look) {
    guard isQuiet, service.specification.mode != .global, service.rollout?.isMoving != true,
      places.allSatisfy({ $0.tasks.count == 1 && isSettled($0.tasks[0]) })
    else { return }
    func zone(of node: String) -> String? { situation.state.nodes[node]?.zone }
    let counts = places.map { place in
      places.count { zone(of: $0.tasks[0].task.node) == zone(of: place.tasks[0].task.node) }
    }
    guard
      let fullest = places.indices.max(by: { (counts[$0], places[$0].slot) < (counts[$1], places[$1].slot) })
    else { return }
    let task = places[fullest].tasks[0].task
    var trial = scheduler
    trial.release(task)
    guard case .success(let node) = trial.place(name, service), zone(of: node) != zone(of: task.node) else {
      return
    }
    let there = places.count { zone(of: $0.tasks[0].task.node) == zone(of: node) }
    guard counts[fullest] - there >= 2 else { return }
    guard timers.hasHeld(Controllers.takingTasks(node), for: settings.rebalanceAfter, &look) else { return }
    add.append(
      Assignment(service: name, slot: task.slot, node: node, revision: revision(inPlaceOf: task)))
  }

  /// Whether a task serves where it may stay, for all that is known. While a rollout is paused an old revision may.
  private func isSettled(_ entry: (task: Task, standing: Standing)) -> Bool {
    entry.standing == .good(serving: true)
      || (entry.standing == .outdated && contribution(of: entry.task) == .serves)
  }
}
