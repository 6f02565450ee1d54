/// `GET /v1/services`: every service with its tasks. Property names are the JSON keys.
public struct ServiceList: Hashable, Codable, Sendable {
  /// Entries up to here are what this document shows.
  public var appliedIndex: UInt64
  /// The manager that answered.
  public var answeredBy: String
  public var isCurrent: Bool
  /// How long ago what follows was last known to be so: near zero while a leader is heard.
  public var unconfirmedMilliseconds: Int
  /// Sorted by name.
  public var services: [ServiceStatus]
}

/// One service and how far its tasks are.
public struct ServiceStatus: Hashable, Codable, Sendable {
  /// `stack/service`.
  public var name: String
  public var image: String
  /// The index of the entry that brought the present template in force.
  public var revision: UInt64
  /// How many tasks there should be.
  public var wanted: Int
  /// Tasks that do their work now, of whatever revision.
  public var serving: Int
  /// All wanted tasks are there, of the present revision, at work; no other is left; no rollout moves.
  public var converged: Bool
  /// The last change of the template; missing when there was none.
  public var rollout: RolloutStatus?
  /// By slot, then age, the oldest first.
  public var tasks: [TaskStatus]
}

/// One container slot as it is filled now.
public struct TaskStatus: Hashable, Codable, Sendable {
  public enum Phase: String, Hashable, Codable, Sendable {
    /// Its node has not said anything of it yet.
    case pending
    /// The container is being made.
    case preparing
    /// It runs and has not passed its first health check.
    case starting
    /// It runs and is well; no traffic reaches it yet.
    case well
    /// It runs, is well, and gets traffic if it publishes a port.
    case serving
    /// It runs and fails its health check.
    case unhealthy
    /// It ended by itself with code 0.
    case completed
    /// It ended with another code.
    case failed
    /// Its node does not report.
    case unknown
  }

  public var id: String
  /// `stack/service`.
  public var service: String
  /// 1 and up.
  public var slot: Int
  public var node: String
  /// Missing when the node is not known any more.
  public var zone: String?
  public var revision: UInt64
  public var image: String
  /// Whether it is of the service's present revision: another one is to be replaced.
  public var wanted: Bool
  public var phase: Phase
  /// Why it ended, if it did.
  public var message: String?
  /// When it was placed, milliseconds since 1970 by the leader's clock; missing when that is long ago.
  public var placedMilliseconds: Int64?
}

/// The last change of a service's template.
public struct RolloutStatus: Hashable, Codable, Sendable {
  public enum Phase: String, Hashable, Codable, Sendable {
    case updating, paused, completed, rollingBack, rolledBack
  }

  public var phase: Phase
  /// The revision that is left.
  public var from: UInt64
  /// The revision that is come to.
  public var to: UInt64
  /// Tasks of the new revision that failed.
  public var failures: Int
  /// Why it was paused or rolled back.
  public var reason: String?
}
