internal import AsyncHTTPClient
public import Cluster
internal import Foundation
internal import Logging
internal import NIOCore
internal import Raft
internal import Synchronization

extension DockerEngine {
  /// After an event the engine often has more to tell at once.
  private static let debounce = Duration.milliseconds(20)
  /// Events can be lost with the engine's patience; a look at everything cannot.
  private static let fullLook = Duration.seconds(10)
  private static let shortestPause = Duration.milliseconds(100)
  private static let longestPause = Duration.seconds(2)

  /// Reports all containers of the cluster, at the start and whenever something about them changed, and that the
  /// engine is away, once for each reason. Ends when the calling task is cancelled.
  ///
  /// - Parameter report: called from one task at a time.
  public func run(_ report: @escaping @Sendable (Observation) -> Void) async {
    var pause = Self.shortestPause
    var lastReason: String?
    while !_Concurrency.Task.isCancelled {
      let inventory = Inventory(engine: self)
      do {
        try await watch(inventory) { observation in report(observation) }
      } catch {
        if _Concurrency.Task.isCancelled { return }
        client.forgetVersion()
        if await inventory.hasReported { (pause, lastReason) = (Self.shortestPause, nil) }
        let reason = "\(error)"
        if reason != lastReason {
          logger.warning("containers are out of sight", metadata: ["reason": "\(reason)"])
          report(.unavailable(.containers, reason: reason))
          lastReason = reason
        }
      }
      try? await sleep(pause)
      pause = min(pause * 2, Self.longestPause)
    }
  }

  /// Follows the engine until its connection ends, which is always an error.
  private func watch(_ inventory: Inventory, _ report: @escaping @Sendable (Observation) -> Void) async throws
  {
    let events = try await client.stream(eventsRequest)
    let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { [client, socket = client.socket] in
        var splitter = LineSplitter()
        try await client.translated {
          for try await chunk in events {
            for line in splitter.lines(in: chunk.readableBytesView) {
              await inventory.invalidate(try? JSONDecoder().decode(EventLine.self, from: Data(line)).actor.id)
              wake.yield()
            }
          }
        }
        throw DockerError.unavailable(path: socket, reason: "it ended the stream of events")
      }
      group.addTask { [self] in
        while true {
          try await sleep(Self.fullLook)
          await inventory.invalidate(nil)
          wake.yield()
          do {
            try await sweepNetworks()
          } catch {
            // Nothing waits for it: the next look tries again.
            logger.debug("unused networks stay for now", metadata: ["reason": "\(error)"])
          }
        }
      }
      group.addTask {
        if let first = try await inventory.refreshed() { report(first) }
        for await _ in wakes {
          try await sleep(Self.debounce)
          if let changed = try await inventory.refreshed() { report(changed) }
        }
      }
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  private var eventsRequest: EngineRequest {
    let kinds = [
      "create", "start", "die", "oom", "destroy", "rename", "pause", "unpause", "health_status",
    ]
    let filter = filters(["type": ["container"], "event": kinds, "label": ["\(Labels.cluster)=\(cluster)"]])
    return EngineRequest(.get, "/events", query: ["filters": filter], what: "follow events")
  }
}

/// What the engine has of the cluster, as last seen. Guards its memory of each container, so that a change of one
/// does not ask for all.
actor Inventory {
  private struct Seen {
    let condition: String
    let observation: ContainerObservation
  }

  private let engine: DockerEngine
  private var seen: [String: Seen] = [:]
  private var reported: [ContainerObservation]?
  private var staleContainers: Set<String> = []
  private var isAllStale = false

  init(engine: DockerEngine) { self.engine = engine }

  var hasReported: Bool { reported != nil }

  /// The next look asks for this container anew, or for all that have not ended.
  func invalidate(_ container: String?) {
    if let container { staleContainers.insert(container) } else { isAllStale = true }
  }

  /// Nil when nothing changed since the last time.
  func refreshed() async throws -> Observation? {
    let (stale, all) = (staleContainers, isAllStale)
    (staleContainers, isAllStale) = ([], false)
    var next: [String: Seen] = [:]
    for summary in try await engine.containers() {
      guard let task = Labels.taskID(summary.labels[Labels.task]) else { continue }
      if let known = seen[summary.id], known.condition == summary.condition, !stale.contains(summary.id),
        !all || summary.state == "exited"
      {
        next[summary.id] = known
      } else if let observation = try await engine.observe(summary.id, task: task) {
        next[summary.id] = Seen(condition: summary.condition, observation: observation)
      }
    }
    seen = next
    let observations = next.values.map(\.observation).sorted {
      ($0.task, $0.container) < ($1.task, $1.container)
    }
    guard observations != reported else { return nil }
    reported = observations
    return .containers(observations)
  }
}
