/// `GET /v1/history`: the last intents, or those after an index. Property names are the JSON keys. While
/// following, each record is an event of its own.
public struct HistoryPage: Hashable, Codable, Sendable {
  /// Entries up to here were looked at.
  public var appliedIndex: UInt64
  /// The manager that answered.
  public var answeredBy: String
  /// How long ago that was last known to be all: near zero while a leader is heard.
  public var unconfirmedMilliseconds: Int
  /// In the log's order.
  public var records: [Record]

  public struct Record: Hashable, Codable, Sendable {
    public var index: UInt64
    /// Milliseconds since 1970 by the clock of the manager that took the intent.
    public var wallClockMilliseconds: Int64
    /// Such as `operator/ana`, `door/a` or `controller/c`.
    public var origin: String
    /// In words, without secrets, such as `scale example/web to 4`.
    public var summary: String
    public var outcome: IntentReply.Outcome
    /// Why it was refused.
    public var reason: String?
  }

  /// The name of the event on the stream.
  static let eventName = "record"
}
