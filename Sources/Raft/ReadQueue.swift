/// Reads that wait for a leader's proof that it still leads (ReadIndex, thesis 6.4).
///
/// Each is tied to a round of the leader's own counting, never to anything the asker sent: a doubled question
/// or answer cannot confirm another read (etcd-io/raft #397).
struct ReadQueue: Hashable, Sendable {
  enum Asker: Hashable, Sendable {
    case local(token: UInt64)
    case member(NodeID, number: UInt64)
  }
  struct Waiting: Hashable, Sendable {
    let asker: Asker
    /// The commit index when the question arrived.
    let index: Index
    /// A quorum must answer this round or a later one.
    let round: UInt64
  }

  /// Ascending by round.
  private(set) var waiting: [Waiting] = []
  /// Asked before an entry of the leader's term was committed: until then the commit index may lag (8).
  private(set) var early: [Asker] = []

  var isEmpty: Bool { waiting.isEmpty && early.isEmpty }

  mutating func add(_ asker: Asker, index: Index, round: UInt64) {
    waiting.append(Waiting(asker: asker, index: index, round: round))
  }

  mutating func addEarly(_ asker: Asker) { early.append(asker) }

  mutating func takeEarly() -> [Asker] {
    var taken: [Asker] = []
    swap(&taken, &early)
    return taken
  }

  /// Removes and returns those whose round a quorum has answered.
  mutating func take(through round: UInt64) -> ArraySlice<Waiting> {
    let count = waiting.firstIndex { $0.round > round } ?? waiting.count
    guard count > 0 else { return [] }
    let taken = waiting[..<count]
    waiting.removeFirst(count)
    return taken
  }

  /// The local askers of all reads that wait, in order.
  var localTokens: [UInt64] {
    (waiting.map(\.asker) + early).compactMap { asker in
      if case .local(let token) = asker { token } else { nil }
    }
  }
}

/// A follower's reads, asked of the leader in batches: while one question is on its way, later reads wait for
/// the next.
struct ForwardedReads: Hashable, Sendable {
  struct Question: Hashable, Sendable {
    /// New for every question, also across restarts: an old answer must not fit a new question.
    let number: UInt64
    let tokens: [UInt64]
    var repeatAt: Instant
    let giveUpAt: Instant
  }

  var question: Question?
  var waiting: [UInt64] = []

  /// All reads not answered yet, in order.
  var tokens: [UInt64] { (question?.tokens ?? []) + waiting }

  /// When something is due.
  var deadline: Instant {
    guard let question else { return .never }
    return min(question.repeatAt, question.giveUpAt)
  }
}
