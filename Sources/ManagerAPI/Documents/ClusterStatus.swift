/// `GET /v1/status`: the cluster as the answering manager knows it. Property names are the JSON keys.
public struct ClusterStatus: Hashable, Codable, Sendable {
  /// The cluster's identity.
  public var cluster: String
  /// The manager that answered.
  public var answeredBy: String
  /// Whether what follows is known to be the cluster's state, not one left over from before a restart.
  public var isCurrent: Bool
  /// How long ago what follows was last known to be so: near zero while a leader is heard.
  public var unconfirmedMilliseconds: Int
  /// Missing while no leader is known: nothing can be changed until there is one.
  public var leader: Leader?
  /// Raft's term.
  public var term: UInt64
  /// Entries up to here are on a majority's disks.
  public var commitIndex: UInt64
  /// Entries up to here are what this document shows.
  public var appliedIndex: UInt64
  /// In the order of their identities.
  public var managers: [Manager]
  /// The identity that the next manager may have which joins: nobody has or had it.
  public var nextManagerID: UInt64?
  /// Sorted by name.
  public var nodes: [Node]
  /// Sorted names.
  public var stacks: [String]
  /// Sorted by name.
  public var services: [Service]
  /// Sorted by name.
  public var databases: [DatabaseStatus]
  /// Sorted by name.
  public var caches: [CacheStatus]
  /// What is wrong, in sentences for people, the worst first; empty when all is well.
  public var problems: [String]

  public struct Leader: Hashable, Codable, Sendable {
    public var name: String
    public var zone: String
  }

  public struct Manager: Hashable, Codable, Sendable {
    public var name: String
    public var zone: String
    /// Heard from by the answering manager within the time after which a node counts as lost.
    public var reachable: Bool
    /// As it last reported; missing before it ever did.
    public var appliedIndex: UInt64?
    /// Why it takes no part though it runs, and what to do; missing when nothing is known against it.
    public var complaint: String?
    /// Its identity: another one's when another disk takes its place.
    public var id: UInt64?
    /// `voter`, or `learner` while it does not decide.
    public var part: String?
    /// Missing for those that were there from the beginning: their nodes have it.
    public var address: String?
  }

  public struct Node: Hashable, Codable, Sendable {
    public var name: String
    public var zone: String
    public var address: String
    /// `active` or `drained`.
    public var availability: String
    /// `ready` or `lost`.
    public var health: String
    /// Since its last report arrived; missing when none has.
    public var reportAgeMilliseconds: Int?
    /// What does not work there, in its own words.
    public var problems: [String]
    public var version: String
  }

  public struct Service: Hashable, Codable, Sendable {
    /// `stack/service`.
    public var name: String
    public var wanted: Int
    /// Tasks that do their work now, of whatever revision.
    public var serving: Int
    /// Nothing is left to do: see `ServiceStatus.converged`.
    public var converged: Bool
    /// Missing when the service never changed.
    public var rollout: RolloutStatus?
  }
}
