/// What one member tells another. Messages may be lost, doubled, delayed and reordered.
public struct Message: Hashable, Sendable {
  public var from: NodeID
  public var to: NodeID
  /// The sender's current term. It was on the sender's disk before the message left.
  public var term: Term
  public var body: Body

  public init(from: NodeID, to: NodeID, term: Term, body: Body) {
    self.from = from
    self.to = to
    self.term = term
    self.body = body
  }

  public enum Body: Hashable, Sendable {
    /// Would you vote for me in the term after mine? (thesis 9.6). Changes nothing at the receiver.
    case preVoteRequest(last: Position)
    /// `requestTerm` is the term of the request, as the answering member may be in an earlier one.
    case preVoteReply(requestTerm: Term, granted: Bool)
    /// Vote for me. A transfer asks members that still hear the old leader as well (thesis 4.2.3).
    case voteRequest(last: Position, isTransfer: Bool)
    case voteReply(granted: Bool)
    /// Entries; without any, a heartbeat, a probe, or the news that the commit index rose.
    case append(Append)
    /// All entries up to `matched` are on the sender's disk and equal to the leader's. `round` is that of the
    /// latest append seen.
    case appendAccepted(matched: Index, round: UInt64)
    /// The log does not contain the entry at `previous`. `hint` is the last place where it may agree: the
    /// highest at or before `previous` whose term is not above that of the append (5.3, fast back-up).
    case appendRejected(previous: Index, hint: Position, round: UInt64)
    case snapshotChunk(SnapshotChunk)
    /// The first `count` bytes of the snapshot at `position` are there.
    case snapshotReceived(position: Position, count: UInt64)
    /// The receiver is to start an election at once (thesis 3.10).
    case timeoutNow
    /// A follower asks for an index to read at. The number is the follower's, new for each question.
    case readRequest(number: UInt64)
    /// A read asked for by `number` is linearizable once `index` is applied.
    case readReply(number: UInt64, index: Index)
  }

  /// A leader's entries for a follower.
  public struct Append: Hashable, Sendable {
    /// The place right before the first entry.
    public var previous: Position
    /// Consecutive.
    public var entries: [Entry]
    /// The leader's commit index, which may lie past these entries.
    public var commit: Index
    /// The leader's latest round of questions "do you still follow me?" within its term; reads wait for its
    /// answers.
    public var round: UInt64

    public init(previous: Position, entries: [Entry], commit: Index, round: UInt64) {
      self.previous = previous
      self.entries = entries
      self.commit = commit
      self.round = round
    }
  }

  /// A part of a snapshot's state.
  public struct SnapshotChunk: Hashable, Sendable {
    /// The snapshot's place in the log and the membership in force there.
    public var position: Position
    public var membership: Membership
    /// Where these bytes begin in the state.
    public var offset: UInt64
    /// The state's size in bytes.
    public var total: UInt64
    public var bytes: [UInt8]

    public init(position: Position, membership: Membership, offset: UInt64, total: UInt64, bytes: [UInt8]) {
      self.position = position
      self.membership = membership
      self.offset = offset
      self.total = total
      self.bytes = bytes
    }
  }
}
