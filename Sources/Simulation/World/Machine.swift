public import Cluster
public import Manager
import Raft

/// A machine: its manager, if it runs, its disk and clock, and its local services, which live on without a manager.
public struct Machine: Sendable {
  public private(set) var configuration: Manager.Configuration
  /// Beside the configuration, for whoever asks often: reading them copies no machine.
  private(set) var id: NodeID
  public let name: String
  public let zone: String
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
  /// How the manager was after its last step; says nothing while there is none.
  var glance = Glance()
  /// What its drivers have told the manager.
  var told = Told()
  /// When the world will next wake the manager, and the number of that event: an earlier one has lost its meaning.
  var wake = Instant.never
  var wakeNumber: UInt64 = 0
  var disk: Disk
  var clock: Clock
  /// Something its drivers see has changed, and they will tell.
  var isObservationDue = false
  /// How often that was so.
  var observations: UInt64 = 0
  public var containers = ContainerModel()
  public var cache = CacheModel()
  public var databases: [String: DatabaseModel] = [:]
  public var balancing = Balancing()

  init(_ configuration: Manager.Configuration, place: Int, clock: Clock) {
    self.configuration = configuration
    id = configuration.id
    name = configuration.node.name
    zone = configuration.node.zone
    self.clock = clock
    disk = Disk(configuration.foundingMembership, machine: place)
  }

  /// The manager has lost its disk.
  mutating func wipe() { disk.wipe(configuration.foundingMembership) }

  mutating func install(_ program: Program) { configuration.featureLevel = program.featureLevel }

  /// Another manager, with a disk of its own, is set up on this machine in place of the one there was.
  mutating func setUp(newManager id: NodeID) {
    let own = configuration.id
    predecessor = own
    self.id = id
    configuration.id = id
    configuration.managers =
      (configuration.managers.filter { $0.id != own } + [.init(id: id, name: name, zone: zone)])
      .sorted { $0.id < $1.id }
    configuration.isJoining = true
    disk.replace(configuration.foundingMembership)
  }

  var node: NodeDescription { configuration.node }
}

/// What the world asks of a manager after each of its steps: kept, because a manager is large, and asking it copies it.
struct Glance: Sendable {
  var isLeader = false
  var term: Term = 0
  var appliedIndex: Index = 0
  /// By the manager's own clock.
  var nextDeadline = Instant.never

  init() {}

  init(_ manager: borrowing Manager) {
    isLeader = manager.isLeader
    term = manager.raft.term
    appliedIndex = manager.state.appliedIndex
    nextDeadline = manager.nextDeadline
  }
}

/// What a machine's drivers told its manager last: like the real ones they report only what is news.
struct Told: Sendable {
  private var last: [String: Observation] = [:]

  /// Whether it is news; it counts as told then.
  mutating func isNews(_ observation: Observation, of service: String) -> Bool {
    guard last[service] != observation else { return false }
    last[service] = observation
    return true
  }
}
