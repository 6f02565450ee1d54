public import Cluster
public import Manager
import Raft

/// A machine: its manager, if it runs, its disk, and its local services, which live on without a manager.
public struct Machine: Sendable {
  public let configuration: Manager.Configuration
  public internal(set) var manager: Manager?
  /// Rises with each start of the manager: what was meant for an earlier life reaches nobody.
  var life = 0
  var timer = Instant.never
  var disk: Disk
  var diskBusyUntil = Instant.origin
  public var containers = ContainerModel()
  public var cache = CacheModel()
  public var databases: [String: DatabaseModel] = [:]
  public var balancing = Balancing()

  init(_ configuration: Manager.Configuration) {
    self.configuration = configuration
    disk = Disk(Membership(voters: configuration.managers.map(\.id)))
  }

  var id: NodeID { configuration.id }
  var name: String { configuration.node.name }
  func isAlive(_ life: Int) -> Bool { manager != nil && self.life == life }
}

/// What is durable on a machine's disk.
struct Disk: Sendable {
  private(set) var restored: Restored

  init(_ founding: Membership) { restored = .fresh(founding) }

  mutating func apply(_ write: Write) {
    if let snapshot = write.snapshot { restored.snapshot = snapshot }
    if let through = write.compactThrough { restored.entries.removeAll { $0.index <= through } }
    if let from = write.removeFrom { restored.entries.removeAll { $0.index >= from } }
    restored.entries += write.entries
    if let hardState = write.hardState { restored.hardState = hardState }
    restored.commit = max(restored.commit, write.commit)
  }
}

/// Docker on one machine.
public struct ContainerModel: Sendable {
  public var running: [ContainerObservation] = []
  /// Containers started since the beginning.
  public var starts = 0
  /// Images whose containers end at once.
  public var broken: Set<String> = []

  mutating func run(_ launch: TaskLaunch, at now: Instant) {
    guard !running.contains(where: { $0.task == launch.task.id }) else { return }
    starts += 1
    var container = ContainerObservation(
      task: launch.task.id, name: launch.task.containerName, container: "c\(launch.task.id)",
      condition: .running,
      health: launch.template.healthcheck == nil ? .unchecked : .healthy)
    if broken.contains(launch.template.image) {
      container.condition = .exited(code: 1, outOfMemory: false, message: "broken")
    }
    container.address = "172.17.0.2"
    container.startedMilliseconds = now.nanoseconds / 1_000_000
    running.append(container)
    running.sort { $0.task < $1.task }
  }
}

/// Varnish on one machine: what it has forgotten, in order.
public struct CacheModel: Sendable {
  public var isReachable = true
  public var purged: [Purge] = []
  public var flushes = 0
}

/// One Postgres server with its data.
public struct DatabaseModel: Sendable {
  public enum Server: Hashable, Sendable {
    case stopped
    case primary
    case standby
  }

  public var server = Server.stopped
  public var identifier: UInt64?
  public var timeline: UInt64 = 1
  /// Each element is one committed row.
  public var log: [String] = []
  /// Rows the client was told about.
  public var shutdown: LSN?
  public var synchronousStandby: String?
  public var standbyName = ""
  public var upstream = ""
  public var epoch: UInt64 = 0
  var streaming = false
  var isSentAway = false
  /// The position after the last record; each row takes 100 bytes.
  var position: LSN { LSN(UInt64(log.count) * 100 + 1_000) }
}
