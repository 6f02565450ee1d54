import PlantedBugs
public import Raft

/// What applying one entry did.
public struct Applied: Hashable, Sendable {
  public var index: Index
  public var outcome: Outcome
  /// The request had been applied before, at `index`.
  public var isRepeated: Bool

  public init(index: Index, outcome: Outcome, isRepeated: Bool = false) {
    self.index = index
    self.outcome = outcome
    self.isRepeated = isRepeated
  }
}

extension State {
  /// Takes note of an entry without an intent: a leader's opening entry or a membership.
  public mutating func skip(_ index: Index) {
    precondition(index == appliedIndex + 1, "entries are applied in order, each once")
    appliedIndex = index
  }

  /// Applies the intent at `index`, which follows the last applied one.
  public mutating func apply(_ proposal: Proposal, at index: Index) -> Applied {
    precondition(index == appliedIndex + 1, "entries are applied in order, each once")
    appliedIndex = index
    if let request = proposal.request, let answer = requests[request], !planted(.requestAppliedTwice) {
      return Applied(index: answer.index, outcome: answer.outcome, isRepeated: true)
    }
    let outcome = perform(proposal, at: index)
    if proposal.intent.movesTasks { setServiceCaches(at: index) }
    if let request = proposal.request, !proposal.isShared {
      requests.record(request, RequestLedger.Answer(index: index, outcome: outcome))
    }
    record(proposal, outcome, at: index)
    return Applied(index: index, outcome: outcome)
  }

  private mutating func perform(_ proposal: Proposal, at index: Index) -> Outcome {
    switch proposal.intent {
    case .deploy(let stack): deploy(stack, at: index)
    case .remove(let stack): remove(stack: stack)
    case .scale(let service, let replicas): scale(service, to: replicas)
    case .promote(let database): promote(database)
    case .purge(let purges): purge(purges, proposedAt: proposal.wallClockMilliseconds, at: index)
    case .drain(let node): setAvailability(node, .drained)
    case .activate(let node): setAvailability(node, .active)
    case .forget(let node): forget(node: node, at: index)
    case .register(let description): register(description, at: index)
    case .health(let node, let health): setHealth(node, health)
    case .assign(let remove, let add): assign(remove: remove, add: add, at: index)
    case .rollout(let service, let revision, let event): advance(service, revision: revision, event)
    case .database(let step): take(step)
    case .cachePositions(let positions): acknowledge(positions)
    case .managers(let change): self.change(change, at: index)
    case .managerStep(let step): take(step)
    case .recovery(let recovery): recover(recovery)
    case .raise(let level): raise(to: level)
    }
  }

  /// Positions of caches are bookkeeping and stay out of the history.
  private mutating func record(_ proposal: Proposal, _ outcome: Outcome, at index: Index) {
    if case .cachePositions = proposal.intent { return }
    history.append(
      HistoryRecord(
        index: index, wallClockMilliseconds: proposal.wallClockMilliseconds, origin: proposal.origin,
        summary: proposal.intent.summary, outcome: outcome),
      isPurge: proposal.intent.isPurge)
  }
}

extension Intent {
  /// Whether tasks, or the labels of their services, may be others afterwards.
  fileprivate var movesTasks: Bool {
    switch self {
    case .deploy, .remove, .assign: true
    default: false
    }
  }
}
