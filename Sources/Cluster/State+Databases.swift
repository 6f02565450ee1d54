import PlantedBugs
import Raft

extension State {
  func refusal(of specification: DatabaseSpecification, of stack: String) -> String? {
    let name = specification.name
    guard isValidName(name) else { return "\(name) is no valid name for a database" }
    guard (1...2).contains(specification.zones.count),
      Set(specification.zones).count == specification.zones.count
    else { return "database \(name) needs one or two different zones" }
    guard (1...65_535).contains(specification.port) else {
      return "database \(name): port \(specification.port) is not from 1 to 65535"
    }
    if let complaint = specification.complaint { return "database \(name): \(complaint)" }
    if let known = databases[name] {
      guard known.stack == stack else { return "database \(name) belongs to stack \(known.stack)" }
      guard known.specification.port == specification.port, known.specification.owner == specification.owner
      else { return "database \(name): its port and owner cannot be changed" }
      if let complaint = specification.complaint(asSuccessorOf: known.specification) {
        return "database \(name): \(complaint)"
      }
    }
    let holder = databases.values.first {
      $0.specification.name != name && $0.specification.port == specification.port
    }
    if let holder {
      return "port \(specification.port) of database \(name) is that of \(holder.specification.name)"
    }
    if Self.managerPorts.contains(specification.port) {
      return "port \(specification.port) of database \(name) is that of the managers"
    }
    return publisher(ofPort: specification.port, besides: stack).map {
      "port \(specification.port) of database \(name) is published by \($0)"
    }
  }

  /// Where managers listen unless they are told otherwise: operators, one another, the zone.
  static let managerPorts = [7443, 7444, 7480]

  /// Each database of a stack has a name and a port of its own.
  func databaseConflict(in stack: Stack) -> String? {
    for (place, first) in stack.databases.enumerated() {
      for second in stack.databases.dropFirst(place + 1) {
        if first.name == second.name { return "database \(first.name) stands twice in stack \(stack.name)" }
        if first.port == second.port {
          return "port \(second.port) of database \(second.name) is that of \(first.name)"
        }
      }
    }
    return nil
  }

  mutating func deploy(_ specification: DatabaseSpecification, of stack: String) {
    guard databases[specification.name] == nil else {
      databases.update(specification.name) { $0.specification = specification }
      return
    }
    databases[specification.name] = Database(
      specification: specification, stack: stack, epoch: 1, mode: .waiting)
  }

  /// Starts a planned switchover to the secondary.
  mutating func promote(_ name: String) -> Outcome {
    guard let database = databases[name] else { return .refused(reason: "there is no database \(name)") }
    guard case .sync(let primary, let secondary) = database.mode else {
      return .refused(
        reason: "database \(name) is \(database.mode.summary): its secondary does not hold every commit")
    }
    return take(
      DatabaseStep(
        database: name, expectedEpoch: database.epoch, mode: .switching(from: primary, to: secondary)))
  }

  /// One move of the database machine, if it is a lawful one from where the machine stands.
  mutating func take(_ step: DatabaseStep) -> Outcome {
    guard var database = databases[step.database] else {
      return .refused(reason: "there is no database \(step.database)")
    }
    guard database.epoch == step.expectedEpoch || planted(.databaseEpochIgnored) else {
      return .refused(
        reason: "database \(step.database) is at epoch \(database.epoch), not \(step.expectedEpoch)")
    }
    guard database.mode.maySucceed(to: step.mode) else {
      return .refused(
        reason: "database \(step.database) cannot go from \(database.mode.summary) to \(step.mode.summary)")
    }
    if let known = database.systemIdentifier, let claimed = step.systemIdentifier, known != claimed {
      return .refused(reason: "database \(step.database) has another system identifier")
    }
    database.epoch += 1
    if case .syncing = step.mode { database.incarnation = database.epoch }
    database.mode = step.mode
    database.systemIdentifier = step.systemIdentifier ?? database.systemIdentifier
    databases[step.database] = database
    return .accepted
  }
}

extension Database.Mode {
  /// The lawful moves. What safety rests on stands here, where every manager checks it alike: a secondary
  /// becomes the primary only when it holds every acknowledged commit — from `sync`, where each commit waited
  /// for it, or from `stopped`, where it received everything the old primary wrote.
  func maySucceed(to next: Database.Mode) -> Bool {
    if planted(.databaseEpochIgnored) { return true }
    return switch (self, next) {
    case (.waiting, .initializing): true
    // No other node begins meanwhile: this one, cut off, may have made its database, and taken commits.
    case (.initializing(let node), .solo(let primary)): node == primary
    case (.solo(let before), .syncing(let primary, let secondary)): before == primary && primary != secondary
    case (.syncing(let before, _), .solo(let primary)): before == primary
    case (.syncing, .promoting): planted(.promotedFromSyncing)
    case (.syncing(let before, let follower), .sync(let primary, let secondary)):
      before == primary && follower == secondary
    case (.sync(let before, _), .solo(let primary)): before == primary
    case (.sync(let primary, let secondary), .switching(let from, let to)): primary == from && secondary == to
    case (.sync(let before, let secondary), .promoting(let primary, let from)):
      secondary == primary && before == from
    case (.switching(let from, let to), .stopped(let stopped, let next, _)): from == stopped && to == next
    // Given up before the stop was recorded: the old primary goes on, its secondary unchanged.
    case (.switching(let from, let to), .sync(let primary, let secondary)): from == primary && to == secondary
    case (.switching(let before, let to), .promoting(let primary, let from)): before == from && to == primary
    case (.stopped(let before, let to, _), .promoting(let primary, let from)): before == from && to == primary
    case (.stopped(let before, _, _), .solo(let primary)): before == primary
    case (.promoting(let before, _), .solo(let primary)): before == primary
    default: false
    }
  }

  /// In words.
  public var summary: String {
    switch self {
    case .waiting: "waiting for a node"
    case .initializing(let primary): "being made on \(primary)"
    case .solo(let primary): "alone on \(primary)"
    case .syncing(let primary, let secondary): "on \(primary), \(secondary) catching up"
    case .sync(let primary, let secondary): "on \(primary), replicated to \(secondary)"
    case .switching(let from, let to): "switching from \(from) to \(to)"
    case .stopped(let from, let to, _): "switching from \(from), stopped, to \(to)"
    case .promoting(let primary, _): "being promoted on \(primary)"
    }
  }
}
