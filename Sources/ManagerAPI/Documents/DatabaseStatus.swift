/// A database as the log and its nodes see it. Property names are the JSON keys.
public struct DatabaseStatus: Hashable, Codable, Sendable {
  public var name: String
  /// The stack whose file holds it.
  public var stack: String
  /// The zones that are to hold a copy, the preferred primary's first.
  public var zones: [String]
  /// `waiting`, `initializing`, `solo`, `syncing`, `sync`, `switching`, `stopped` or `promoting`.
  public var mode: String
  /// The mode in words, with the nodes' names.
  public var summary: String
  /// The node that may accept writes; missing while none may.
  public var primary: String?
  /// The node that follows, or is to.
  public var secondary: String?
  /// Rises with each step.
  public var epoch: UInt64
  /// Whether the primary's own server says that it takes writes.
  public var writable: Bool
  /// Whether every acknowledged commit is on two nodes.
  public var replicated: Bool
  /// The nodes' servers, as the nodes last reported; sorted by node.
  public var servers: [Server]

  public struct Server: Hashable, Codable, Sendable {
    public var node: String
    /// `primary`, `standby`, `busy` (runs, takes no connections) or `stopped`.
    public var role: String
    /// Postgres' timeline; missing without data.
    public var timeline: UInt64?
    /// The end of what it wrote or replayed, such as `16/B374D848`; missing while it does not run.
    public var position: String?
    /// Bytes of the primary's log that a standby has not replayed; missing when the primary is not known.
    public var lagBytes: UInt64?
    /// Whether a standby is connected to its primary.
    public var streaming: Bool?
  }
}
