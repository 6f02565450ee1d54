/// A task as the log wants it: this slot of this service runs on this node, made from this revision. A task
/// that is no longer wanted is not in the state; its node stops and removes what is left of it, unless it was away when
/// that was decided and too little else serves.
public struct Task: Hashable, Codable, Sendable {
  public var id: TaskID
  public var service: ServiceName
  /// 1 and up; for a global service always 1 on its node.
  public var slot: Int
  public var node: String
  public var revision: UInt64
  /// How many tasks of this slot failed one after another before this one.
  public var attempt: Int

  public init(id: TaskID, service: ServiceName, slot: Int, node: String, revision: UInt64, attempt: Int) {
    self.id = id
    self.service = service
    self.slot = slot
    self.node = node
    self.revision = revision
    self.attempt = attempt
  }

  /// The container's name on its node, such as `example_web.1.a3f`.
  public var containerName: String { "\(service.stack)_\(service.service).\(slot).\(id)" }
}

/// A wish of the scheduler; `apply` gives the task its identity.
public struct Assignment: Hashable, Sendable {
  public var service: ServiceName
  public var slot: Int
  public var node: String
  public var revision: UInt64
  public var attempt: Int

  public init(service: ServiceName, slot: Int, node: String, revision: UInt64, attempt: Int = 0) {
    self.service = service
    self.slot = slot
    self.node = node
    self.revision = revision
    self.attempt = attempt
  }
}

/// A service as the log has it.
public struct ServiceState: Hashable, Codable, Sendable {
  /// What the last deployment asked for; `replicas` may have been scaled since.
  public var specification: Service
  /// The index of the entry that brought the template in force.
  public var revision: UInt64
  /// The revision before, to go back to.
  public var previousRevision: UInt64?
  /// Templates still in use, or kept to go back to; sorted by revision.
  public var revisions: [Revision]
  public var rollout: Rollout?

  public struct Revision: Hashable, Codable, Sendable {
    public var number: UInt64
    public var template: TaskTemplate

    public init(number: UInt64, template: TaskTemplate) {
      self.number = number
      self.template = template
    }
  }

  public init(specification: Service, revision: UInt64) {
    self.specification = specification
    self.revision = revision
    self.previousRevision = nil
    self.revisions = [Revision(number: revision, template: specification.template)]
    self.rollout = nil
  }

  public func template(of revision: UInt64) -> TaskTemplate? {
    revisions.first { $0.number == revision }?.template
  }

  /// Where visitors reach the tasks of a revision: at its ports that the service still publishes.
  public func balancedPorts(of revision: UInt64) -> [Port] {
    func balanced(_ template: TaskTemplate?) -> [Port] {
      template?.ports.filter { $0.mode == .balanced } ?? []
    }
    let published = balanced(specification.template).map(\.published)
    return balanced(template(of: revision)).filter { published.contains($0.published) }
  }

  /// The policy by which tasks are replaced at present. What has a port of its node cannot start beside what it
  /// replaces.
  public var replacement: UpdatePolicy {
    var policy = specification.update
    if case .rollingBack? = rollout?.phase { policy = specification.rollback }
    if specification.template.ports.contains(where: { $0.mode == .host }) { policy.order = .stopFirst }
    return policy
  }
}

/// A change of a service's revision on its way. Each step is committed, so that any later leader goes on where
/// the last one was.
public struct Rollout: Hashable, Codable, Sendable {
  public enum Phase: Hashable, Codable, Sendable {
    case updating
    case paused(reason: String)
    case completed
    case rollingBack(reason: String)
    case rolledBack(reason: String)
  }

  /// The revision before.
  public var from: UInt64
  /// The revision asked for.
  public var to: UInt64
  public var phase: Phase
  /// Tasks of the new revision that failed.
  public var failures: Int

  public init(from: UInt64, to: UInt64, phase: Phase = .updating, failures: Int = 0) {
    self.from = from
    self.to = to
    self.phase = phase
    self.failures = failures
  }

  /// Whether tasks still have to be replaced.
  public var isMoving: Bool {
    switch phase {
    case .updating, .rollingBack: true
    case .paused, .completed, .rolledBack: false
    }
  }
}

/// What the leader saw of a rollout.
public enum RolloutEvent: Hashable, Sendable {
  /// Tasks of the new revision failed.
  case failed(count: Int)
  case completed
  case paused(reason: String)
  case rollBack(reason: String)
}
