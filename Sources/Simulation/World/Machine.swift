public import Cluster
public import Manager
import Raft

/// A machine: its manager, if it runs, its disk and clock, and its local services, which live on without a manager.
public struct Machine: Sendable {
  public private(set) var configuration: Manager.Configuration
  /// Whose place its manager is to take; nil if it is the first.
  private(set) var predecessor: NodeID?
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
    disk = Disk(configuration.foundingMembership, machine: place)
  }

  /// The manager has lost its disk.
  mutating func wipe() { disk.wipe(configuration.foundingMembership) }

  /// Another manager, with a disk of its own, is set up on this machine in place of the one there was.
  mutating func setUp(newManager id: NodeID) {
    let own = configuration.id
    predecessor = own
    configuration.id = id
    configuration.managers =
      (configuration.managers.filter { $0.id != own } + [.init(id: id, name: name, zone: zone)])
      .sorted { $0.id < $1.id }
    configuration.isJoining = true
    disk.replace(configuration.foundingMembership)
  }

  var id: NodeID { configuration.id }
  public var name: String { configuration.node.name }
  public var zone: String { configuration.node.zone }
  var node: NodeDescription { configuration.node }
  func isAlive(_ life: Int) -> Bool { manager != nil && self.life == life }
}
