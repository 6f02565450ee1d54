public import Cluster
public import Raft

/// Control: what the leader decides. Pure: from the committed state and the nodes' reports to the intents that
/// bring the cluster nearer to what is wanted. Every decision is committed before it has an effect, so a later
/// leader goes on where this one was.

/// What the leader looks at when it decides.
public struct Situation: Sendable {
  public var state: State
  /// The last report of each node, by node.
  public var reports: SortedMap<String, Report>
  /// When each node was last heard from, by node; a node never heard from counts from when this manager began
  /// to listen.
  public var heard: SortedMap<String, Instant>
  public var listeningSince: Instant
  /// Since when this manager leads: before that not everyone spoke to it often.
  public var leadingSince: Instant
  public var now: Instant

  public init(
    state: State, reports: SortedMap<String, Report>, heard: SortedMap<String, Instant>,
    listeningSince: Instant, leadingSince: Instant, now: Instant
  ) {
    self.state = state
    self.reports = reports
    self.heard = heard
    self.listeningSince = listeningSince
    self.leadingSince = leadingSince
    self.now = now
  }

  /// For how long nothing has been heard from a node.
  public func silence(of node: String) -> Duration {
    now - max(heard[node] ?? listeningSince, listeningSince)
  }

  /// Whether anything has been heard from a node since this manager listens.
  func hasHeard(_ node: String) -> Bool { heard[node].map { $0 >= listeningSince } ?? false }

  /// For how long a node has kept silent towards this leader, who hears every manager several times a second.
  func silenceAsLeader(of node: String) -> Duration {
    min(silence(of: node), now - leadingSince)
  }

  /// The last report of a node, if it is not silent: what it says is still so.
  func report(of node: String, within limit: Duration) -> Report? {
    guard silence(of: node) < limit else { return nil }
    return reports[node]
  }

  /// How a task is, as its node last said; nil when the node has not spoken of it.
  func phase(of task: Task) -> TaskReport.Phase? {
    reports[task.node]?.tasks.first { $0.task == task.id }?.phase
  }

  func database(_ name: String, on node: String) -> DatabaseObservation? {
    reports[node]?.databases.first { $0.database == name }
  }
}

/// The times the controllers keep. All are bounds on waiting; none decides who may write.
public struct ControlSettings: Hashable, Sendable {
  /// A node that is silent for so long is lost, and its tasks are replaced.
  public var nodeLostAfter: Duration = .seconds(2)
  /// A primary whose node is silent for so long is replaced by its secondary.
  public var databaseFailoverAfter: Duration = .milliseconds(600)
  /// A primary whose server is down for so long, though its manager reports, is replaced by its secondary.
  public var databaseRestartWithin: Duration = .seconds(5)
  /// A switchover that has not stopped the old primary by then is given up.
  public var switchoverWithin: Duration = .seconds(30)
  /// A zone that has been back for so long gets its share of the tasks again.
  public var rebalanceAfter: Duration = .seconds(30)
  /// A rollout without any progress for so long has failed.
  public var progressWithin: Duration = .seconds(600)
  /// Caches' positions are committed at most so often.
  public var cachePositionInterval: Duration = .seconds(1)
  /// A cache's purges are through, with their second pass, when its manager has worked on for so long: a minute for the
  /// slowest page that was being fetched (`VarnishCache.Configuration`), and what it takes to notice.
  public var secondPassWithin: Duration = .seconds(65)

  public init() {}
}
