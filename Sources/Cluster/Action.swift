public import Raft

/// One local step on Docker, Postgres, Varnish or HAProxy. An action may be carried out twice, or have been
/// carried out without anyone noticing: drivers make each idempotent.
public enum Action: Hashable, Sendable {
  case runTask(TaskLaunch)
  /// Stops the task's container with its grace period and removes it. It may be gone already.
  case removeTask(TaskID, containerName: String, stopGracePeriod: Duration)
  case database(DatabaseAction)
  case cache(CacheAction)
  case balance(Balancing)
}

/// A container to be made and started, with its networks and volumes, whatever of it exists already.
public struct TaskLaunch: Hashable, Sendable {
  public var task: Task
  /// With all placeholders filled in.
  public var template: TaskTemplate
  /// The node's networks the container joins, by full name; each is made when missing. The service's name and
  /// the task's hostname resolve on them.
  public var networks: [String]
  /// The cluster's identity: the label by which the node knows its own containers.
  public var cluster: String

  public init(task: Task, template: TaskTemplate, networks: [String], cluster: String) {
    self.task = task
    self.template = template
    self.networks = networks
    self.cluster = cluster
  }
}

/// A step on one database server of this node. The epoch is the fence: the driver refuses an action whose
/// epoch is below one it has seen for the same database, across restarts.
public struct DatabaseAction: Hashable, Sendable {
  public enum Step: Hashable, Sendable {
    /// Makes a new, empty database and starts it as a primary.
    case initialize
    /// Starts the server on the existing data as a primary. It starts with the synchronous name, so that it
    /// never acknowledges alone what should be replicated.
    case startPrimary(synchronousStandby: String?)
    /// Copies the primary's data into a new folder; what was there is kept aside.
    case clone(from: Upstream)
    /// Starts the server as a standby of the primary, or points a running standby to it.
    case follow(Upstream)
    /// Lets standbys connect: makes the replication slot for the name, removes slots of others.
    case admit(standby: String)
    /// Sets whom commits wait for (nil: nobody), reloads, sees from a new connection that it is in force, and
    /// writes a checkpoint as a barrier.
    case synchronize(standby: String?)
    /// Brings what the specification says of a running server into force, and leaves its part in replication as it
    /// is: parameters, who may connect and, on a primary, the owner's password. A standby is started anew if a
    /// parameter needs it; for a primary that fails with what to do.
    case configure(following: Upstream?)
    /// Shuts down with a checkpoint; clients are disconnected.
    case stop
    /// Ends WAL reception for good, replays what was received, becomes a primary without a synchronous name.
    case promote
  }

  public var specification: DatabaseSpecification
  public var epoch: UInt64
  /// The data's identity, once known: a folder with another one is never started.
  public var systemIdentifier: UInt64?
  public var step: Step
  /// The nodes that may connect for replication: names and addresses.
  public var members: [Member]

  public struct Member: Hashable, Sendable {
    public var node: String
    public var address: String

    public init(node: String, address: String) {
      self.node = node
      self.address = address
    }
  }

  /// Where a standby gets its WAL, and under which name.
  public struct Upstream: Hashable, Sendable {
    public var address: String
    public var port: Int
    public var standbyName: String

    public init(address: String, port: Int, standbyName: String) {
      self.address = address
      self.port = port
      self.standbyName = standbyName
    }
  }

  public init(
    specification: DatabaseSpecification, epoch: UInt64, systemIdentifier: UInt64?, step: Step,
    members: [Member]
  ) {
    self.specification = specification
    self.epoch = epoch
    self.systemIdentifier = systemIdentifier
    self.step = step
    self.members = members
  }
}

/// A step on one of this node's caches.
public struct CacheAction: Hashable, Sendable {
  public enum Step: Hashable, Sendable {
    /// Applies purges, in any order among themselves; afterwards the cache has come to `through`.
    case purge([Purge], through: Index)
    /// Forgets everything; afterwards the cache has come to `through`.
    case flush(through: Index)
  }

  public var cache: String
  public var step: Step

  public init(cache: String, _ step: Step) {
    self.cache = cache
    self.step = step
  }
}

/// What the zone's load balancer should do, whole.
public struct Balancing: Hashable, Codable, Sendable {
  public struct Server: Hashable, Codable, Sendable {
    /// The task's identity in text.
    public var name: String
    public var address: String
    public var port: Int

    public init(name: String, address: String, port: Int) {
      self.name = name
      self.address = address
      self.port = port
    }
  }

  /// One published port.
  public struct Frontend: Hashable, Codable, Sendable {
    /// Such as `example_web_8080`.
    public var name: String
    public var port: Int
    /// The node's own.
    public var servers: [Server]
    /// The same port of the other nodes' load balancers, for as long as no server of the node's own is up.
    public var elsewhere: [Server]

    public init(name: String, port: Int, servers: [Server], elsewhere: [Server] = []) {
      self.name = name
      self.port = port
      self.servers = servers
      self.elsewhere = elsewhere
    }
  }

  /// Sorted by port.
  public var frontends: [Frontend]

  public init(frontends: [Frontend] = []) { self.frontends = frontends }
}

/// How an action ended.
public enum ActionResult: Hashable, Sendable {
  case done
  /// Done in another way than it was asked for, of which people should hear; it is not tried again.
  case replaced(String)
  /// Carried out but for what the message names, which is tried again.
  case partial(String)
  /// It may have been carried out in part. The message is for people and holds no secret.
  case failed(String)
}
