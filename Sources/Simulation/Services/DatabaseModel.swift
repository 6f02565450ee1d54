import Cluster
import Raft

/// One Postgres server with its data, as far as replication goes: positions, timelines, commits that wait for a
/// synchronous standby, promotion. Driven wrongly it loses rows and lets two servers write, as a real one does.
public struct DatabaseModel: Sendable {
  public enum Server: Hashable, Sendable {
    case stopped
    case primary
    case standby
  }

  public internal(set) var server = Server.stopped
  /// It neither answers nor acknowledges.
  var isFrozen = false
  var isSlow = false
  var identifier: UInt64?
  var timeline: UInt64 = 1
  var wal = WriteAheadLog()
  /// Where the log ended at a clean shutdown as a primary.
  var shutdown: LSN?
  /// The folder is marked to start as a standby.
  var isMarkedStandby = false
  public internal(set) var synchronousStandby: String?
  var standbyName = ""
  var upstream = ""
  var epoch: UInt64 = 0
  /// What it was last configured for; nil before that.
  var configuration: DatabaseSpecification?
  /// Rows committed here whose clients wait for the standby, oldest first.
  var waiting: [Commit] = []

  /// A row, and how long the log was with it.
  struct Commit: Hashable, Sendable {
    var row: UInt64
    var count: Int
  }

  var isServing: Bool { server == .primary && !isFrozen }

  mutating func crash() {
    server = .stopped
    isFrozen = false
    waiting = []
  }
}
