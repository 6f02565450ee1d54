import Cluster
import PlantedBugs
import Raft

extension Controllers {
  /// Moves each database's machine one step, when its nodes report that the last one is done.
  ///
  /// The rules that no commit is lost by stand in `Database.Mode.maySucceed`, checked at every manager; here
  /// stands only when it is time.
  mutating func decideDatabases(_ situation: Situation, _ look: inout Look) {
    for (name, database) in situation.state.databases {
      guard let next = next(for: name, database, situation, &look) else { continue }
      var step = DatabaseStep(database: name, expectedEpoch: database.epoch, mode: next)
      if case (.initializing(let node), .solo) = (database.mode, next),
        case .present(let identifier, _, _, _)? = situation.database(name, on: node)?.data
      {
        step.systemIdentifier = identifier
      }
      look.propose(.database(step))
    }
  }

  private mutating func next(
    for name: String, _ database: Database, _ situation: Situation, _ look: inout Look
  ) -> Database.Mode? {
    switch database.mode {
    case .waiting:
      return firstPrimary(of: name, database, situation, &look).map { .initializing(primary: $0) }
    case .initializing(let primary):
      return afterInitializing(name, database, primary, situation, &look)
    case .solo(let primary):
      return secondary(for: name, database, primary, situation, &look)
        .map { .syncing(primary: primary, secondary: $0) }
    case .syncing(let primary, let secondary):
      return afterSyncing(name, database, primary, secondary, situation, &look)
    case .sync(let primary, let secondary):
      return afterSync(name, database, primary, secondary, situation, &look)
    case .switching(let from, let to):
      return afterSwitching(name, from, to, situation, &look)
    case .stopped(let from, let to, let position):
      return afterStopped(name, from, to, position, situation, &look)
    case .promoting(let primary, _):
      return isPrimary(name, on: primary, situation) ? .solo(primary: primary) : nil
    }
  }

  // MARK: Making copies

  private func firstPrimary(
    of name: String, _ database: Database, _ situation: Situation, _ look: inout Look
  ) -> String? {
    // The preferred zone first, if it has a node that is there; that its driver has not spoken yet is no reason
    // to begin elsewhere.
    for zone in database.specification.zones {
      guard let node = host(in: zone, situation) else { continue }
      return situation.database(name, on: node) == nil ? nil : node
    }
    look.note("database \(name): no node of zone \(database.specification.zones[0]) runs databases")
    return nil
  }

  private func afterInitializing(
    _ name: String, _ database: Database, _ primary: String, _ situation: Situation, _ look: inout Look
  ) -> Database.Mode? {
    if isPrimary(name, on: primary, situation) { return .solo(primary: primary) }
    let seen = situation.database(name, on: primary)
    if situation.silence(of: primary) >= settings.nodeLostAfter {
      look.note(
        "database \(name) was to be made on \(primary), which is lost; it waits for it, for clients may have written there"
      )
    } else if case .present? = seen?.data, seen?.epoch != database.epoch, seen?.server == .stopped {
      look.note("database \(name): its folder on \(primary) holds other data; move it away")
    }
    return nil
  }

  private mutating func secondary(
    for name: String, _ database: Database, _ primary: String, _ situation: Situation, _ look: inout Look
  ) -> String? {
    guard isPrimary(name, on: primary, situation) else {
      look.note("database \(name): its only server, on \(primary), is not up")
      return nil
    }
    let primaryZone = situation.state.nodes[primary]?.zone
    for zone in database.specification.zones where zone != primaryZone {
      if let node = host(in: zone, situation), situation.database(name, on: node) != nil { return node }
    }
    if database.specification.zones.count > 1 {
      look.note("database \(name) has no secondary: it runs alone")
    }
    return nil
  }

  private func host(in zone: String, _ situation: Situation) -> String? {
    situation.state.nodes.values.first { node in
      node.zone == zone && node.description.runsDatabases && node.health == .ready
        && node.availability == .active
    }?.name
  }

  private mutating func afterSyncing(
    _ name: String, _ database: Database, _ primary: String, _ secondary: String, _ situation: Situation,
    _ look: inout Look
  ) -> Database.Mode? {
    guard situation.silence(of: primary) < settings.nodeLostAfter else {
      if planted(.promotedFromSyncing) { return .promoting(primary: secondary, from: primary) }
      look.note("database \(name): its only complete copy is on \(primary), which is lost")
      return nil
    }
    let leaves =
      situation.state.nodes[secondary].map { $0.health == .lost || $0.availability == .drained } ?? true
    if leaves { return .solo(primary: primary) }
    let standby = Database.standbyName(node: secondary, epoch: database.incarnation)
    guard case .primary(_, standby, let standbys)? = situation.database(name, on: primary)?.server,
      standbys.contains(where: { $0.name == standby && $0.isStreaming && $0.isSynchronous }),
      case .standby(_, _, true, standby, _)? = situation.database(name, on: secondary)?.server
    else {
      look.note("database \(name): the copy on \(secondary) is catching up")
      return nil
    }
    return .sync(primary: primary, secondary: secondary)
  }

  // MARK: Losing one of two

  private mutating func afterSync(
    _ name: String, _ database: Database, _ primary: String, _ secondary: String, _ situation: Situation,
    _ look: inout Look
  ) -> Database.Mode? {
    let standby = Database.standbyName(node: secondary, epoch: database.incarnation)
    let secondaryIsThere = situation.silence(of: secondary) < settings.nodeLostAfter
    let silence = situation.silenceAsLeader(of: primary)
    let isLost = silence >= settings.databaseFailoverAfter
    if !isLost {
      let due = settings.databaseFailoverAfter.nanoseconds - silence.nanoseconds
      look.wait(until: situation.now + Duration(nanoseconds: due))
    }
    let isDown =
      !isPrimary(name, on: primary, situation)
      && timers.hasHeld("primary of \(name) down", for: settings.databaseRestartWithin, &look)
    if isLost || isDown {
      guard isHeard(secondary, situation, &look),
        case .standby? = situation.database(name, on: secondary)?.server
      else {
        look.note("database \(name): \(primary) does not answer, and \(secondary) cannot take over")
        return nil
      }
      return .promoting(primary: secondary, from: primary)
    }
    // A drained zone gives the primary away in good order.
    if situation.state.nodes[primary]?.availability == .drained, secondaryIsThere,
      situation.state.nodes[secondary]?.availability == .active
    {
      return .switching(from: primary, to: secondary)
    }
    return withoutSecondary(name, database, primary, standby, situation, &look)
  }

  /// Whether a node is there beyond doubt. What fell silent together with the primary must not be promoted: that
  /// cannot be taken back, and a primary that returns alone would have to wait for it.
  private func isHeard(_ node: String, _ situation: Situation, _ look: inout Look) -> Bool {
    let silence = situation.silence(of: node)
    if silence.nanoseconds < settings.databaseFailoverAfter.nanoseconds / 2 { return true }
    if silence < settings.nodeLostAfter { look.wait(until: situation.now + .milliseconds(50)) }
    return false
  }

  private mutating func withoutSecondary(
    _ name: String, _ database: Database, _ primary: String, _ standby: String, _ situation: Situation,
    _ look: inout Look
  ) -> Database.Mode? {
    guard case .primary(_, _, let standbys)? = situation.database(name, on: primary)?.server,
      !standbys.contains(where: { $0.name == standby && $0.isStreaming })
    else { return nil }
    guard let patience = database.specification.relaxAfter else {
      look.note("database \(name): its secondary does not answer, writes wait for it (relax_after: never)")
      return nil
    }
    guard timers.hasHeld("secondary of \(name) missing", for: patience, &look) else { return nil }
    return .solo(primary: primary)
  }

  // MARK: Switchover

  private mutating func afterSwitching(
    _ name: String, _ from: String, _ to: String, _ situation: Situation, _ look: inout Look
  ) -> Database.Mode? {
    if situation.silence(of: from) >= settings.nodeLostAfter, isHeard(to, situation, &look) {
      // Until its stop every commit waited for the secondary, so that it holds them all.
      return .promoting(primary: to, from: from)
    }
    if let seen = situation.database(name, on: from), seen.server == .stopped,
      case .present(_, _, _, let position?) = seen.data
    {
      return .stopped(from: from, to: to, at: position)
    }
    if timers.hasHeld("switchover of \(name)", for: settings.switchoverWithin, &look) {
      return .sync(primary: from, secondary: to)
    }
    return nil
  }

  private mutating func afterStopped(
    _ name: String, _ from: String, _ to: String, _ position: LSN, _ situation: Situation, _ look: inout Look
  ) -> Database.Mode? {
    // The shutdown checkpoint's record ends at `position`: so far, the secondary has all that was ever written.
    if case .standby(let received, _, _, _, _)? = situation.database(name, on: to)?.server,
      received >= position || planted(.switchoverLosesTail)
    {
      return .promoting(primary: to, from: from)
    }
    guard timers.hasHeld("switchover of \(name) stopped", for: settings.switchoverWithin, &look) else {
      return nil
    }
    // Back to the old primary, unless that is lost: the secondary lacks only what nobody was told of.
    if isHeard(from, situation, &look) { return .solo(primary: from) }
    if situation.silence(of: from) >= settings.nodeLostAfter, isHeard(to, situation, &look),
      case .standby? = situation.database(name, on: to)?.server
    {
      return .promoting(primary: to, from: from)
    }
    return nil
  }

  /// Whether a node reports that its server takes writes.
  private func isPrimary(_ name: String, on node: String, _ situation: Situation) -> Bool {
    guard case .primary? = situation.database(name, on: node)?.server else { return false }
    return situation.silence(of: node) < settings.nodeLostAfter
  }
}
