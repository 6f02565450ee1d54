public import Cluster

/// One line that a container wrote.
public struct LogLine: Hashable, Sendable {
  public enum Stream: String, Hashable, Sendable {
    case output = "stdout"
    case error = "stderr"
  }

  public var task: TaskID
  public var service: ServiceName
  public var slot: Int
  public var stream: Stream
  /// Nanoseconds since 1970 by the node's clock.
  public var nanoseconds: Int64
  /// Without the newline; bytes that are not UTF-8 are replaced.
  public var text: String

  public init(
    task: TaskID, service: ServiceName, slot: Int, stream: Stream, nanoseconds: Int64, text: String
  ) {
    self.task = task
    self.service = service
    self.slot = slot
    self.stream = stream
    self.nanoseconds = nanoseconds
    self.text = text
  }
}

/// Whose lines, and which of them.
public struct LogQuery: Hashable, Sendable {
  public enum Scope: Hashable, Sendable {
    case task(TaskID)
    /// All tasks of the service on this node, ended ones too as long as their containers exist.
    case service(ServiceName)
    case stack(String)
  }

  public var scope: Scope
  /// So many last lines of each container; nil for all there are.
  public var tail: Int?
  /// Only lines from this time on: nanoseconds since 1970.
  public var sinceNanoseconds: Int64?
  /// Goes on with lines to come: for one task until it ends, otherwise until the reader stops, new tasks included.
  public var follows: Bool

  public init(scope: Scope, tail: Int? = nil, sinceNanoseconds: Int64? = nil, follows: Bool = false) {
    self.scope = scope
    self.tail = tail
    self.sinceNanoseconds = sinceNanoseconds
    self.follows = follows
  }
}
