public import Cluster
public import Manager
import Raft

// MARK: Clients

extension World {
  /// Sends an intent to a machine's manager; the answer will stand in the call under the token.
  @discardableResult
  public mutating func submit(_ intent: Intent, to index: Int, request: RequestID? = nil) -> UInt64 {
    let token = drawToken(at: index)
    let request = request ?? RequestID(high: 1, low: token)
    counters[.intents] += 1
    calls[token]?.replicas = intent.replicas
    calls[token]?.intent = intent
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
    case .current:
      calls[token]?.read = machines[index].manager?.state.services[ExampleStack.web].flatMap { service in
        if case .replicated(let count) = service.specification.mode { count } else { nil }
      }
    case .applied(let applied):
      if applied.index > (machines[index].manager?.state.appliedIndex ?? 0) {
        violate(
          .acknowledgedIsCommitted, "\(machines[index].name) answered for index \(applied.index) before it")
      }
    case .overloaded, .stopped: break
    }
  }

  /// What a client was told, if it was.
  public func answer(to token: UInt64) -> Manager.Answer? { calls[token]?.answer }
}

extension Intent {
  /// How many tasks the example's service should have after it.
  fileprivate var replicas: Int? {
    switch self {
    case .scale(ExampleStack.web, let count): return count
    case .deploy(let stack):
      guard case .replicated(let count)? = stack.services.first?.mode else { return nil }
      return count
    default: return nil
    }
  }
}
