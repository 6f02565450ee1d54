public import DequeModule
public import Raft

/// The last intents with who wanted them and when, for people. Purges have a list of their own, so that a busy
/// site's edits do not push out what operators did.
public struct History: Hashable, Sendable {
  public internal(set) var intents: Deque<HistoryRecord> = []
  public internal(set) var purges: Deque<HistoryRecord> = []

  /// Records kept of each kind.
  public static let intentCapacity = 1_000
  public static let purgeCapacity = 200

  public init() {}

  /// All records after an index, in the log's order.
  public func records(after index: Index) -> [HistoryRecord] {
    (intents.filter { $0.index > index } + purges.filter { $0.index > index }).sorted { $0.index < $1.index }
  }

  mutating func append(_ record: HistoryRecord, isPurge: Bool) {
    if isPurge {
      purges.append(record)
      if purges.count > Self.purgeCapacity { purges.removeFirst() }
    } else {
      intents.append(record)
      if intents.count > Self.intentCapacity { intents.removeFirst() }
    }
  }
}

/// The requests applied of late and their outcomes: an intent that is sent again is answered, not applied.
/// The window is counted in requests, not in time, so that every manager forgets the same ones.
public struct RequestLedger: Hashable, Sendable {
  public struct Answer: Hashable, Sendable {
    public var index: Index
    public var outcome: Outcome

    public init(index: Index, outcome: Outcome) {
      self.index = index
      self.outcome = outcome
    }
  }

  /// Requests remembered.
  public static let capacity = 10_000

  /// In the order they were applied.
  private(set) var order: Deque<RequestID> = []
  /// Looked up by key only, never iterated.
  private var answers: [RequestID: Answer] = [:]

  public init() {}

  public subscript(request: RequestID) -> Answer? { answers[request] }

  mutating func record(_ request: RequestID, _ answer: Answer) {
    guard answers.updateValue(answer, forKey: request) == nil else { return }
    order.append(request)
    if order.count > Self.capacity { answers[order.removeFirst()] = nil }
  }
}
