import Cluster
import Manager
import Raft

// MARK: Local services

extension World {
  /// How long an action takes in this world.
  private func duration(of action: Action, on index: Int, _ id: Manager.ActionID) -> Duration {
    let machine = machines[index]
    let usual: Duration =
      switch action {
      case .runTask: .milliseconds(400) + machine.containers.extraTime
      case .removeTask: .milliseconds(300) + machine.containers.extraTime
      case .database(let action): duration(of: action.step) + slowness(of: action, on: index)
      case .cache: .milliseconds(2)
      case .balance: .milliseconds(50)
      }
    let jitter = chance.below(UInt64(usual.nanoseconds / 4) + 1, .action, UInt64(index), id)
    return usual + Duration(nanoseconds: Int64(jitter))
  }

  private func duration(of step: DatabaseAction.Step) -> Duration {
    switch step {
    case .initialize, .clone: .milliseconds(1_500)
    case .promote: .milliseconds(70)
    default: .milliseconds(200)
    }
  }

  private func slowness(of action: DatabaseAction, on index: Int) -> Duration {
    machines[index].databases[action.specification.name]?.isSlow == true ? .seconds(3) : .zero
  }

  mutating func begin(_ action: Action, _ id: Manager.ActionID, on index: Int, life: Int) {
    chronicle?.note(now, index, .acts(action))
    schedule(.finished(machine: index, life: life, id, action), after: duration(of: action, on: index, id))
  }

  /// The action takes effect; its manager, if it still lives, learns of it.
  mutating func finish(_ action: Action, _ id: Manager.ActionID, on index: Int, life: Int) {
    // A driver is part of its manager's process: what it had not begun with the service ends with it. Whether it had,
    // the simulation decides for each action.
    let isAlive = isAlive(index, life)
    guard machines[index].isOn,
      isAlive || chance.below(2, .action, UInt64(index), id ^ UInt64(life) << 32) == 0
    else { return }
    checkMinimum(action, on: index)
    let result: ActionResult =
      switch action {
      case .runTask(let launch): inEngine(on: index) { $0.run(launch, on: index) }
      case .removeTask(let task, _, _): inEngine(on: index) { $0.machines[index].containers.remove(task) }
      case .cache(let action): forget(action, on: index, life: life)
      case .balance(let balancing): balance(balancing, on: index)
      case .database(let action): inServer(action, on: index)
      }
    guard isAlive else { return changed(index) }
    chronicle?.note(now, index, .acted(action, result))
    if case .cache = action {} else { observe(index) }
    step(index, .finished(id, result))
    if machines[index].containers.answersTwice { step(index, .finished(id, result)) }
  }

  private mutating func inEngine(on index: Int, _ work: (inout World) -> Void) -> ActionResult {
    let engine = machines[index].containers
    if engine.isDown { return .failed("the engine does not answer") }
    if engine.isFailing { return .failed("the engine refused") }
    work(&self)
    return engine.isHalfDone ? .failed("the connection to the engine broke") : .done
  }

  private mutating func run(_ launch: TaskLaunch, on index: Int) {
    counters[.starts] += 1
    let nature = images[launch.template.image] ?? .well
    guard let started = machines[index].containers.run(launch, as: nature, at: now) else { return }
    schedule(.health(machine: index, launch.task.id, started.health), after: started.healthAfter)
  }

  private mutating func inServer(_ action: DatabaseAction, on index: Int) -> ActionResult {
    let isFrozen = machines[index].databases[action.specification.name]?.isFrozen == true
    if isFrozen, action.step != .stop { return .failed("the server does not answer") }
    return perform(action, on: index)
  }

  private mutating func balance(_ balancing: Balancing, on index: Int) -> ActionResult {
    machines[index].balancing = balancing
    // The load balancer's own check lets a new server take traffic.
    schedule(.notice(machine: index), after: .milliseconds(200))
    return .done
  }

  private mutating func forget(_ action: CacheAction, on index: Int, life: Int) -> ActionResult {
    let cache = machines[index].cache
    guard cache.isReachable else { return .failed("no answer") }
    switch action.step {
    case .purge(_, let through):
      if cache.through >= through { counters[.replays] += 1 }
    case .flush: counters[.flushes] += 1
    }
    if let disorder = machines[index].cache.take(action.step, life: life, isKnown: !cache.isHalfDone) {
      violate(.purgesInOrder, "\(machines[index].name): \(disorder)")
    }
    overtakeFetches(action.step, on: index)
    machines[index].cache.carryOut(action)
    if isAlive(index, life) {
      let previous = machines[index].cache.beginSecondPass(of: action.step, life: life)
      schedule(
        .secondPass(machine: index, life: life, action.step, behind: previous), after: Self.secondPassAfter)
    }
    return cache.isHalfDone ? .failed("the connection broke") : .done
  }

  /// What is being fetched during a purge has come in by then.
  private static let secondPassAfter = Duration.milliseconds(500)

  /// Some of the pages are just being fetched, as they were before the edit: they come in after their purge.
  ///
  /// Not before the managers' reports say how far nothing is left to be done: until then a second pass that is held up
  /// for longer than a cache's place is held back (65 s; here 1 s) is lost with its manager. That is how it was.
  private mutating func overtakeFetches(_ step: CacheAction.Step, on index: Int) {
    guard case .purge(let purges, let through) = step, machines[index].manager?.tellsWhatIsSettled() == true
    else { return }
    for case .address(_, let path) in purges {
      guard let edition = machines[index].cache.version(of: path) else { continue }
      let draw = chance.draw(.lateFetch, UInt64(index) &+ through << 8, Dice.hash(path))
      guard draw % 8 == 0 else { continue }
      schedule(
        .lateFetch(
          machine: index, instance: machines[index].cache.instance, path: path, edition: edition),
        after: .milliseconds(Int(draw >> 8 % 400)))
    }
  }

  /// What a purge has missed is removed. The driver is a part of its manager's process, and ends with it.
  mutating func passAgain(_ step: CacheAction.Step, behind previous: Index, on index: Int, life: Int) {
    guard isAlive(index, life) else { return }
    guard machines[index].cache.isReachable, !machines[index].isPaused else {
      schedule(
        .secondPass(machine: index, life: life, step, behind: previous), after: Self.secondPassAfter)
      return
    }
    machines[index].cache.endSecondPass(of: step, behind: previous)
  }

  // MARK: What the drivers see

  /// Something changed on a machine: its drivers notice soon.
  mutating func changed(_ index: Int) {
    guard !machines[index].isObservationDue else { return }
    machines[index].isObservationDue = true
    machines[index].observations += 1
    let draw = chance.below(20, .observation, UInt64(index), machines[index].observations)
    let latency = Duration.milliseconds(5 + Int(draw))
    schedule(.notice(machine: index), after: latency)
  }

  /// What the machine's drivers tell its manager.
  mutating func observe(_ index: Int) {
    guard machines[index].isOn else { return }
    let databases = machines[index].manager?.databaseNames() ?? []
    for name in databases { resumeStreaming(of: name, standby: index) }
    let node = machines[index].node
    guard node.runsContainers || node.runsDatabases, machines[index].manager != nil else { return }
    if node.runsContainers {
      let engine = machines[index].containers
      tell(
        engine.isDown ? .unavailable(.containers, reason: "no answer") : .containers(engine.running),
        of: "containers", on: index)
    }
    if let cache = node.cache {
      let model = machines[index].cache
      let seen = CacheObservation(
        cache: cache, isReachable: model.isReachable, instance: "\(model.instance)",
        settledThrough: model.settledThrough(life: machines[index].life))
      tell(.cache(seen), of: "cache", on: index)
    }
    if node.runsBalancer {
      tell(.balancer(BalancerObservation(serving: serving(at: index))), of: "balancer", on: index)
    }
    if node.runsDatabases {
      for name in databases { tell(.database(observation(of: name, on: index)), of: name, on: index) }
    }
  }

  private mutating func tell(_ observation: Observation, of service: String, on index: Int) {
    guard machines[index].told.isNews(observation, of: service) else { return }
    step(index, .observed(observation))
  }

  /// The names of the servers that take traffic at a machine's load balancer.
  func serving(at index: Int) -> [String] {
    machines[index].balancing.frontends.flatMap(\.servers).map(\.name).filter(isThereServer)
  }

  /// Whether the container that a load balancer's server stands for runs, on any machine that has power. Such a server
  /// is named after its task (`Balancing.serverName`).
  private func isThereServer(_ name: String) -> Bool {
    machines.indices.contains { index in
      machines[index].isOn
        && machines[index].containers.running.contains {
          $0.condition == .running && name.hasPrefix("\($0.task)_")
        }
    }
  }
}

extension Manager {
  /// In place, as `Manager.live` is.
  fileprivate mutating func databaseNames() -> [String] { state.databases.keys }
  fileprivate mutating func tellsWhatIsSettled() -> Bool {
    state.featureLevel >= .passesOverUnknownFields
  }
}
