import Cluster
import Manager
import PlantedBugs
import Raft

// MARK: Postgres

extension World {
  func observation(of database: String, on index: Int) -> DatabaseObservation {
    let model = machines[index].databases[database] ?? DatabaseModel()
    let data: DatabaseObservation.Data =
      model.identifier.map {
        .present(
          systemIdentifier: $0, timeline: model.timeline, standby: model.isMarkedStandby,
          shutdown: model.shutdown)
      } ?? .absent
    let server: DatabaseObservation.Server =
      switch model.server {
      case .stopped: .stopped
      case _ where model.isFrozen: .busy
      case .primary:
        .primary(
          position: model.wal.position, synchronousStandby: model.synchronousStandby,
          standbys: standbys(of: database, primary: index))
      case .standby:
        .standby(
          received: model.wal.position, replayed: model.wal.position,
          streaming: seemsToStream(database, standby: index), name: model.standbyName,
          upstream: model.upstream)
      }
    return DatabaseObservation(database: database, data: data, server: server, epoch: model.epoch)
  }

  /// After so long without a word a server takes its connection for broken (`wal_sender_timeout`).
  private static let replicationTimeout = Duration.seconds(1)

  /// The machine from whose server a standby receives; nil if it cannot.
  private func source(of database: String, standby index: Int) -> Int? {
    guard let model = machines[index].databases[database], model.server == .standby, !model.isFrozen,
      let source = machines.firstIndex(where: { $0.configuration.node.address == model.upstream }),
      let primary = machines[source].databases[database], primary.isServing,
      primary.identifier == model.identifier, primary.wal.begins(with: model.wal.mark),
      network.silence(source, index, at: now) < Self.replicationTimeout
    else { return nil }
    return source
  }

  /// A standby whose log has a tail that its primary's has not connects and is sent away, again and again.
  private func seemsToStream(_ database: String, standby index: Int) -> Bool {
    guard source(of: database, standby: index) == nil else { return true }
    guard let model = machines[index].databases[database],
      let source = machines.firstIndex(where: { $0.configuration.node.address == model.upstream }),
      machines[source].databases[database]?.isServing == true, network.connects(source, index)
    else { return false }
    return chance.below(2, .observation, UInt64(index), UInt64(now.nanoseconds)) == 0
  }

  private func standbys(of database: String, primary: Int) -> [DatabaseObservation.Standby] {
    let wanted = machines[primary].databases[database]?.synchronousStandby
    return machines.indices.compactMap { index in
      guard index != primary, source(of: database, standby: index) == primary,
        let model = machines[index].databases[database]
      else { return nil }
      return DatabaseObservation.Standby(
        name: model.standbyName, isStreaming: true, isSynchronous: model.standbyName == wanted,
        flushed: model.wal.position)
    }
  }

  // MARK: Steps

  mutating func perform(_ action: DatabaseAction, on index: Int) -> ActionResult {
    let name = action.specification.name
    var model = machines[index].databases[name] ?? DatabaseModel()
    guard action.epoch >= model.epoch || planted(.epochNotFenced) else {
      return .failed("epoch \(action.epoch) is below \(model.epoch)")
    }
    if action.epoch < fences[name, default: [:]][index, default: 0] {
      violate(.fencesRise, "an old step was carried out")
    }
    fences[name, default: [:]][index] = action.epoch
    model.epoch = action.epoch
    defer { machines[index].databases[name] = model }
    switch action.step {
    case .initialize:
      model.identifier = chance.draw(.action, UInt64(index), UInt64(now.nanoseconds)) | 1
      model.server = .primary
    case .startPrimary(let standby):
      model.synchronousStandby = standby
      model.server = .primary
      model.isMarkedStandby = false
      model.shutdown = nil
    case .clone(let upstream):
      guard let source = source(at: upstream.address, of: name, seenFrom: index) else {
        return .failed("the primary does not answer")
      }
      counters[.clones] += 1
      model.identifier = source.identifier
      model.timeline = source.timeline
      model.wal = source.wal
      model.server = .stopped
      model.isMarkedStandby = true
      model.shutdown = nil
      model.waiting = []
    case .follow(let upstream):
      model.server = .standby
      model.isMarkedStandby = true
      model.standbyName = upstream.standbyName
      model.upstream = upstream.address
      model.shutdown = nil
      model.synchronousStandby = nil
      model.waiting = []
    case .admit:
      break
    case .configure:
      guard model.server != .stopped else { return .failed("the server does not run") }
      model.configuration = action.specification
    case .synchronize(let standby):
      model.synchronousStandby = standby
      machines[index].databases[name] = model
      if standby == nil { acknowledgeAll(of: name, at: index) }
      model = machines[index].databases[name] ?? model
    case .stop:
      if model.server == .primary {
        // The shutdown checkpoint is a record of its own, and standbys get it before the server ends.
        model.wal.append(chance.draw(.action, UInt64(index), UInt64(now.nanoseconds)))
        model.shutdown = model.wal.position
        machines[index].databases[name] = model
        for standby in machines.indices where source(of: name, standby: standby) == index {
          guard network.connects(index, standby) else { continue }
          machines[standby].databases[name]?.wal.follow(model.wal, upTo: model.wal.count)
        }
      }
      model.server = .stopped
      model.isFrozen = false
      model.waiting = []
    case .promote:
      promote(&model, name, on: index)
    }
    return .done
  }

  private mutating func promote(_ model: inout DatabaseModel, _ name: String, on index: Int) {
    guard model.server != .primary else { return }
    let wasHandedOver = machines.contains { $0.databases[name]?.shutdown == model.wal.position }
    counters[wasHandedOver ? .switchovers : .failovers] += 1
    if let acknowledged = acknowledgedRows[name], !model.wal.begins(with: acknowledged) {
      violate(
        .noLostRow, "\(machines[index].name) was promoted without rows of \(name) that were acknowledged")
    }
    model.timeline += 1
    if promotions[name, default: 0] >= model.timeline {
      violate(.promoteOnce, "two servers of \(name) were promoted to timeline \(model.timeline)")
    }
    promotions[name] = model.timeline
    model.server = .primary
    model.isMarkedStandby = false
    model.synchronousStandby = nil
    model.upstream = ""
    // The end-of-recovery record: from here on the logs differ.
    model.wal.append(Chance.mix(model.timeline ^ UInt64(index) << 32))
  }

  private func source(at address: String, of database: String, seenFrom index: Int) -> DatabaseModel? {
    guard let source = machines.firstIndex(where: { $0.configuration.node.address == address }),
      network.connects(source, index), let model = machines[source].databases[database], model.isServing
    else { return nil }
    return model
  }

  // MARK: Rows

  /// A client's insert at a machine's server. When it is acknowledged the row stands in `acknowledged(row:)`. Returns
  /// false if the server takes no writes.
  @discardableResult
  public mutating func insert(_ row: UInt64, into database: String, at index: Int) -> Bool {
    guard machines[index].databases[database]?.isServing == true else { return false }
    machines[index].databases[database]?.wal.append(row)
    guard let model = machines[index].databases[database] else { return false }
    if model.synchronousStandby == nil {
      acknowledge([DatabaseModel.Commit(row: row, count: model.wal.count)], of: database, at: index)
    } else {
      machines[index].databases[database]?.waiting.append(.init(row: row, count: model.wal.count))
    }
    sendLog(of: database, from: index)
    return true
  }

  /// Sends what is new in a primary's log to its standbys.
  mutating func sendLog(of database: String, from index: Int) {
    guard let count = machines[index].databases[database]?.wal.count else { return }
    for standby in machines.indices where standby != index && source(of: database, standby: standby) == index
    {
      guard network.connects(index, standby) else { continue }
      schedule(
        .walArrives(database, from: index, to: standby, count), after: network.delay(from: index, to: standby)
      )
    }
  }

  mutating func walArrives(_ database: String, from index: Int, to standby: Int, _ count: Int) {
    guard source(of: database, standby: standby) == index, network.connects(index, standby),
      let primary = machines[index].databases[database]
    else { return }
    machines[standby].databases[database]?.wal.follow(primary.wal, upTo: count)
    machines[standby].databases[database]?.timeline = primary.timeline
    schedule(
      .walFlushed(database, from: standby, to: index, count), after: network.delay(from: standby, to: index))
  }

  mutating func walFlushed(_ database: String, from standby: Int, to index: Int, _ count: Int) {
    guard source(of: database, standby: standby) == index, network.connects(index, standby),
      let primary = machines[index].databases[database],
      primary.synchronousStandby == machines[standby].databases[database]?.standbyName
    else { return }
    let done = primary.waiting.prefix { $0.count <= count }
    guard !done.isEmpty else { return }
    machines[index].databases[database]?.waiting.removeFirst(done.count)
    acknowledge(Array(done), of: database, at: index)
  }

  /// Nobody is waited for any more (`synchronous_standby_names = ''`).
  private mutating func acknowledgeAll(of database: String, at index: Int) {
    guard let waiting = machines[index].databases[database]?.waiting else { return }
    machines[index].databases[database]?.waiting = []
    acknowledge(waiting, of: database, at: index)
  }

  private mutating func acknowledge(_ commits: [DatabaseModel.Commit], of database: String, at index: Int) {
    guard let last = commits.last, let wal = machines[index].databases[database]?.wal else { return }
    if let acknowledged = acknowledgedRows[database], !wal.begins(with: acknowledged) {
      violate(
        .oneWriter,
        "\(machines[index].name) acknowledged a row of \(database) though another server had acknowledged rows it lacks"
      )
    }
    acknowledgedRows[database] = wal.mark(at: last.count)
    counters[.rows] += UInt64(commits.count)
    lastAcknowledgedRow = last.row
  }

  /// What was committed and not sent, because there was no connection, is sent when there is one again.
  mutating func resumeStreaming(of database: String, standby: Int) {
    guard let index = source(of: database, standby: standby), network.connects(index, standby),
      let primary = machines[index].databases[database], let model = machines[standby].databases[database]
    else { return }
    if model.wal.count < primary.wal.count {
      schedule(
        .walArrives(database, from: index, to: standby, primary.wal.count),
        after: network.delay(from: index, to: standby))
    } else if !primary.waiting.isEmpty {
      schedule(
        .walFlushed(database, from: standby, to: index, model.wal.count),
        after: network.delay(from: standby, to: index))
    }
  }
}
