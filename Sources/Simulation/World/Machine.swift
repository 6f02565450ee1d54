public import Cluster
public import Manager
import Raft

/// A machine: its manager, if it runs, its disk and clock, and its local services, which live on without a manager.
public struct Machine: Sendable {
  public let configuration: Manager.Configuration
  public internal(set) var manager: Manager?
  /// Rises with each start of the manager: what was meant for an earlier life reaches nobody.
  var life = 0
  /// Whether it has power.
  var isOn = true
  /// The manager's process is frozen; what comes waits in the mailbox.
  var isPaused = false
  var mailbox: [Manager.Input] = []
  /// When the world will next wake the manager, and the number of that event: an earlier one has lost its meaning.
  var wake = Instant.never
  var wakeNumber: UInt64 = 0
  var disk: Disk
  var clock: Clock
  /// Something its drivers see has changed, and they will tell.
  var isObservationDue = false
  public var containers = ContainerModel()
  public var cache = CacheModel()
  public var databases: [String: DatabaseModel] = [:]
  public var balancing = Balancing()

  init(_ configuration: Manager.Configuration, place: Int, clock: Clock) {
    self.configuration = configuration
    self.clock = clock
    disk = Disk(Membership(voters: configuration.managers.map(\.id)), machine: place)
  }

  var id: NodeID { configuration.id }
  public var name: String { configuration.node.name }
  public var zone: String { configuration.node.zone }
  var node: NodeDescription { configuration.node }
  func isAlive(_ life: Int) -> Bool { manager != nil && self.life == life }
}
