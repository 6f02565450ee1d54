public import Raft

/// What a local driver sees. Each kind replaces the last of its kind.
public enum Observation: Hashable, Sendable {
  /// All containers of this cluster on the node, in any condition.
  case containers([ContainerObservation])
  case database(DatabaseObservation)
  case cache(CacheObservation)
  case balancer(BalancerObservation)
  /// The local service does not answer: what was seen last is no longer known to be so.
  case unavailable(LocalService, reason: String)
}

public enum LocalService: UInt64, Hashable, Codable, Sendable {
  case containers = 1
  case databases = 2
  case cache = 3
  case balancer = 4
}

public struct ContainerObservation: Hashable, Codable, Sendable {
  public enum Condition: Hashable, Codable, Sendable {
    case created
    case running
    case exited(code: Int, outOfMemory: Bool, message: String)
  }

  public enum Health: UInt64, Hashable, Codable, Sendable {
    /// The container has no health check.
    case unchecked = 0
    case starting = 1
    case healthy = 2
    case unhealthy = 3
  }

  /// From the container's label.
  public var task: TaskID
  public var name: String
  /// Docker's identity of the container, 64 hexadecimal digits.
  public var container: String
  public var condition: Condition
  public var health: Health
  /// Where the node reaches its ports; nil before it runs.
  public var address: String?
  /// Milliseconds since 1970 by the engine's clock; 0 before it ran.
  public var startedMilliseconds: Int64

  public init(task: TaskID, name: String, container: String, condition: Condition, health: Health) {
    self.task = task
    self.name = name
    self.container = container
    self.condition = condition
    self.health = health
    address = nil
    startedMilliseconds = 0
  }
}

/// One database server of the node, running or not.
public struct DatabaseObservation: Hashable, Codable, Sendable {
  /// What lies in the data folder.
  public enum Data: Hashable, Codable, Sendable {
    /// Nothing, or the rest of an unfinished copy.
    case absent
    /// `standby`: the folder is marked to start as a standby. `shutdown`: where the shutdown checkpoint's record
    /// ends, when the server was stopped cleanly as a primary; a standby that received so far has everything.
    case present(systemIdentifier: UInt64, timeline: UInt64, standby: Bool, shutdown: LSN?)
  }

  public enum Server: Hashable, Codable, Sendable {
    case stopped
    /// A process is there and takes no connections yet, or no longer.
    case busy
    case primary(position: LSN, synchronousStandby: String?, standbys: [Standby])
    /// `streaming`: the WAL receiver is connected. `upstream`: its primary_conninfo's host.
    case standby(received: LSN, replayed: LSN, streaming: Bool, name: String, upstream: String)
  }

  /// A connected standby, as the primary sees it.
  public struct Standby: Hashable, Codable, Sendable {
    public var name: String
    public var isStreaming: Bool
    public var isSynchronous: Bool
    public var flushed: LSN

    public init(name: String, isStreaming: Bool, isSynchronous: Bool, flushed: LSN) {
      self.name = name
      self.isStreaming = isStreaming
      self.isSynchronous = isSynchronous
      self.flushed = flushed
    }
  }

  public var database: String
  public var data: Data
  public var server: Server
  /// The highest epoch an action was taken under, across restarts.
  public var epoch: UInt64

  public init(database: String, data: Data, server: Server, epoch: UInt64) {
    self.database = database
    self.data = data
    self.server = server
    self.epoch = epoch
  }
}

public struct CacheObservation: Hashable, Codable, Sendable {
  public var cache: String
  public var isReachable: Bool
  /// Changes when the cache lost its memory.
  public var instance: String
  public var bans: Int
  /// Nil when nobody tells.
  public var counts: CacheCounts?
  /// The last purge of the log up to which the driver has done everything, what has to be done a second time too: what
  /// was being fetched during a purge may come in behind it. Nil when nobody tells.
  public var settledThrough: Index?

  public init(
    cache: String, isReachable: Bool, instance: String = "", bans: Int = 0, counts: CacheCounts? = nil,
    settledThrough: Index? = nil
  ) {
    self.settledThrough = settledThrough
    self.cache = cache
    self.isReachable = isReachable
    self.instance = instance
    self.bans = bans
    self.counts = counts
  }
}

/// What a cache counts since it began.
public struct CacheCounts: Hashable, Codable, Sendable {
  /// Objects it holds now.
  public var objects: UInt64
  public var hits: UInt64
  public var misses: UInt64

  public init(objects: UInt64, hits: UInt64, misses: UInt64) {
    self.objects = objects
    self.hits = hits
    self.misses = misses
  }
}

public struct BalancerObservation: Hashable, Codable, Sendable {
  /// Names of servers that pass their check and take traffic, sorted.
  public var serving: [String]

  public init(serving: [String]) { self.serving = serving.sorted() }
}

/// What a node tells all managers, beside the log: soft, rebuilt after any restart.
public struct Report: Hashable, Sendable {
  public var description: NodeDescription
  /// A number of the reporting process alone: after a restart the sequence begins anew.
  public var process: UInt64
  /// Rises with each report of one process.
  public var sequence: UInt64
  public var appliedIndex: Index
  /// Sorted by task.
  public var tasks: [TaskReport]
  public var databases: [DatabaseObservation]
  /// Sorted by name.
  public var caches: [CacheReport]
  /// What does not work on the node, for people.
  public var problems: [String]

  public init(description: NodeDescription, process: UInt64, sequence: UInt64, appliedIndex: Index) {
    self.description = description
    self.process = process
    self.sequence = sequence
    self.appliedIndex = appliedIndex
    tasks = []
    databases = []
    caches = []
    problems = []
  }
}

/// A task as its node sees it, wanted or not.
public struct TaskReport: Hashable, Codable, Sendable {
  public enum Phase: Hashable, Codable, Sendable {
    /// The container is being made.
    case preparing
    /// It runs and has not passed its first health check; or the log no longer wants it, and it serves nobody.
    case starting
    /// It runs and is well, but no traffic reaches it yet.
    case well
    /// It runs, is well, and receives traffic if it publishes a port.
    case serving
    /// It runs and fails its health check.
    case unhealthy
    /// It ended. `succeeded`: by itself with code 0.
    case ended(succeeded: Bool, message: String)
  }

  public var task: TaskID
  /// The container's name, which says service and slot also when the task is no longer in the log.
  public var name: String
  public var phase: Phase

  public init(task: TaskID, name: String, phase: Phase) {
    self.task = task
    self.name = name
    self.phase = phase
  }
}

/// A cache as its node sees it; `position` may run ahead of what is committed.
public struct CacheReport: Hashable, Codable, Sendable {
  public var cache: String
  public var isReachable: Bool
  /// 0 while a new cache has not yet forgotten what it held.
  public var position: Index
  /// Up to where nothing is left to be done a second time, at most `position`; nil when the node does not tell.
  public var settled: Index?
  public var bans: Int
  public var counts: CacheCounts?

  public init(
    cache: String, isReachable: Bool, position: Index, settled: Index? = nil, bans: Int,
    counts: CacheCounts? = nil
  ) {
    self.settled = settled
    self.cache = cache
    self.isReachable = isReachable
    self.position = position
    self.bans = bans
    self.counts = counts
  }
}
