public import Raft
import Simulation

extension NodeID: ExpressibleByIntegerLiteral {
  public init(integerLiteral value: UInt64) { self.init(value) }
}

/// A place in the log, written as in the paper: index, then term.
func at(_ index: Index, _ term: Term) -> Position { Position(index: index, term: term) }

func entry(_ index: Index, _ term: Term, _ byte: UInt8 = 0) -> Entry {
  Entry(position: at(index, term), payload: .command([byte]))
}

extension Restored {
  /// A store whose log has entries of these terms, from index 1 on.
  static func log(
    _ terms: [Term], voters: [NodeID], term: Term? = nil, vote: NodeID? = nil, commit: Index = 0
  ) -> Restored {
    Restored(
      hardState: HardState(term: term ?? terms.last ?? 0, vote: vote),
      snapshot: Snapshot(position: .zero, membership: Membership(voters: voters), state: []),
      entries: terms.enumerated().map { entry(Index($0.offset + 1), $0.element) }, commit: commit)
  }
}

extension Message {
  var append: Append? { if case .append(let append) = body { append } else { nil } }
  var hasEntries: Bool { append.map { !$0.entries.isEmpty } ?? false }
  var isAccepted: Bool { if case .appendAccepted = body { true } else { false } }
  var isRejected: Bool { if case .appendRejected = body { true } else { false } }
  var isChunk: Bool { if case .snapshotChunk = body { true } else { false } }

  func isBetween(_ one: NodeID, _ other: NodeID) -> Bool {
    (from == one && to == other) || (from == other && to == one)
  }

  func concerns(_ node: NodeID) -> Bool { from == node || to == node }
}

extension RaftCluster {
  /// Hands a node a message as if another had sent it.
  mutating func tell(
    _ node: NodeID, from sender: NodeID, term: Term, _ body: Message.Body
  ) {
    step(node, .message(Message(from: sender, to: node, term: term, body: body)))
  }

  mutating func tell(
    _ node: NodeID, from sender: NodeID, term: Term, previous: Position, entries: [Entry] = [],
    commit: Index = 0, round: UInt64 = 0
  ) {
    let append = Message.Append(previous: previous, entries: entries, commit: commit, round: round)
    tell(node, from: sender, term: term, .append(append))
  }

  /// The bodies of the messages on their way from a node; they are taken off.
  mutating func takeSent(by node: NodeID) -> [Message.Body] {
    let sent = network.filter { $0.from == node }
    drop { $0.from == node }
    return sent.map(\.body)
  }

  func terms(_ node: NodeID) -> [Term] {
    let raft = self[node]
    guard raft.lastPosition.index > 0 else { return [] }
    return (1...raft.lastPosition.index).compactMap { raft.termOfEntry(at: $0) }
  }

  /// A crash of the power of one machine, and its start.
  mutating func restart(_ node: NodeID, survivingWrites: Int = 0) {
    crash(node, survivingWrites: survivingWrites)
    start(node)
  }
}
