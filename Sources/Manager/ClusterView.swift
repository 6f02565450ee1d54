public import Cluster
public import Raft

/// What one manager knows of the cluster at a moment: what operators are shown. It may be behind; a reader who
/// needs to be sure asks for a barrier first.
public struct ClusterView: Sendable {
  /// The manager whose view this is.
  public var node: String
  public var leadership: Leadership
  public var commitIndex: Index
  /// In the order of their identities.
  public var managers: [ManagerStatus]
  public var state: State
  /// The last report of each node that has sent one, with its age; sorted by node.
  public var reports: [ReceivedReport]
  /// A report that is older says nothing of the present.
  public var maximumReportAge: Duration
  /// Whether the state is known to be the cluster's, not one left over from before a restart.
  public var isCurrent: Bool
  /// How long ago the state was last known to be the cluster's: near zero while a leader is heard.
  public var unconfirmedFor: Duration
  /// This manager's wall clock, milliseconds since 1970.
  public var wallClockMilliseconds: Int64

  public struct ManagerStatus: Hashable, Sendable {
    public var id: NodeID
    public var name: String
    public var zone: String
    /// It was heard from within the time after which a node counts as lost.
    public var isReachable: Bool
    /// As it last reported; nil before it ever did.
    public var appliedIndex: Index?
    /// Why it takes no part though it runs, and what to do; nil if nothing is known against it.
    public var complaint: String?
    /// Whether it decides with others, or only learns what they decide.
    public var isVoter: Bool
    /// Where it is, if it joined after the beginning.
    public var address: String?

    public init(
      id: NodeID, name: String, zone: String, isReachable: Bool, appliedIndex: Index?,
      complaint: String? = nil,
      isVoter: Bool = true, address: String? = nil
    ) {
      self.id = id
      self.name = name
      self.zone = zone
      self.isReachable = isReachable
      self.appliedIndex = appliedIndex
      self.complaint = complaint
      self.isVoter = isVoter
      self.address = address
    }
  }

  public struct ReceivedReport: Hashable, Sendable {
    public var report: Report
    /// Since it was received.
    public var age: Duration

    public init(report: Report, age: Duration) {
      self.report = report
      self.age = age
    }
  }

  public init(
    node: String, leadership: Leadership, commitIndex: Index, managers: [ManagerStatus], state: State,
    reports: [ReceivedReport], maximumReportAge: Duration = .seconds(2), isCurrent: Bool,
    unconfirmedFor: Duration = .zero, wallClockMilliseconds: Int64 = 0
  ) {
    self.node = node
    self.leadership = leadership
    self.commitIndex = commitIndex
    self.managers = managers
    self.state = state
    self.reports = reports
    self.maximumReportAge = maximumReportAge
    self.isCurrent = isCurrent
    self.unconfirmedFor = unconfirmedFor
    self.wallClockMilliseconds = wallClockMilliseconds
  }
}

extension ClusterView {
  /// What a manager shows that has stopped: nothing.
  public static func stopped(node: String) -> ClusterView {
    ClusterView(
      node: node, leadership: Leadership(term: 0, leader: nil, isLeader: false), commitIndex: 0, managers: [],
      state: State(cluster: ""), reports: [], isCurrent: false)
  }
}
