internal import Cluster
public import DockerEngine
public import LoadBalancer
internal import Logging
public import PostgresServer
public import VarnishCache

/// The local services of a node, each behind its driver; what is nil is not managed here.
public struct Drivers: Sendable {
  public var containers: DockerEngine?
  public var databases: PostgresServer?
  public var caches: VarnishCaches?
  public var balancer: LoadBalancer?
  /// Ends when the balancer was told something new: whoever rolls out waits for what comes of it.
  private let balancerPause = Pause()

  public init(
    containers: DockerEngine? = nil, databases: PostgresServer? = nil, caches: VarnishCaches? = nil,
    balancer: LoadBalancer? = nil
  ) {
    self.containers = containers
    self.databases = databases
    self.caches = caches
    self.balancer = balancer
  }

  /// Carries out one action.
  func perform(_ action: Action) async -> ActionResult {
    switch action {
    case .runTask(let launch):
      guard let containers else { return .notManaged("containers") }
      return await containers.perform(runTask: launch)
    case .removeTask(let task, let name, let grace):
      guard let containers else { return .notManaged("containers") }
      return await containers.perform(removeTask: task, containerName: name, stopGracePeriod: grace)
    case .database(let action):
      guard let databases else { return .notManaged("databases") }
      return await databases.perform(action)
    case .cache(let action):
      guard let caches else { return .notManaged("caches") }
      do throws(VarnishError) {
        guard let reason = try await caches.carryOut(action) else { return .done }
        return .replaced("it was emptied in the place of a purge: \(reason)")
      } catch {
        return .failed("\(error)")
      }
    case .balance(let balancing):
      guard let balancer else { return .notManaged("a load balancer") }
      defer { balancerPause.end() }
      do throws(LoadBalancerError) {
        try await balancer.carryOut(balancing)
        return .done
      } catch .portsTaken(let ports) {
        return .partial("\(LoadBalancerError.portsTaken(ports))")
      } catch {
        return .failed("\(error)")
      }
    }
  }

  /// Observes everything until cancelled.
  func observe(_ report: @escaping @Sendable (Observation) -> Void) async {
    await withDiscardingTaskGroup { group in
      if let containers { group.addTask { await containers.run(report) } }
      if let databases { group.addTask { await databases.run(report) } }
      if let caches { group.addTask { await caches.run { report(.cache($0)) } } }
      if let balancer { group.addTask { await watch(balancer, report) } }
    }
  }

  /// Closes all connections; the services run on.
  public func close() async {
    try? await containers?.shutdown()
    await databases?.shutdown()
    await caches?.close()
  }

  private func watch(_ balancer: LoadBalancer, _ report: @escaping @Sendable (Observation) -> Void) async {
    var last: Observation?
    while !_Concurrency.Task.isCancelled {
      let seen: Observation
      var isSettled = true
      do {
        let servers = try await balancer.servers()
        seen = .balancer(BalancerObservation(serving: servers.filter(\.isServing).map(\.name)))
        isSettled = servers.allSatisfy(\.isServing)
      } catch {
        seen = .unavailable(.balancer, reason: "\(error)")
      }
      if seen != last { report(seen) }
      last = seen
      // A rollout waits for servers that are not up yet.
      await balancerPause.sleep(for: .milliseconds(isSettled ? 2_000 : 100))
    }
  }
}

extension ActionResult {
  static func notManaged(_ what: String) -> ActionResult {
    .failed("this node does not manage \(what)")
  }
}
