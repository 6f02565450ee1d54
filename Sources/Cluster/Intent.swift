/// What someone wants: the unit of the log. Operators and the leader's controllers both only propose.
public enum Intent: Hashable, Sendable {
  // MARK: Operators
  case deploy(Stack)
  case remove(stack: String)
  case scale(ServiceName, replicas: Int)
  case promote(database: String)
  case purge([Purge])
  case drain(node: String)
  case activate(node: String)
  /// A node that is gone for good, with its cache.
  case forget(node: String)
  case managers(ManagerChange)
  /// Never proposed: it is written into the log of a stopped manager.
  case recovery(Recovery)
  // MARK: Decisions of the leader's controllers
  case register(NodeDescription)
  case health(node: String, Node.Health)
  /// Tasks that are no longer wanted, and new ones in their place: all or nothing.
  case assign(remove: [TaskID], add: [Assignment])
  case rollout(ServiceName, revision: UInt64, RolloutEvent)
  case database(DatabaseStep)
  case cachePositions([CachePosition])
  case managerStep(ManagerStep)
  /// All managers understand this level.
  case raise(FeatureLevel)

  public var isPurge: Bool {
    if case .purge = self { true } else { false }
  }
}

/// An intent on its way into the log: with who wants it and when.
public struct Proposal: Hashable, Sendable {
  /// Drawn by clients, and by managers for their door's purges; nil for decisions.
  public var request: RequestID?
  /// Such as `operator/ana`, `door/a` or `controller/c`.
  public var origin: String
  /// The proposing manager's wall clock, milliseconds since 1970: for people, never for decisions.
  public var wallClockMilliseconds: Int64
  public var intent: Intent
  /// A manager gathered it from purges that came at its door without a request of their own. It may be applied twice
  /// without harm and is not remembered: thousands a second would push out what clients may send again.
  public var isShared: Bool

  public init(
    request: RequestID?, origin: String, wallClockMilliseconds: Int64, intent: Intent, isShared: Bool = false
  ) {
    self.request = request
    self.origin = origin
    self.wallClockMilliseconds = wallClockMilliseconds
    self.intent = intent
    self.isShared = isShared
  }

  /// Whether the clock may have shown it: no earlier than 1970, and within what JSON's readers hold exactly.
  public var hasPossibleTime: Bool { (0...(1 << 53)).contains(wallClockMilliseconds) }
}

/// What became of an intent when it was applied.
public enum Outcome: Hashable, Codable, Sendable {
  /// It is in force.
  case accepted
  /// The cluster is already so.
  case unchanged
  /// It cannot be; the state is as before.
  case refused(reason: String)

  public var isRefused: Bool {
    if case .refused = self { true } else { false }
  }
}

/// A line of the cluster's history.
public struct HistoryRecord: Hashable, Codable, Sendable {
  public var index: UInt64
  public var wallClockMilliseconds: Int64
  public var origin: String
  /// In words, without secrets, such as `scale example/web to 4`.
  public var summary: String
  public var outcome: Outcome

  public init(
    index: UInt64, wallClockMilliseconds: Int64, origin: String, summary: String, outcome: Outcome
  ) {
    self.index = index
    self.wallClockMilliseconds = wallClockMilliseconds
    self.origin = origin
    self.summary = summary
    self.outcome = outcome
  }
}
