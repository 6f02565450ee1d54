import Cluster
import Manager
import NIOHTTP1
import Raft

/// The health of this node's own database server, for load balancers, in the manner of Patroni's REST
/// interface.
///
/// A role is confirmed only when two witnesses agree: the committed state gives it to this node, and this
/// node's own server says that it plays it. (Patroni answers for a primary as soon as it holds the lock,
/// before the promotion has ended.)
struct DatabaseHealth {
  let reader: ViewReader

  /// What is asked; each has one path or several.
  enum Question: Equatable, Sendable {
    case primary, replica, readOnly, synchronous, asynchronous, health, liveness, readiness

    init?(path: String) {
      switch path {
      case "/primary", "/read-write", "/leader": self = .primary
      case "/replica": self = .replica
      case "/read-only": self = .readOnly
      case "/sync", "/synchronous": self = .synchronous
      case "/async", "/asynchronous": self = .asynchronous
      case "/health": self = .health
      case "/liveness": self = .liveness
      case "/readiness": self = .readiness
      default: return nil
      }
    }
  }

  /// - Parameters:
  ///   - name: the database; may be nil when there is one only.
  ///   - maximumLag: the most bytes a standby may be behind, with `kB`, `MB` or `GB` if wanted.
  func answer(_ question: Question, database name: String?, maximumLag: String?) -> DoorResponse {
    let limit: UInt64?
    if let maximumLag {
      guard let bytes = Self.bytes(maximumLag) else {
        return .text(.badRequest, "lag is a number of bytes, such as 1048576 or 1MB")
      }
      limit = bytes
    } else {
      limit = nil
    }
    switch database(named: name) {
    case .failure(let response): return response
    case .success(let database):
      let report = report(on: database)
      let isConfirmed = confirms(question, report, database, maximumLag: limit)
      return .json(isConfirmed ? .ok : .serviceUnavailable, report)
    }
  }

  private enum Choice {
    case success(Database)
    case failure(DoorResponse)
  }

  private func database(named name: String?) -> Choice {
    let databases = reader.state.databases
    if let name {
      return databases[name].map(Choice.success)
        ?? .failure(.text(.notFound, "there is no database \(name)"))
    }
    switch databases.count {
    case 1: return .success(databases.values[0])
    case 0: return .failure(.text(.serviceUnavailable, "there is no database"))
    default:
      return .failure(
        .text(
          .badRequest, "name one: ?database= and one of \(databases.keys.joined(separator: ", "))"))
    }
  }

  private func report(on database: Database) -> DatabaseHealthReport {
    let node = reader.view.node
    let name = database.specification.name
    let parts = database.mode.parts
    let own = reader.observation(of: name, on: node)
    var report = DatabaseHealthReport(
      node: node, database: name, role: "none", state: "unknown", mode: parts.name, epoch: database.epoch,
      timeline: own?.timeline, writable: false)
    switch own?.server {
    case .stopped: report.state = "stopped"
    case .busy: report.state = "starting"
    case .primary(let position, let standby, _):
      report.state = "running"
      report.position = position.description
      report.synchronousStandby = standby
      if database.primary == node { report.role = "primary" }
    case .standby(_, let replayed, let streaming, _, _):
      report.state = "running"
      report.position = replayed.description
      report.streaming = streaming
      report.lag = primaryEnd(of: database).map { replayed.lag(behind: $0) }
      if parts.secondary == node { report.role = "replica" }
    case nil: break
    }
    report.writable = report.role == "primary" && reader.view.isCurrent && !mayHaveBeenReplaced(database)
    return report
  }

  /// A node that has heard nobody for a while cannot know that its secondary was not promoted. Without a secondary
  /// there is nobody else to write to.
  private func mayHaveBeenReplaced(_ database: Database) -> Bool {
    database.mode.parts.secondary != nil && reader.view.unconfirmedFor > reader.view.maximumReportAge
  }

  private func primaryEnd(of database: Database) -> LSN? {
    database.primary.flatMap {
      reader.observation(of: database.specification.name, on: $0)?.server.primaryPosition
    }
  }

  private func confirms(
    _ question: Question, _ report: DatabaseHealthReport, _ database: Database, maximumLag: UInt64?
  ) -> Bool {
    let isReplica =
      report.role == "replica" && reader.view.isCurrent && isWithin(maximumLag, report.lag)
    let isSynchronous = database.mode.parts.name == "sync"
    return switch question {
    case .primary: report.writable
    case .replica: isReplica
    case .readOnly: report.writable || isReplica
    case .synchronous: isReplica && isSynchronous && report.streaming == true
    case .asynchronous: isReplica && !isSynchronous
    case .health: report.state == "running"
    case .readiness: report.writable || isReplica && report.streaming == true
    case .liveness: true
    }
  }

  /// An unknown lag is none that a client who asked for a bound should get.
  private func isWithin(_ limit: UInt64?, _ lag: UInt64?) -> Bool {
    guard let limit else { return true }
    return lag.map { $0 <= limit } ?? false
  }

  /// A number of bytes with Postgres' units.
  static func bytes(_ text: String) -> UInt64? {
    let digits = text.prefix(while: \.isNumber)
    guard let number = UInt64(digits) else { return nil }
    let factor: UInt64
    switch text.dropFirst(digits.count).lowercased() {
    case "", "b": factor = 1
    case "kb": factor = 1 << 10
    case "mb": factor = 1 << 20
    case "gb": factor = 1 << 30
    default: return nil
    }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: factor)
    return overflow ? nil : bytes
  }
}

/// The body of `/primary`, `/replica` and the like. Property names are the JSON keys.
public struct DatabaseHealthReport: Hashable, Codable, Sendable {
  /// The node whose server is meant: the one that answers.
  public var node: String
  public var database: String
  /// `primary` or `replica` when log and server agree on it, otherwise `none`.
  public var role: String
  /// `running`, `starting`, `stopped` or `unknown`.
  public var state: String
  /// As in `DatabaseStatus.mode`.
  public var mode: String
  public var epoch: UInt64
  /// Missing without data.
  public var timeline: UInt64?
  /// Whether this server takes writes.
  public var writable: Bool
  /// The end of what it wrote or replayed.
  public var position: String?
  /// Bytes a replica is behind the primary's last word; missing when that is not known.
  public var lag: UInt64?
  /// Whether a replica is connected to its primary.
  public var streaming: Bool?
  /// For whom a primary's commits wait.
  public var synchronousStandby: String?
}
