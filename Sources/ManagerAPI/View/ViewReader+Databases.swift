import Cluster
import Manager
import Raft

extension ViewReader {
  func databases(ofStack stack: String? = nil) -> [DatabaseStatus] {
    state.databases.values.filter { stack == nil || $0.stack == stack }.map(status(of:))
  }

  /// What a node's own server says of itself at present.
  func observation(of database: String, on node: String) -> DatabaseObservation? {
    freshReport(of: node)?.databases.first { $0.database == database }
  }

  private func status(of database: Database) -> DatabaseStatus {
    let name = database.specification.name
    let parts = database.mode.parts
    let primaryServer = database.primary.flatMap { observation(of: name, on: $0)?.server }
    return DatabaseStatus(
      name: name, stack: database.stack, zones: database.specification.zones, mode: parts.name,
      summary: database.mode.summary,
      primary: database.primary, secondary: parts.secondary, epoch: database.epoch,
      writable: primaryServer?.isPrimary == true, replicated: parts.name == "sync",
      servers: servers(of: database))
  }

  private func servers(of database: Database) -> [DatabaseStatus.Server] {
    let name = database.specification.name
    let end = database.primary.flatMap { observation(of: name, on: $0)?.server.primaryPosition }
    return database.members.sorted().compactMap { node in
      observation(of: name, on: node).map { server($0, on: node, end: end) }
    }
  }

  private func server(
    _ observation: DatabaseObservation, on node: String, end: LSN?
  ) -> DatabaseStatus.Server {
    var server = DatabaseStatus.Server(node: node, role: "stopped", timeline: observation.timeline)
    switch observation.server {
    case .stopped: break
    case .busy: server.role = "busy"
    case .primary(let position, _, _):
      server.role = "primary"
      server.position = position.description
    case .standby(_, let replayed, let streaming, _, _):
      server.role = "standby"
      server.position = replayed.description
      server.streaming = streaming
      server.lagBytes = end.map { replayed.lag(behind: $0) }
    }
    return server
  }
}

extension LSN {
  /// Bytes from here to a later position; 0 when it is not later.
  func lag(behind end: LSN) -> UInt64 { end.rawValue > rawValue ? end.rawValue - rawValue : 0 }
}

extension DatabaseObservation {
  var timeline: UInt64? {
    switch data {
    case .absent: nil
    case .present(_, let timeline, _, _): timeline
    }
  }
}

extension DatabaseObservation.Server {
  var isPrimary: Bool { primaryPosition != nil }

  var primaryPosition: LSN? {
    if case .primary(let position, _, _) = self { position } else { nil }
  }
}

extension Database.Mode {
  /// The mode's name in the API, and the node that follows or is to.
  var parts: (name: String, secondary: String?) {
    switch self {
    case .waiting: ("waiting", nil)
    case .initializing: ("initializing", nil)
    case .solo: ("solo", nil)
    case .syncing(_, let secondary): ("syncing", secondary)
    case .sync(_, let secondary): ("sync", secondary)
    case .switching(_, let to): ("switching", to)
    case .stopped(_, let to, _): ("stopped", to)
    case .promoting: ("promoting", nil)
    }
  }
}
