import Cluster
import PlantedBugs
import Raft

/// What this process knows of a database beyond what can be observed.
struct DatabaseMemory: Hashable, Sendable {
  /// The epoch this memory belongs to; a new one begins anew.
  var epoch: UInt64 = 0
  /// The standby for which the primary made a slot.
  var admitted: String?
  /// The standby that commits wait for, once that is certain, and the position the primary had then: what was
  /// committed before did not wait.
  var synchronized: String?
  /// The standby that commits were last made to wait for. The majority may count on it already, so that the server
  /// must not be started again without it while the log says `syncing`.
  var committedTo: String?
  var barrier: LSN?
  /// Since when this node's server should follow in this epoch.
  var followingSince = Instant.never
  /// When it was last seen without a connection to its primary. One that cannot follow, because its log has a
  /// tail that the primary has not, connects and is sent away again many times a second.
  var lastApart = Instant.origin
  /// Following with the data there is did not work: a new copy is needed.
  var needsCopy = false
  /// What the running server was last brought to, and as what: a new primary is looked at anew.
  var configured: Configured?

  struct Configured: Hashable, Sendable {
    var specification: DatabaseSpecification
    var isPrimary: Bool
  }
}

// MARK: Databases

extension Reconciler {
  /// How long a standby may take to find its primary before its data counts as useless.
  private static let followWithin = Duration.seconds(10)
  /// A standby that has kept its connection for so long follows.
  private static let togetherAfter = Duration.seconds(2)
  private static let nearlyThereBytes: UInt64 = 16 << 20

  mutating func reconcile(
    _ database: Database, _ state: State, at now: Instant, _ wanted: inout [Action]
  ) {
    let name = database.specification.name
    guard let seen = databases[name], seen.server != .busy,
      state.nodes[node]?.description.runsDatabases == true
    else { return }
    var memory = databaseMemories[name] ?? DatabaseMemory()
    if memory.epoch != database.epoch {
      memory.admitted = nil
      memory.needsCopy = false
      memory.followingSince = .never
      memory.epoch = database.epoch
      attempts.forgetFailures(of: .database(name))
    }
    let step =
      next(for: database, seen, &memory, state, at: now) ?? configuring(database, seen, memory, state)
    databaseMemories[name] = memory
    guard let step else { return attempts.forgetFailures(of: .database(name)) }
    let members = database.members.compactMap { member in
      state.nodes[member].map { DatabaseAction.Member(node: member, address: $0.description.address) }
    }
    let action = DatabaseAction(
      specification: database.specification, epoch: database.epoch,
      systemIdentifier: database.systemIdentifier, step: step, members: members)
    wanted.append(.database(action))
  }

  private mutating func next(
    for database: Database, _ seen: DatabaseObservation, _ memory: inout DatabaseMemory, _ state: State,
    at now: Instant
  ) -> DatabaseAction.Step? {
    if planted(.drainStopsPrimary), state.nodes[node]?.availability == .drained, seen.server != .stopped {
      return .stop
    }
    switch database.mode {
    case .waiting:
      return nil
    case .initializing(node):
      return whileInitializing(database, seen)
    case .solo(node):
      return asPrimary(seen, synchronousTo: nil, &memory)
    case .syncing(node, let secondary):
      let standby = Database.standbyName(node: secondary, epoch: database.incarnation)
      return whileSyncing(seen, standby, &memory)
    case .sync(node, let secondary):
      let standby = Database.standbyName(node: secondary, epoch: database.incarnation)
      if planted(.relaxedBeforeCommitted), !seen.isFollowed(by: standby) {
        return asPrimary(seen, synchronousTo: nil, &memory)
      }
      return asPrimary(seen, synchronousTo: standby, &memory)
    case .syncing(let primary, node):
      return asSecondary(of: primary, database, seen, mayCopy: true, &memory, state, at: now)
    case .sync(let primary, node), .switching(let primary, node), .stopped(let primary, node, _):
      return asSecondary(of: primary, database, seen, mayCopy: false, &memory, state, at: now)
    case .promoting(node, _):
      if case .primary = seen.server { return nil }
      return .promote
    case .switching, .stopped, .promoting:
      return seen.server == .stopped || planted(.oldPrimaryGoesOn) ? nil : .stop
    case .initializing, .solo, .syncing, .sync:
      // No part in it: a server that still takes writes is an old primary. A standby may go on: it has the
      // data when it is asked for again.
      if case .primary = seen.server, !planted(.oldPrimaryGoesOn) { return .stop }
      return nil
    }
  }

  /// When nothing else is to be done: the specification may have changed since the server was last told.
  private func configuring(
    _ database: Database, _ seen: DatabaseObservation, _ memory: DatabaseMemory, _ state: State
  ) -> DatabaseAction.Step? {
    let isPrimary = database.primary == node
    guard memory.configured != .init(specification: database.specification, isPrimary: isPrimary) else {
      return nil
    }
    switch (database.mode, seen.server) {
    case (_, .primary) where isPrimary:
      return .configure(following: nil)
    case (.syncing(let primary, node), .standby), (.sync(let primary, node), .standby):
      return upstream(primary, database, state).map { .configure(following: $0) }
    default:
      return nil
    }
  }

  private func upstream(
    _ primary: String, _ database: Database, _ state: State
  ) -> DatabaseAction.Upstream? {
    state.nodes[primary].map {
      DatabaseAction.Upstream(
        address: $0.description.address, port: database.specification.port,
        standbyName: Database.standbyName(node: node, epoch: database.incarnation))
    }
  }

  private func whileInitializing(_ database: Database, _ seen: DatabaseObservation) -> DatabaseAction.Step? {
    switch (seen.data, seen.server) {
    case (_, .primary), (_, .standby), (_, .busy): nil
    case (.absent, .stopped): .initialize
    // Made by an attempt under this very epoch whose end nobody saw. Anything else is somebody's data.
    case (.present, .stopped) where seen.epoch == database.epoch: .startPrimary(synchronousStandby: nil)
    case (.present, .stopped): nil
    }
  }

  private func asPrimary(
    _ seen: DatabaseObservation, synchronousTo standby: String?, _ memory: inout DatabaseMemory
  ) -> DatabaseAction.Step? {
    switch seen.server {
    case .stopped:
      return seen.data == .absent ? nil : .startPrimary(synchronousStandby: standby)
    case .primary(_, let synchronous, _):
      if synchronous == standby, standby == nil || memory.synchronized == standby { return nil }
      return .synchronize(standby: standby)
    case .busy:
      return nil
    // Its promotion was recorded and then undone by a restart in the middle of it.
    case .standby:
      return .promote
    }
  }

  private func whileSyncing(
    _ seen: DatabaseObservation, _ standby: String, _ memory: inout DatabaseMemory
  ) -> DatabaseAction.Step? {
    guard case .primary(let position, let synchronous, let standbys) = seen.server else {
      return asPrimary(seen, synchronousTo: memory.committedTo == standby ? standby : nil, &memory)
    }
    if memory.admitted != standby { return .admit(standby: standby) }
    if synchronous == standby, memory.synchronized == standby { return nil }
    guard let follower = standbys.first(where: { $0.name == standby && $0.isStreaming }) else { return nil }
    // Commits wait from here on: not before the standby is nearly there.
    let missing = position.rawValue - min(position.rawValue, follower.flushed.rawValue)
    guard missing < Self.nearlyThereBytes else { return nil }
    return .synchronize(standby: standby)
  }

  private func asSecondary(
    of primary: String, _ database: Database, _ seen: DatabaseObservation, mayCopy: Bool,
    _ memory: inout DatabaseMemory, _ state: State, at now: Instant
  ) -> DatabaseAction.Step? {
    guard let upstream = upstream(primary, database, state) else { return nil }
    if case .primary = seen.server { return .stop }
    guard mayCopy else { return follow(upstream, seen) }
    if case .present(let identifier, _, _, _) = seen.data, identifier == database.systemIdentifier,
      !memory.needsCopy
    {
      if isStalled(seen, &memory, at: now) { memory.needsCopy = true } else { return follow(upstream, seen) }
    }
    return seen.server == .stopped ? .clone(from: upstream) : .stop
  }

  private func follow(
    _ upstream: DatabaseAction.Upstream, _ seen: DatabaseObservation
  ) -> DatabaseAction.Step? {
    if case .standby(_, _, _, let name, let host) = seen.server, name == upstream.standbyName,
      host == upstream.address
    {
      return nil
    }
    return seen.data == .absent ? nil : .follow(upstream)
  }

  private func isStalled(
    _ seen: DatabaseObservation, _ memory: inout DatabaseMemory, at now: Instant
  ) -> Bool {
    if memory.followingSince == .never { memory.followingSince = now }
    if case .standby(_, _, true, _, _) = seen.server {} else { memory.lastApart = now }
    return now - memory.followingSince >= Self.followWithin && now - memory.lastApart < Self.togetherAfter
  }

  // MARK: Results and observations

  mutating func didFinish(_ action: DatabaseAction) {
    var memory = databaseMemories[action.specification.name] ?? DatabaseMemory()
    switch action.step {
    case .admit(let standby): memory.admitted = standby
    case .synchronize(let standby), .startPrimary(let standby):
      // The driver reported what the step left behind before it ended: what was committed without waiting ends
      // at the position it saw.
      memory.synchronized = standby
      if let standby { memory.committedTo = standby }
      memory.barrier = databases[action.specification.name]?.position(waitingFor: standby)
    case .clone:
      memory.needsCopy = false
      memory.followingSince = .never
    case .configure(let upstream):
      memory.configured = .init(specification: action.specification, isPrimary: upstream == nil)
    case .initialize, .follow, .stop, .promote: break
    }
    databaseMemories[action.specification.name] = memory
  }

  mutating func didFail(_ action: DatabaseAction) {
    // The server does not even start with the data there is.
    if case .follow = action.step, attempts.failureCount(of: .database(action)) >= 3 {
      databaseMemories.update(action.specification.name) { $0.needsCopy = true }
    }
  }

  mutating func observe(_ seen: DatabaseObservation, at now: Instant) {
    databases[seen.database] = seen
    databaseMemories.update(seen.database) { memory in
      switch seen.server {
      case .primary:
        if memory.synchronized != nil, memory.barrier == nil {
          memory.barrier = seen.position(waitingFor: memory.synchronized)
        }
      case .stopped, .standby:
        memory.synchronized = nil
        memory.barrier = nil
        if case .standby(_, _, false, _, _) = seen.server { memory.lastApart = now }
      case .busy:
        break
      }
    }
  }

  /// What is reported of a database. A standby counts as synchronous only when it also holds everything that was
  /// committed before commits began to wait for it.
  func report(_ seen: DatabaseObservation) -> DatabaseObservation {
    guard case .primary(let position, let synchronous?, let standbys) = seen.server else { return seen }
    let memory = databaseMemories[seen.database]
    let isCertain =
      planted(.standbyCountedEarly)
      || memory?.synchronized == synchronous
        && standbys.contains { standby in
          standby.name == synchronous && memory?.barrier.map { standby.flushed >= $0 } == true
        }
    var reported = seen
    reported.server = .primary(
      position: position, synchronousStandby: isCertain ? synchronous : nil, standbys: standbys)
    return reported
  }

  mutating func fill(_ report: inout Report, _ state: State) {
    report.tasks = taskReports(state)
    report.databases = databases.values.map { self.report($0) }
    report.caches = cacheReports(state)
    report.problems = problems
  }
}

extension DatabaseObservation {
  fileprivate func isFollowed(by standby: String) -> Bool {
    guard case .primary(_, _, let standbys) = server else { return false }
    return standbys.contains { $0.name == standby && $0.isStreaming }
  }

  /// Where the primary's log ends, seen when commits waited for the standby already; nil otherwise.
  fileprivate func position(waitingFor standby: String?) -> LSN? {
    if case .primary(let position, standby, _) = server { position } else { nil }
  }
}
