import Cluster
import Manager
import Raft

// MARK: Local services

extension World {
  /// How long an action takes in this world.
  private func duration(of action: Action) -> Duration {
    switch action {
    case .runTask: .milliseconds(400)
    case .removeTask: .milliseconds(300)
    case .database(let action):
      switch action.step {
      case .initialize, .clone: .milliseconds(1_500)
      case .promote: .milliseconds(70)
      default: .milliseconds(200)
      }
    case .cache: .milliseconds(2)
    case .balance: .milliseconds(50)
    }
  }

  mutating func begin(_ action: Action, _ id: Manager.ActionID, on index: Int, life: Int) {
    schedule(.finished(machine: index, life: life, id, action), after: duration(of: action))
  }

  /// The action takes effect; its manager, if it still lives, learns of it.
  mutating func finish(_ action: Action, _ id: Manager.ActionID, on index: Int, life: Int) {
    var result = ActionResult.done
    switch action {
    case .runTask(let launch): machines[index].containers.run(launch, at: now)
    case .removeTask(let task, _, _): machines[index].containers.running.removeAll { $0.task == task }
    case .cache(let action): result = forget(action, on: index)
    case .balance(let balancing): machines[index].balancing = balancing
    case .database(let action): result = perform(action, on: index)
    }
    guard machines[index].isAlive(life) else { return }
    observe(index)
    step(index, .finished(id, result))
  }

  private mutating func forget(_ action: CacheAction, on index: Int) -> ActionResult {
    guard machines[index].cache.isReachable else { return .failed("no answer") }
    switch action {
    case .purge(let purges, _): machines[index].cache.purged += purges
    case .flush: machines[index].cache.flushes += 1
    }
    return .done
  }

  /// What the machine's drivers tell its manager.
  mutating func observe(_ index: Int) {
    let machine = machines[index]
    let node = machine.configuration.node
    if node.runsContainers { step(index, .observed(.containers(machine.containers.running))) }
    if let cache = node.cache {
      step(index, .observed(.cache(CacheObservation(cache: cache, isReachable: machine.cache.isReachable))))
    }
    if node.runsBalancer {
      let up = machine.balancing.frontends.flatMap(\.servers).map(\.name)
      step(index, .observed(.balancer(BalancerObservation(serving: up))))
    }
    if node.runsDatabases, let state = machine.manager?.state {
      for database in state.databases.values.map(\.specification.name) {
        step(index, .observed(.database(observation(of: database, on: index))))
      }
    }
  }

  // MARK: Postgres

  private func observation(of database: String, on index: Int) -> DatabaseObservation {
    let model = machines[index].databases[database] ?? DatabaseModel()
    let data: DatabaseObservation.Data =
      model.identifier.map {
        .present(
          systemIdentifier: $0, timeline: model.timeline, standby: model.server == .standby,
          shutdown: model.shutdown)
      } ?? .absent
    let server: DatabaseObservation.Server =
      switch model.server {
      case .stopped: .stopped
      case .primary:
        .primary(
          position: model.position, synchronousStandby: model.synchronousStandby,
          standbys: standbys(of: database, primary: index))
      case .standby:
        .standby(
          received: model.position, replayed: model.position, streaming: model.streaming || model.isSentAway,
          name: model.standbyName, upstream: model.upstream)
      }
    return DatabaseObservation(database: database, data: data, server: server, epoch: model.epoch)
  }

  private func standbys(of database: String, primary: Int) -> [DatabaseObservation.Standby] {
    let wanted = machines[primary].databases[database]?.synchronousStandby
    return machines.indices.compactMap { index in
      guard let model = machines[index].databases[database], model.server == .standby, model.streaming,
        model.upstream == machines[primary].configuration.node.address
      else { return nil }
      return DatabaseObservation.Standby(
        name: model.standbyName, isStreaming: true, isSynchronous: model.standbyName == wanted,
        flushed: model.position)
    }
  }

  private mutating func perform(_ action: DatabaseAction, on index: Int) -> ActionResult {
    let name = action.specification.name
    var model = machines[index].databases[name] ?? DatabaseModel()
    guard action.epoch >= model.epoch else { return .failed("epoch \(action.epoch) is below \(model.epoch)") }
    model.epoch = action.epoch
    switch action.step {
    case .initialize:
      model.identifier = random.next() | 1
      model.server = .primary
    case .startPrimary(let standby):
      model.synchronousStandby = standby
      model.server = .primary
      model.shutdown = nil
    case .clone(let upstream):
      guard let source = self.primary(of: name, at: upstream.address, seenFrom: index) else {
        return .failed("the primary does not answer")
      }
      model.identifier = source.identifier
      model.timeline = source.timeline
      model.log = source.log
      model.server = .stopped
      model.shutdown = nil
    case .follow(let upstream):
      model.server = .standby
      model.standbyName = upstream.standbyName
      model.upstream = upstream.address
      model.shutdown = nil
      model.synchronousStandby = nil
    case .admit: break
    case .synchronize(let standby): model.synchronousStandby = standby
    case .stop:
      if model.server == .primary {
        // The shutdown checkpoint is a record of its own, and standbys get it before the server ends.
        model.log.append("shutdown checkpoint")
        model.shutdown = model.position
        machines[index].databases[name] = model
        replicateDatabases()
      }
      model.server = .stopped
      model.streaming = false
    case .promote:
      model.server = .primary
      model.timeline += 1
      model.synchronousStandby = nil
      model.upstream = ""
      model.streaming = false
    }
    machines[index].databases[name] = model
    return .done
  }

  private func primary(of database: String, at address: String, seenFrom index: Int) -> DatabaseModel? {
    guard let source = machines.firstIndex(where: { $0.configuration.node.address == address }),
      connects(source, index), let model = machines[source].databases[database], model.server == .primary
    else { return nil }
    return model
  }

  /// Streams WAL to every standby that reaches its primary. One whose log is no prefix cannot follow: it connects
  /// again and again and is sent away each time, as a real one does.
  mutating func replicateDatabases() {
    for index in machines.indices {
      for (name, model) in machines[index].databases.sorted(by: { $0.key < $1.key })
      where model.server == .standby {
        var follower = model
        follower.streaming = false
        defer { machines[index].databases[name] = follower }
        if let source = primary(of: name, at: model.upstream, seenFrom: index) {
          if source.log.starts(with: model.log) {
            follower.streaming = true
            follower.log = source.log
            follower.timeline = source.timeline
            follower.isSentAway = false
          } else {
            // The primary's side never counts it as streaming: it asks for an earlier timeline.
            follower.isSentAway.toggle()
          }
        }
      }
    }
  }

  /// A client's insert at a machine's server; nil when it is no primary, otherwise whether the commit was
  /// acknowledged (it waits for the synchronous standby and is given up if there is none).
  public mutating func insert(_ row: String, into database: String, at index: Int) -> Bool? {
    guard var model = machines[index].databases[database], model.server == .primary else { return nil }
    model.log.append(row)
    machines[index].databases[database] = model
    guard let standby = model.synchronousStandby else { return true }
    replicateDatabases()
    return machines.contains { machine in
      machine.databases[database].map {
        $0.server == .standby && $0.streaming && $0.standbyName == standby && $0.log == model.log
      }
        ?? false
    }
  }
}
