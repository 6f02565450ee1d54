/// `GET /v1/watch`: one event whenever anything in it but the index changes, and with `after=INDEX` the first one that
/// shows that entry. Property names are the JSON keys.
public struct ProgressReport: Hashable, Codable, Sendable {
  /// Entries up to here are what this document shows.
  public var appliedIndex: UInt64
  /// The manager that answered.
  public var answeredBy: String
  public var isCurrent: Bool
  /// The manager that leads; missing while none is known.
  public var leader: String?
  /// Sorted by name.
  public var services: [ServiceStatus]
  /// Sorted by name.
  public var databases: [DatabaseStatus]
  /// Sorted by name.
  public var caches: [CacheStatus]
  /// Nodes that count as lost, sorted.
  public var lostNodes: [String]
  /// Nodes whose tasks are moving away, sorted.
  public var drainedNodes: [String]

  /// The name of the event on the stream.
  static let eventName = "progress"
}
