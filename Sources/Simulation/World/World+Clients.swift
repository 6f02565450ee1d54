public import Cluster
public import Manager
import Raft

// MARK: Clients

extension World {
  /// Sends an intent to a machine's manager; the answer will stand in the call under the token.
  @discardableResult
  public mutating func submit(_ intent: Intent, to index: Int, request: RequestID? = nil) -> UInt64 {
    let token = drawToken(at: index)
    counters[.intents] += 1
    calls[token]?.write = intent.write
    calls[token]?.intent = intent
    if request == nil { calls[token]?.appliedBefore = invariants.appliedAnywhere }
    let request = request ?? RequestID(high: 1, low: token)
    chronicle?.note(now, index, .asked(intent.summary))
    step(index, .submit([.init(token: token, request: request, origin: "operator/test", intent: intent)]))
    return token
  }

  /// Sends a request once more: it must count as the one that it is.
  mutating func submitAgain(_ token: UInt64, to index: Int) {
    guard let intent = calls[token]?.intent else { return }
    submit(intent, to: index, request: RequestID(high: 1, low: token))
  }

  /// A purge at a machine's door.
  @discardableResult
  public mutating func purge(_ purges: [Purge], at index: Int) -> UInt64 {
    let token = drawToken(at: index)
    step(index, .purge([.init(token: token, origin: "door/test", purges: purges)]))
    return token
  }

  /// A linearizable read of how many tasks a service should have.
  @discardableResult
  public mutating func barrier(at index: Int) -> UInt64 {
    let token = drawToken(at: index)
    step(index, .barrier(token: token))
    return token
  }

  mutating func take(_ answer: Manager.Answer, for token: UInt64, at index: Int) {
    guard calls[token] != nil else { return }
    if calls[token]?.answer != nil {
      violate(.appliedOnce, "\(machines[index].name) answered one request twice")
    }
    calls[token]?.answer = answer
    calls[token]?.returned = now
    switch answer {
    case .purged: counters[.purges] += 1
    case .noQuorum: counters[.timeouts] += 1
    case .applied(let applied) where applied.outcome.isRefused: counters[.refusals] += 1
    case .current: calls[token]?.reads = machines[index].manager?.registers() ?? [:]
    case .applied(let applied):
      if applied.index > (machines[index].manager?.state.appliedIndex ?? 0) {
        violate(
          .acknowledgedIsCommitted, "\(machines[index].name) answered for index \(applied.index) before it")
      }
      // What had been applied before it was asked for cannot stand behind it in the log.
      if let before = calls[token]?.appliedBefore, applied.index <= before {
        violate(
          .appliedOnce,
          "\(machines[index].name) answered for index \(applied.index), which was applied before it was asked"
        )
      }
    case .overloaded: counters[.overloads] += 1
    case .stopped: break
    }
  }

  /// What a client was told, if it was.
  public func answer(to token: UInt64) -> Manager.Answer? { calls[token]?.answer }
}

extension Intent {
  /// What it sets.
  fileprivate var write: (register: World.Register, value: Int)? {
    switch self {
    case .scale(ExampleStack.web, let count): return (.replicas, count)
    case .deploy(let stack):
      guard case .replicated(let count)? = stack.services.first?.mode else { return nil }
      return (.replicas, count)
    case .drain(let node): return (.drained(node: node), 1)
    case .activate(let node): return (.drained(node: node), 0)
    default: return nil
    }
  }
}

extension Manager {
  /// In place, as `live` is: what a reader sees.
  fileprivate mutating func registers() -> [World.Register: Int] {
    var values: [World.Register: Int] = [:]
    if case .replicated(let count)? = state.services[ExampleStack.web]?.specification.mode {
      values[.replicas] = count
    }
    for node in state.nodes.values {
      values[.drained(node: node.name)] = node.availability == .drained ? 1 : 0
    }
    return values
  }
}
