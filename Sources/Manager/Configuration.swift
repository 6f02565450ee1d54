public import Cluster
public import Control
public import Raft

extension Manager {
  /// What a manager is told at its start and keeps for its life.
  public struct Configuration: Sendable {
    /// The cluster's identity, fixed at its bootstrap.
    public var cluster: String
    public var id: NodeID
    public var node: NodeDescription
    /// All managers as far as its operator knows, this one included. What the log says of them counts more.
    public var managers: [Peer]
    /// Whether this manager joins a cluster that exists: it waits to be taken in, and never begins one.
    public var isJoining = false
    /// The highest level that this program understands; another one only where an older program is played.
    public var featureLevel = FeatureLevel.current
    public var raft: Settings
    public var control: ControlSettings
    /// How often a node reports when nothing changes.
    public var reportInterval: Duration = .milliseconds(500)
    /// How long a request may wait for its majority.
    public var requestTimeout: Duration = .seconds(4)
    /// A snapshot is made after so many entries, or so many bytes of entries. The entries since the last one are
    /// held in memory.
    public var snapshotEntries = 10_000
    public var snapshotBytes = 4 << 20
    /// When nothing was applied for so long, a quarter of a mebibyte is enough: a log at rest needs no memory.
    public var restBytes = 256 << 10
    public var restAfter: Duration = .seconds(5)
    /// How long a better place for the leader must have been there before leadership moves.
    public var transferAfter: Duration = .seconds(3)

    public init(
      cluster: String, id: NodeID, node: NodeDescription, managers: [Peer], raft: Settings = .standard,
      control: ControlSettings = ControlSettings()
    ) {
      self.cluster = cluster
      self.id = id
      self.node = node
      self.managers = managers.sorted { $0.id < $1.id }
      self.raft = raft
      self.control = control
    }

    /// By how much the first snapshot under load is made earlier: the managers make theirs in turn, not all at the same
    /// entry, so that while one's disk is busy with it the others' are a majority.
    var snapshotLead: Int { snapshotBytes / 3 * Int(id.rawValue % 3) }

    /// The membership with which this manager's log begins. One that joins learns it.
    public var foundingMembership: Membership {
      Membership(voters: isJoining ? [] : managers.map(\.id))
    }

    func manager(_ id: NodeID) -> Peer? { managers.first { $0.id == id } }
  }

  /// A manager as the others know it.
  public struct Peer: Hashable, Sendable {
    public var id: NodeID
    public var name: String
    public var zone: String

    public init(id: NodeID, name: String, zone: String) {
      self.id = id
      self.name = name
      self.zone = zone
    }
  }
}
