/// FakeManager: a manager without Raft. It applies what it is given to a real state at once, and sees what a
/// test tells it to see.
public import Cluster
public import Manager
public import ManagerAPI
import Raft
import Synchronization

public final class FakeManager: ManagerGateway {
  /// Guards everything against the servers' tasks and the test's.
  private let world: Mutex<World>

  private struct World: Sendable {
    var view: ClusterView
    var failure: GatewayError?
    var watchers: [Int: AsyncStream<Void>.Continuation] = [:]
    var nextWatcher = 0
    var origins: [String] = []
    var purgeCalls: [[Purge]] = []
    var isHolding = false
    var held: [CheckedContinuation<Void, Never>] = []
    var logs: [LogLine] = []
    var wallClockMilliseconds: Int64 = 1_700_000_000_000
    var atBarrier: (@Sendable () -> Void)?
  }

  public init(node: String = "a", cluster: String = "lab-1f2e3d4c") {
    let names = ["a", "b", "c"]
    let managers = names.enumerated().map { ordinal, name in
      ClusterView.ManagerStatus(
        id: NodeID(UInt64(ordinal + 1)), name: name, zone: "zone-\(name)", isReachable: true, appliedIndex: 0)
    }
    world = Mutex(
      World(
        view: ClusterView(
          node: node, leadership: Leadership(term: 3, leader: NodeID(3), isLeader: node == "c"),
          commitIndex: 0,
          managers: managers, state: State(cluster: cluster), reports: [], isCurrent: true)))
  }

  // MARK: For tests

  /// Every request fails with this until it is nil again.
  public func fail(with failure: GatewayError?) {
    world.withLock { $0.failure = failure }
  }

  /// What this manager learns when it has to be current.
  public func setAtBarrier(_ catchUp: @escaping @Sendable () -> Void) {
    world.withLock { $0.atBarrier = catchUp }
  }

  public var origins: [String] { world.withLock { $0.origins } }

  /// What each call of `purge` brought.
  public var purgeCalls: [[Purge]] { world.withLock { $0.purgeCalls } }

  /// Batches of purges wait from now on until `release`.
  public func hold() { world.withLock { $0.isHolding = true } }

  public func release() {
    let held = world.withLock { world in
      defer { world.held = [] }
      world.isHolding = false
      return world.held
    }
    for continuation in held { continuation.resume() }
  }

  /// How many batches wait.
  public var heldCount: Int { world.withLock { $0.held.count } }

  public func setLogs(_ lines: [LogLine]) { world.withLock { $0.logs = lines } }

  /// Changes what this manager sees, and tells the watchers.
  public func see(_ change: (inout ClusterView) -> Void) {
    let watchers = world.withLock { world in
      change(&world.view)
      return Array(world.watchers.values)
    }
    for watcher in watchers { watcher.yield() }
  }

  /// Applies an intent as a leader's controller would.
  @discardableResult
  public func decide(
    _ intent: Intent, origin: String = "controller/c", wallClockMilliseconds: Int64? = nil
  ) -> Applied {
    apply(
      Proposal(request: nil, origin: origin, wallClockMilliseconds: 0, intent: intent), wallClockMilliseconds)
  }

  /// - Parameter wallClock: nil for a time that every entry has of its own.
  private func apply(_ proposal: Proposal, _ wallClock: Int64? = nil) -> Applied {
    var applied: Applied?
    see { view in
      var proposal = proposal
      proposal.wallClockMilliseconds = wallClock ?? 1_700_000_000_000 + Int64(view.state.appliedIndex)
      let result = view.state.apply(proposal, at: view.state.appliedIndex + 1)
      view.commitIndex = view.state.appliedIndex
      for place in view.managers.indices { view.managers[place].appliedIndex = view.commitIndex }
      applied = result
    }
    guard let applied else { preconditionFailure("the change above has run") }
    return applied
  }

  // MARK: ManagerGateway

  public func submit(
    _ intent: Intent, request: RequestID, origin: String
  ) async throws(GatewayError) -> Applied {
    try check()
    world.withLock { $0.origins.append(origin) }
    // What an entry brings comes after all entries before it.
    world.withLock { $0.atBarrier }?()
    return apply(Proposal(request: request, origin: origin, wallClockMilliseconds: 0, intent: intent))
  }

  public func purge(_ purges: [Purge], origin: String) async throws(GatewayError) {
    await withCheckedContinuation { continuation in
      let isHeld = world.withLock { world in
        if world.isHolding { world.held.append(continuation) }
        return world.isHolding
      }
      if !isHeld { continuation.resume() }
    }
    try take(purges, origin: origin)
  }

  public func purge(
    _ purges: [Purge], origin: String, done: @escaping @Sendable (Result<Void, GatewayError>) -> Void
  ) {
    do throws(GatewayError) {
      try take(purges, origin: origin)
      done(.success(()))
    } catch {
      done(.failure(error))
    }
  }

  private func take(_ purges: [Purge], origin: String) throws(GatewayError) {
    try check()
    world.withLock { $0.purgeCalls.append(purges) }
    _ = apply(
      Proposal(request: nil, origin: origin, wallClockMilliseconds: 0, intent: .purge(purges)))
  }

  private func check() throws(GatewayError) {
    if let failure = world.withLock({ $0.failure }) { throw failure }
  }

  public func barrier() async throws(GatewayError) {
    try check()
    world.withLock { $0.atBarrier }?()
  }

  public func view() async -> ClusterView { world.withLock { $0.view } }

  public func changes() async -> AsyncStream<Void> {
    let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    let number = world.withLock { world in
      world.nextWatcher += 1
      world.watchers[world.nextWatcher] = continuation
      return world.nextWatcher
    }
    continuation.onTermination = { [weak self] _ in
      self?.world.withLock { _ = $0.watchers.removeValue(forKey: number) }
    }
    return stream
  }

  /// Whoever watches changes now.
  public var watchers: Int { world.withLock { $0.watchers.count } }

  public func logs(
    of service: ServiceName, tail: Int?, sinceMilliseconds: Int64?, follows: Bool
  ) async throws(GatewayError) -> AsyncThrowingStream<LogLine, any Error> {
    try check()
    let all = world.withLock { $0.logs }.filter { $0.wallClockMilliseconds >= sinceMilliseconds ?? 0 }
    let lines = tail.map { all.suffix($0) } ?? all[...]
    return AsyncThrowingStream { continuation in
      for line in lines { continuation.yield(line) }
      if !follows { continuation.finish() }
    }
  }
}
