/// What a node says of itself; committed when it first reports and whenever it changes.
public struct NodeDescription: Hashable, Codable, Sendable {
  public var name: String
  public var zone: String
  /// The node's own address, as other nodes and its containers reach it.
  public var address: String
  /// Sorted by name.
  public var labels: [Setting]
  public var operatingSystem: String
  public var architecture: String
  /// Whether it votes and holds the log (`manager`), in the words of Docker's `node.role`.
  public var isManager: Bool
  /// Billionths of a processor in all.
  public var nanoCPUs: Int64
  /// Bytes in all.
  public var memoryBytes: Int64
  /// What is managed there.
  public var runsContainers: Bool
  public var runsDatabases: Bool
  public var runsBalancer: Bool
  /// The name of its Varnish, if it has one.
  public var cache: String?
  /// The program's version.
  public var version: String

  public init(name: String, zone: String, address: String) {
    self.name = name
    self.zone = zone
    self.address = address
    labels = []
    operatingSystem = "linux"
    architecture = "x86_64"
    isManager = true
    nanoCPUs = 0
    memoryBytes = 0
    runsContainers = false
    runsDatabases = false
    runsBalancer = false
    cache = nil
    version = ""
  }

  /// A node without data: the leader's preferred place, so that losing a data zone needs no election.
  public var onlyDecides: Bool { !runsContainers && !runsDatabases && cache == nil }
}

/// A node as the log has it.
public struct Node: Hashable, Codable, Sendable {
  public enum Availability: UInt64, Hashable, Codable, Sendable {
    case active = 0
    /// An operator asked to empty it.
    case drained = 1
  }

  public enum Health: UInt64, Hashable, Codable, Sendable {
    case ready = 0
    /// It has not reported for the configured time; its tasks are replaced elsewhere.
    case lost = 1
  }

  public var description: NodeDescription
  public var availability: Availability
  public var health: Health

  public init(
    description: NodeDescription, availability: Availability = .active, health: Health = .ready
  ) {
    self.description = description
    self.availability = availability
    self.health = health
  }

  public var name: String { description.name }
  public var zone: String { description.zone }
  /// Whether new tasks may be placed on it.
  public var takesTasks: Bool { availability == .active && health == .ready && description.runsContainers }
}
