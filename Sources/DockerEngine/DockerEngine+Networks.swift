internal import Cluster
internal import Logging
internal import Raft
internal import Synchronization

extension DockerEngine {
  /// Removes the networks of stacks that have had no container here for two sweeps in a row: one sweep alone may fall
  /// between the end of a stack's last container and the start of its next.
  package func sweepNetworks() async throws {
    let present = Set(try await containers().compactMap { $0.labels[Labels.stack] })
    let unused = try await networks().filter { network in
      network.labels[Labels.stack].map { !present.contains($0) } ?? false
    }
    let suspects = networkGate.replaceSuspects(with: unused.map(\.id))
    var failure: (any Error)?
    for network in unused where suspects.contains(network.id) {
      // One that the engine cannot remove must not keep the others.
      do {
        try await remove(network, of: network.labels[Labels.stack] ?? "")
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
  }

  private func networks() async throws -> [NetworkSummary] {
    let filter = filters(["label": ["\(Labels.cluster)=\(cluster)"]])
    let request = EngineRequest(.get, "/networks", query: ["filters": filter], what: "list networks")
    return try await client.send(request).decode([NetworkSummary].self)
  }

  private func remove(_ network: NetworkSummary, of stack: String) async throws {
    guard networkGate.beginRemoval(stack) else { return }
    defer { networkGate.endRemoval(stack) }
    let request = EngineRequest(
      .delete, "/networks/\(network.id)", what: "remove the network \(network.name)")
    // 403: something of another owner is connected to it. 404: somebody was faster.
    let answer = try await client.send(request).accept(403, 404)
    if answer.isSuccess { logger.info("removed the network \(network.name), which nothing uses any more") }
  }

  /// Runs a launch while no network of its stack is removed.
  func keepingNetworks(of stack: String, _ launch: () async throws -> Void) async throws {
    while !networkGate.beginLaunch(stack) { try await sleep(.milliseconds(50)) }
    defer { networkGate.endLaunch(stack) }
    try await launch()
  }
}

/// Keeps launches and removals of networks apart, stack by stack.
final class NetworkGate: Sendable {
  private struct Guarded {
    var launches: [String: Int] = [:]
    var removals: Set<String> = []
    /// Networks that the last sweep found unused.
    var suspects: Set<String> = []
  }

  private let guarded = Mutex(Guarded())

  /// Returns those of the last sweep.
  func replaceSuspects(with networks: [String]) -> Set<String> {
    guarded.withLock { guarded in
      defer { guarded.suspects = Set(networks) }
      return guarded.suspects
    }
  }

  /// False while a network of the stack is being removed.
  func beginLaunch(_ stack: String) -> Bool {
    guarded.withLock { guarded in
      guard !guarded.removals.contains(stack) else { return false }
      guarded.launches[stack, default: 0] += 1
      return true
    }
  }

  func endLaunch(_ stack: String) {
    guarded.withLock { guarded in
      let left = (guarded.launches[stack] ?? 1) - 1
      guarded.launches[stack] = left > 0 ? left : nil
    }
  }

  /// False while a container of the stack is being made.
  func beginRemoval(_ stack: String) -> Bool {
    guarded.withLock { $0.launches[stack] == nil && $0.removals.insert(stack).inserted }
  }

  func endRemoval(_ stack: String) {
    guarded.withLock { _ = $0.removals.remove(stack) }
  }
}
