public import Raft

/// What one stack file says: services and databases that are deployed together.
public struct Stack: Hashable, Codable, Sendable {
  public var name: String
  /// Sorted by name.
  public var services: [Service]
  /// Sorted by name.
  public var databases: [DatabaseSpecification]

  public init(name: String, services: [Service] = [], databases: [DatabaseSpecification] = []) {
    self.name = name
    self.services = services.sorted { $0.name < $1.name }
    self.databases = databases.sorted { $0.name < $1.name }
  }
}

/// One service of a stack: what its containers are made of, how many, where, and how they change.
public struct Service: Hashable, Codable, Sendable {
  /// Without the stack's name.
  public var name: String
  public var template: TaskTemplate
  public var mode: Mode
  public var placement: Placement
  public var restart: RestartPolicy
  public var update: UpdatePolicy
  public var rollback: UpdatePolicy
  /// `deploy.labels`: about the service, not on its containers.
  public var labels: [Setting]

  public enum Mode: Hashable, Codable, Sendable {
    /// So many tasks, wherever they fit.
    case replicated(Int)
    /// One task on every node that fits.
    case global
  }

  public init(
    name: String, template: TaskTemplate, mode: Mode = .replicated(1), placement: Placement = Placement(),
    restart: RestartPolicy = RestartPolicy(), update: UpdatePolicy = .update,
    rollback: UpdatePolicy = .rollback,
    labels: [Setting] = []
  ) {
    self.name = name
    self.template = template
    self.mode = mode
    self.placement = placement
    self.restart = restart
    self.update = update
    self.rollback = rollback
    self.labels = labels
  }
}

/// Everything a container is made of. Two equal templates need no new containers; a change makes a new revision
/// of the service, which is rolled out.
public struct TaskTemplate: Hashable, Codable, Sendable {
  public var image: String
  /// Replaces the image's own entry point; nil keeps it.
  public var entrypoint: [String]?
  /// Replaces the image's own command; nil keeps it.
  public var command: [String]?
  /// Sorted by name. Values may hold placeholders such as `{{.Node.Address}}`, see `Placeholders`.
  public var environment: [Setting]
  public var user: String?
  public var workingDirectory: String?
  public var hostname: String?
  /// On the containers. Sorted by name.
  public var labels: [Setting]
  public var mounts: [Mount]
  /// Names of the stack's networks; empty means the stack's default network.
  public var networks: [String]
  public var ports: [Port]
  public var healthcheck: Healthcheck?
  /// How long a container may take to end after the stop signal before it is killed.
  public var stopGracePeriod: Duration
  /// Such as `SIGQUIT`; nil keeps the image's.
  public var stopSignal: String?
  public var resources: Resources
  /// Run a small init as process 1; nil keeps the engine's default.
  public var runsInit: Bool?
  public var isReadOnly: Bool
  /// Paths, with Docker's options after a colon.
  public var temporaryFilesystems: [String]
  public var addedCapabilities: [String]
  public var droppedCapabilities: [String]
  public var sysctls: [Setting]
  public var ulimits: [Ulimit]
  /// Lines of /etc/hosts as `name:address`.
  public var extraHosts: [String]
  public var nameServers: [String]
  public var logging: Logging?
  /// Bytes of /dev/shm; nil keeps the engine's default.
  public var sharedMemoryBytes: Int64?
  public var securityOptions: [String]

  public init(image: String) {
    self.image = image
    environment = []
    labels = []
    mounts = []
    networks = []
    ports = []
    stopGracePeriod = .seconds(10)
    resources = Resources()
    isReadOnly = false
    temporaryFilesystems = []
    addedCapabilities = []
    droppedCapabilities = []
    sysctls = []
    ulimits = []
    extraHosts = []
    nameServers = []
    securityOptions = []
  }
}

/// A place of the host, or a volume, inside a container.
public struct Mount: Hashable, Codable, Sendable {
  public enum Kind: Hashable, Codable, Sendable {
    /// A path of the host.
    case bind
    /// A volume of the node, by its full name; made when missing. Driver options make bind volumes.
    case volume(driverOptions: [Setting])
    case temporary
  }

  public var kind: Kind
  /// The host's path or the volume's name; empty for an anonymous volume or a temporary file system.
  public var source: String
  /// The path in the container.
  public var target: String
  public var isReadOnly: Bool

  public init(kind: Kind, source: String, target: String, isReadOnly: Bool = false) {
    self.kind = kind
    self.source = source
    self.target = target
    self.isReadOnly = isReadOnly
  }
}

/// A published port.
public struct Port: Hashable, Codable, Sendable {
  public enum Mode: UInt64, Hashable, Codable, Sendable {
    /// The zone's load balancer listens on the published port and spreads over the zone's tasks.
    case balanced = 0
    /// The container's own node listens; one task a node can have it.
    case host = 1
  }

  public enum Transport: UInt64, Hashable, Codable, Sendable {
    case tcp = 0
    case udp = 1
  }

  /// Inside the container: 1 to 65535.
  public var target: Int
  /// On the zone's machines: 1 to 65535.
  public var published: Int
  public var transport: Transport
  public var mode: Mode

  public init(target: Int, published: Int, transport: Transport = .tcp, mode: Mode = .balanced) {
    self.target = target
    self.published = published
    self.transport = transport
    self.mode = mode
  }
}

/// How Docker asks a container whether it is well.
public struct Healthcheck: Hashable, Codable, Sendable {
  /// Docker's form: `["CMD", …]`, `["CMD-SHELL", line]`, or `["NONE"]` to switch the image's own off.
  public var test: [String]
  public var interval: Duration
  public var timeout: Duration
  public var startPeriod: Duration
  public var retries: Int

  public init(
    test: [String], interval: Duration = .seconds(30), timeout: Duration = .seconds(30),
    startPeriod: Duration = .zero, retries: Int = 3
  ) {
    self.test = test
    self.interval = interval
    self.timeout = timeout
    self.startPeriod = startPeriod
    self.retries = retries
  }
}

/// What a task may use, and what a node must have left for it.
public struct Resources: Hashable, Codable, Sendable {
  /// Billionths of a processor; 0 is no limit.
  public var limitNanoCPUs: Int64
  /// Bytes; 0 is no limit.
  public var limitMemoryBytes: Int64
  public var limitProcesses: Int64
  public var reservedNanoCPUs: Int64
  public var reservedMemoryBytes: Int64

  public init(
    limitNanoCPUs: Int64 = 0, limitMemoryBytes: Int64 = 0, limitProcesses: Int64 = 0,
    reservedNanoCPUs: Int64 = 0, reservedMemoryBytes: Int64 = 0
  ) {
    self.limitNanoCPUs = limitNanoCPUs
    self.limitMemoryBytes = limitMemoryBytes
    self.limitProcesses = limitProcesses
    self.reservedNanoCPUs = reservedNanoCPUs
    self.reservedMemoryBytes = reservedMemoryBytes
  }
}

public struct Ulimit: Hashable, Codable, Sendable {
  public var name: String
  public var soft: Int64
  public var hard: Int64

  public init(name: String, soft: Int64, hard: Int64) {
    self.name = name
    self.soft = soft
    self.hard = hard
  }
}

/// Docker's log driver and its options.
public struct Logging: Hashable, Codable, Sendable {
  public var driver: String
  public var options: [Setting]

  public init(driver: String, options: [Setting]) {
    self.driver = driver
    self.options = options
  }
}

/// Where a service's tasks may run and how they spread.
public struct Placement: Hashable, Codable, Sendable {
  public var constraints: [Constraint]
  /// Node labels to spread over, after zones; the most important first.
  public var spread: [String]
  /// 0 is no limit.
  public var maximumPerNode: Int

  public init(constraints: [Constraint] = [], spread: [String] = [], maximumPerNode: Int = 0) {
    self.constraints = constraints
    self.spread = spread
    self.maximumPerNode = maximumPerNode
  }
}

/// One of Docker's placement constraints, such as `node.labels.zone == a`.
public struct Constraint: Hashable, Codable, Sendable, CustomStringConvertible {
  public enum Attribute: Hashable, Codable, Sendable {
    case id
    case hostname
    case role
    /// The node's zone: `node.zone`, Tercet's own.
    case zone
    case operatingSystem
    case architecture
    case label(String)
  }

  public var attribute: Attribute
  public var isEqual: Bool
  public var value: String

  public init(attribute: Attribute, isEqual: Bool, value: String) {
    self.attribute = attribute
    self.isEqual = isEqual
    self.value = value
  }

  public var description: String {
    let name =
      switch attribute {
      case .id: "node.id"
      case .hostname: "node.hostname"
      case .role: "node.role"
      case .zone: "node.zone"
      case .operatingSystem: "node.platform.os"
      case .architecture: "node.platform.arch"
      case .label(let label): "node.labels.\(label)"
      }
    return "\(name) \(isEqual ? "==" : "!=") \(value)"
  }
}

/// What happens when a container ends by itself.
public struct RestartPolicy: Hashable, Codable, Sendable {
  public enum Condition: UInt64, Hashable, Codable, Sendable {
    case any = 0
    case onFailure = 1
    case none = 2
  }

  public var condition: Condition
  /// Between two attempts; the first replacement is immediate.
  public var delay: Duration
  /// Replacements of one slot before it is given up; 0 is no limit.
  public var maximumAttempts: Int
  /// A task that ran so long starts counting anew.
  public var window: Duration

  public init(
    condition: Condition = .any, delay: Duration = .seconds(5), maximumAttempts: Int = 0,
    window: Duration = .seconds(60)
  ) {
    self.condition = condition
    self.delay = delay
    self.maximumAttempts = maximumAttempts
    self.window = window
  }

  /// Whether a task that ended has done what it was for, and is not to run again.
  public func isOver(succeeded: Bool) -> Bool {
    switch condition {
    case .any: false
    case .onFailure: succeeded
    case .none: true
    }
  }
}

/// How a new revision replaces the old one.
public struct UpdatePolicy: Hashable, Codable, Sendable {
  public enum Order: UInt64, Hashable, Codable, Sendable {
    case stopFirst = 0
    case startFirst = 1
  }

  public enum FailureAction: UInt64, Hashable, Codable, Sendable {
    case pause = 0
    case proceed = 1
    case rollBack = 2
  }

  /// Tasks replaced at the same time; 0 is all at once.
  public var parallelism: Int
  public var delay: Duration
  /// A task that fails within this time after it was well counts as a failure of the update.
  public var monitor: Duration
  public var failureAction: FailureAction
  /// Failures tolerated, in thousandths of the tasks.
  public var maximumFailurePermille: Int
  public var order: Order

  public init(
    parallelism: Int = 1, delay: Duration = .zero, monitor: Duration = .seconds(5),
    failureAction: FailureAction = .pause, maximumFailurePermille: Int = 0, order: Order = .stopFirst
  ) {
    self.parallelism = parallelism
    self.delay = delay
    self.monitor = monitor
    self.failureAction = failureAction
    self.maximumFailurePermille = maximumFailurePermille
    self.order = order
  }

  /// How many tasks may be missing while they are replaced.
  public var replaceable: Int {
    switch order {
    case .startFirst: 0
    case .stopFirst: parallelism == 0 ? .max : parallelism
    }
  }

  /// Docker Swarm's defaults (`docker service create --help`).
  public static let update = UpdatePolicy()
  public static let rollback = UpdatePolicy()
}
