import Cluster
import DequeModule
import Raft

/// The intents on their way to the log, from this manager's clients. Each is sent to whoever leads, again when
/// the leader changes or nothing has come of it for a while — the request's identity makes that harmless — and
/// is answered when this manager has applied it, or when its time is up.
struct Requests: Sendable {
  struct Waiting: Sendable {
    var tokens: [UInt64]
    var command: [UInt8]
    var isPurge: Bool
    var deadline: Instant
    var nextSend: Instant
  }

  private let timeout: Duration
  /// In the order they came; those answered since are skipped.
  private var order: Deque<RequestID> = []
  /// Looked up by key only, never iterated.
  private var waiting: [RequestID: Waiting] = [:]
  private let nonce: UInt64
  private var drawn: UInt64 = 0
  private(set) var bytes = 0
  private(set) var purgeBatches = 0

  /// How much may wait at one manager for a leader that takes it.
  static let maximumBytes = 16 << 20
  static let resendInterval = Duration.milliseconds(1_000)

  init(nonce: UInt64, timeout: Duration) {
    self.nonce = nonce
    self.timeout = timeout
  }

  var isFull: Bool { bytes >= Self.maximumBytes }
  /// A number of this process alone.
  var process: UInt64 { nonce }

  /// An identity for a request of this manager's own.
  mutating func drawIdentity() -> RequestID {
    drawn += 1
    return RequestID(high: nonce, low: drawn)
  }

  mutating func add(
    _ request: RequestID, tokens: [UInt64], command: [UInt8], isPurge: Bool, at now: Instant
  ) {
    if waiting[request] != nil {
      // Its time is not prolonged: one who asks again and again must not keep the others waiting.
      waiting[request]?.tokens += tokens
      return
    }
    waiting[request] = Waiting(
      tokens: tokens, command: command, isPurge: isPurge, deadline: now + timeout, nextSend: now)
    order.append(request)
    bytes += command.count
    if isPurge { purgeBatches += 1 }
  }

  /// The request is over; returns whom to answer, and whether they are the door's.
  mutating func finish(_ request: RequestID) -> (tokens: [UInt64], isPurge: Bool) {
    guard let entry = waiting.removeValue(forKey: request) else { return ([], false) }
    bytes -= entry.command.count
    if entry.isPurge { purgeBatches -= 1 }
    while let first = order.first, waiting[first] == nil { order.removeFirst() }
    return (entry.tokens, entry.isPurge)
  }

  mutating func remove(_ request: RequestID) -> [UInt64] { finish(request).tokens }

  mutating func removeAll() -> [UInt64] {
    let tokens = order.flatMap { waiting[$0]?.tokens ?? [] }
    order = []
    waiting = [:]
    bytes = 0
    purgeBatches = 0
    return tokens
  }

  /// What is to be sent now, in the order it came; counted as sent.
  mutating func due(at now: Instant) -> (requests: [RequestID], commands: [[UInt8]]) {
    var requests: [RequestID] = []
    var commands: [[UInt8]] = []
    for request in order {
      guard let entry = waiting[request], entry.nextSend <= now else { continue }
      waiting[request]?.nextSend = now + Self.resendInterval
      requests.append(request)
      commands.append(entry.command)
    }
    return (requests, commands)
  }

  /// Everything that waits is to be sent again: there is a new leader.
  mutating func sendAgain(at now: Instant) {
    for request in order { waiting[request]?.nextSend = now }
  }

  /// Requests whose time is up.
  mutating func expired(at now: Instant) -> [UInt64] {
    guard nextExpiry <= now else { return [] }
    return order.filter { waiting[$0].map { $0.deadline <= now } ?? false }.flatMap { remove($0) }
  }

  /// When something has waited too long, or is to be sent again if there is a leader to send it to.
  func nextDeadline(hasLeader: Bool) -> Instant {
    guard let first = order.first, let oldest = waiting[first] else { return .never }
    return hasLeader ? min(oldest.deadline, oldest.nextSend) : oldest.deadline
  }

  /// The oldest is the first to end.
  private var nextExpiry: Instant { order.first.flatMap { waiting[$0]?.deadline } ?? .never }
}

/// A reader who waits until the state is certain.
struct Barrier: Sendable {
  enum Stage: Hashable, Sendable {
    /// To be asked (again) at this time.
    case idle(until: Instant)
    case asked
    /// Certain once applied so far.
    case ready(Index)
  }

  var token: UInt64
  var deadline: Instant
  var stage: Stage
}
