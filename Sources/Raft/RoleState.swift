/// A node's role, with what it needs to know only while it plays it.
enum RoleState: Hashable, Sendable {
  case following(Following)
  case campaigning(Campaign)
  case leading(Leading)
  case halted(reason: String)
}

struct Following: Hashable, Sendable {
  var leader: NodeID?
  var lastHeard: Instant
  /// The log agrees with this leader's up to here. Nothing after it counts, neither for the commit index nor
  /// in an acknowledgement (rabbitmq/ra #508).
  var verified: Index
  /// What was last acknowledged.
  var reported: Index = 0
  /// The leader's latest round seen, and the latest answered.
  var round: UInt64 = 0
  var reportedRound: UInt64 = 0
  var incoming: IncomingSnapshot?
  var reads = ForwardedReads()
}

struct Campaign: Hashable, Sendable {
  enum Stage: Hashable, Sendable {
    case preVote
    case vote(isTransfer: Bool)
  }
  let stage: Stage
  private(set) var granted: [NodeID] = []
  private(set) var refused: [NodeID] = []

  init(_ stage: Stage) { self.stage = stage }

  /// Each member's first answer counts.
  mutating func count(_ node: NodeID, granted isGranted: Bool) {
    guard !granted.contains(node), !refused.contains(node) else { return }
    if isGranted { granted.append(node) } else { refused.append(node) }
  }
}

struct Leading: Hashable, Sendable {
  /// The other members, sorted by id.
  var members: [Progress] = []
  var nextHeartbeat: Instant
  /// The latest round of "do you still follow me?"; sent with every append.
  var round: UInt64 = 0
  var reads = ReadQueue()
  var transfer: Transfer?
  /// The size of all entries after the commit index.
  var uncommittedBytes: Int

  func slot(of node: NodeID) -> Int? { members.firstIndex { $0.id == node } }

  func progress(of node: NodeID) -> Progress? { members.first { $0.id == node } }
}

/// Leadership is being handed to `target`; given up at `deadline`.
struct Transfer: Hashable, Sendable {
  let target: NodeID
  let deadline: Instant
}
