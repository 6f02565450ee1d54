import Cluster
import NIOCore

/// Collects the purges that one event loop read in one turn, from all of its connections, and hands them to
/// the manager together: one call, one entry, one way back, however many clients there are.
///
/// It belongs to its event loop and is used there alone.
final class PurgeBatcher {
  private let eventLoop: any EventLoop
  private let gateway: any ManagerGateway
  private let origin: String
  private let metrics: DoorMetrics
  private var purges: [Purge] = []
  /// Where each purge of the batch stands, so that equal ones are folded: they are in force together anyway.
  private var known: Set<Purge> = []
  private var bytes = 0
  private var waiting: [Waiting] = []

  private struct Waiting {
    let handler: DoorHandler
    let request: UInt64
  }

  /// One entry should stay small beside the log's other traffic. A request that has more alone is sent alone, so that
  /// none of its neighbours is refused for its size.
  private static let capacity = 1_000
  private static let maximumBytes = 128 << 10

  init(eventLoop: any EventLoop, gateway: any ManagerGateway, origin: String, metrics: DoorMetrics) {
    self.eventLoop = eventLoop
    self.gateway = gateway
    self.origin = origin
    self.metrics = metrics
  }

  /// Takes a request's purges; it is answered when a majority has them, or cannot have them.
  func add(_ requested: [Purge], for handler: DoorHandler, request: UInt64) {
    eventLoop.preconditionInEventLoop()
    let size = requested.reduce(0) { $0 + $1.byteCount }
    if purges.count + requested.count > Self.capacity || bytes + size > Self.maximumBytes { send() }
    if waiting.isEmpty {
      // Runs once everything that is readable in this turn has been read.
      eventLoop.assumeIsolated().execute { self.send() }
    }
    for purge in requested where known.insert(purge).inserted { purges.append(purge) }
    bytes += size
    waiting.append(Waiting(handler: handler, request: request))
  }

  private func send() {
    guard !waiting.isEmpty else { return }
    let batch = NIOLoopBound(waiting, eventLoop: eventLoop)
    let sent = purges
    let accepted = waiting.count
    let start = NIODeadline.now()
    purges.removeAll(keepingCapacity: true)
    known.removeAll(keepingCapacity: true)
    waiting.removeAll(keepingCapacity: true)
    bytes = 0
    gateway.purge(sent, origin: origin) { [eventLoop, metrics] result in
      switch result {
      case .success: metrics.purged(accepted, in: NIODeadline.now() - start)
      case .failure(let error): metrics.refused(accepted, error)
      }
      eventLoop.execute { Self.answer(batch.value, result) }
    }
  }

  private static func answer(_ waiting: [Waiting], _ result: Result<Void, GatewayError>) {
    let response: DoorResponse =
      switch result {
      case .success: .ok
      case .failure(let error): .failure(error)
      }
    for one in waiting { one.handler.complete(one.request, with: response) }
    for one in waiting { one.handler.flushIfNeeded() }
  }
}
