public import Cluster
public import Manager

/// What the HTTP servers ask of the manager behind them. `ManagerRuntime` is one; tests bring their own.
public protocol ManagerGateway: Sendable {
  /// Brings an intent into the log and waits until this manager has applied it. Sent again with the same
  /// request, it is applied once and answered again.
  func submit(
    _ intent: Intent, request: RequestID, origin: String
  ) async throws(GatewayError) -> Applied

  /// Brings purges into the log and waits until a majority has them. Purges that wait together share an entry.
  func purge(_ purges: [Purge], origin: String) async throws(GatewayError)

  /// The same for the zone's door, which takes thousands of purges a second: `done` is called once, on any
  /// thread, and must not block. By default it is the `async` one in a task of its own.
  func purge(
    _ purges: [Purge], origin: String, done: @escaping @Sendable (Result<Void, GatewayError>) -> Void)

  /// Returns once this manager's view holds everything that was acknowledged before the call (ReadIndex).
  func barrier() async throws(GatewayError)

  /// What this manager knows, without asking anyone.
  func view() async -> ClusterView

  /// A tick whenever the view may have changed; ticks that nobody fetched in time are merged.
  func changes() async -> AsyncStream<Void>

  /// The output of this node's containers of a service, as it is and, if asked, as it comes.
  func logs(
    of service: ServiceName, tail: Int?, sinceMilliseconds: Int64?, follows: Bool
  ) async throws(GatewayError) -> AsyncThrowingStream<LogLine, any Error>
}

extension ManagerGateway {
  public func purge(
    _ purges: [Purge], origin: String, done: @escaping @Sendable (Result<Void, GatewayError>) -> Void
  ) {
    _Concurrency.Task {
      do throws(GatewayError) {
        try await purge(purges, origin: origin)
        done(.success(()))
      } catch {
        done(.failure(error))
      }
    }
  }
}

/// One line of a container's output.
public struct LogLine: Hashable, Codable, Sendable {
  public enum Stream: String, Codable, Sendable {
    case output = "stdout"
    case error = "stderr"
  }

  public var task: TaskID
  public var slot: Int
  public var node: String
  public var stream: Stream
  /// Milliseconds since 1970 by the engine's clock.
  public var wallClockMilliseconds: Int64
  public var text: String

  public init(
    task: TaskID, slot: Int, node: String, stream: Stream, wallClockMilliseconds: Int64, text: String
  ) {
    self.task = task
    self.slot = slot
    self.node = node
    self.stream = stream
    self.wallClockMilliseconds = wallClockMilliseconds
    self.text = text
  }
}

/// Why a manager did not do what it was asked.
public enum GatewayError: Error, Hashable, Sendable, CustomStringConvertible {
  /// No majority of managers confirmed it in time. An intent may yet be applied: ask again with the same request.
  case noQuorum
  /// Too much waits already; nothing was changed.
  case overloaded
  /// The manager is shutting down or has halted; nothing was changed.
  case stopped(reason: String)
  /// What was asked for cannot be: it would be refused again. Nothing was changed.
  case refused(reason: String)
  /// A local service is not configured or does not answer.
  case unavailable(reason: String)

  public var description: String {
    switch self {
    case .noQuorum: "no majority of the managers answered in time"
    case .overloaded: "the cluster has too many requests waiting; try again shortly"
    case .stopped(let reason): "this manager has stopped: \(reason)"
    case .refused(let reason), .unavailable(let reason): reason
    }
  }
}
