import Raft

/// What can happen to one node.
enum LocalInput: Hashable, Sendable {
  /// The election timer of a node that does not lead.
  case electionTimer
  /// The leader's heartbeat is due.
  case heartbeat
  /// The leader hears nobody until its next timer, which comes late: it was cut off or paused.
  case solitude
  case propose(command: UInt8)
  case read(token: UInt64)
  case sync
  /// The power fails, and the node starts again; so many of its waiting writes were on disk.
  case crash(surviving: Int)
  case deliver(UInt32)
  /// The same, when the follower has not heard its leader for a while.
  case deliverAfterSilence(UInt32)
  /// The connection to a node broke.
  case unreachable(NodeID)
}

/// What an input makes of a node.
struct LocalOutcome: Sendable {
  var next: UInt32 = 0
  /// Numbers of the messages that left.
  var sent: [UInt32] = []
  /// Reads that were answered.
  var answers: [(token: UInt64, index: Index)] = []
  /// Whether anything was written, so that it makes a difference when the disk is done.
  var wrote = false
  /// Whether it changes nothing and nobody hears of it.
  var isIdle = false
  /// What is wrong with the node by itself.
  var violation: String?
}

/// What is known of a message.
struct MessageFacts: Sendable {
  let from: Int
  let to: Int
  let term: Term
  let kind: Kind
  /// The term in which a promise of a vote was asked for.
  let requestTerm: Term
  /// The vote that it gives.
  let vote: NodeID?

  enum Kind: Sendable {
    /// Asks for a vote, or for the promise of one.
    case candidacy
    case promise, vote
    /// Whatever a leader says.
    case leader
    /// An answer to a leader.
    case answer
  }

  /// Whether the receiver will ignore it from now on, whatever happens: its arrival is no choice.
  func isUseless(to receiver: LocalFacts) -> Bool {
    guard term <= receiver.term else { return false }
    switch kind {
    // Old ones are still answered, with the news of the later term.
    case .candidacy: return false
    case .promise: return requestTerm != receiver.term
    // Nobody is a candidate, or the leader, of the same term twice.
    case .vote: return term < receiver.term || !receiver.isCandidate
    case .answer: return term < receiver.term || !receiver.isLeader
    case .leader: return false
    }
  }
}

/// Steps of single nodes. `Raft.step` is a function of a value and an input, and a search meets the same pair in
/// thousands of states that differ elsewhere: each is stepped once and remembered.
struct LocalSteps: Sendable {
  private struct Step: Hashable, Sendable {
    let node: UInt32
    let input: LocalInput
    let isLate: Bool
  }

  private let settings = Settings.standard
  private let ids: [NodeID]
  private(set) var nodes: [LocalNode] = []
  private(set) var facts: [LocalFacts] = []
  private(set) var messages: [Message] = []
  private(set) var messageFacts: [MessageFacts] = []
  private(set) var outcomes: [LocalOutcome] = []
  private var numbers: [LocalNode: UInt32] = [:]
  private var messageNumbers: [Message: UInt32] = [:]
  private var known: [Step: UInt32] = [:]

  init(nodes count: Int) { ids = (1...UInt64(count)).map { NodeID($0) } }

  /// A node with an empty disk, just started.
  mutating func founder(_ slot: Int) -> UInt32 {
    let restored = Restored.fresh(Membership(voters: ids))
    return number(of: started(ids[slot], from: restored, questions: 0))
  }

  private func started(_ id: NodeID, from restored: Restored, questions: UInt64) -> LocalNode {
    var raft = Raft(id: id, settings: settings, restored: restored, seed: 0, at: .origin)
    var effects: [Effect] = []
    raft.start(into: &effects)
    var node = LocalNode(raft: raft, durable: restored, questions: questions)
    node.normalize()
    return node
  }

  private mutating func number(of node: LocalNode) -> UInt32 {
    if let known = numbers[node] { return known }
    let number = UInt32(nodes.count)
    numbers[node] = number
    nodes.append(node)
    facts.append(LocalFacts(node))
    return number
  }

  private mutating func number(of message: Message) -> UInt32 {
    if let known = messageNumbers[message] { return known }
    let number = UInt32(messages.count)
    messageNumbers[message] = number
    messages.append(message)
    messageFacts.append(MessageFacts(message, ids))
    return number
  }

  /// What the input makes of the node. If `isLate`, its disk leaves what is written waiting.
  mutating func outcome(of node: UInt32, _ input: LocalInput, isLate: Bool) -> UInt32 {
    let step = Step(node: node, input: input, isLate: isLate)
    if let known = known[step] { return known }
    let number = UInt32(outcomes.count)
    outcomes.append(take(step))
    known[step] = number
    return number
  }

  // MARK: One step

  private mutating func take(_ step: Step) -> LocalOutcome {
    var node = nodes[Int(step.node)]
    var outcome = LocalOutcome()
    var effects: [Effect] = []
    switch step.input {
    case .crash(let surviving):
      _ = node.sync(surviving)
      let restarted = started(node.raft.id, from: node.durable, questions: node.questions)
      outcome.violation = node.durable.lostIn(restarted.raft)
      outcome.next = number(of: restarted)
      return outcome
    case .sync:
      sync(&node, into: &outcome)
    case .read(let token):
      node.raft.step(.read(token: token), at: .origin, into: &effects)
    case .electionTimer, .heartbeat:
      node.raft.step(.timer, at: node.raft.nextDeadline, into: &effects)
    case .solitude:
      node.raft.step(.timer, at: .origin + settings.electionTimeout.upperBound, into: &effects)
    case .propose(let command):
      node.raft.step(.propose(token: 0, commands: [[command]]), at: .origin, into: &effects)
    case .deliver(let number):
      node.raft.step(.message(messages[Int(number)]), at: .origin, into: &effects)
    case .deliverAfterSilence(let number):
      node.raft.loseSightOfLeader()
      node.raft.step(.message(messages[Int(number)]), at: .origin, into: &effects)
    case .unreachable(let other):
      node.raft.step(.unreachable(other), at: .origin, into: &effects)
    }
    carryOut(effects, of: &node, into: &outcome)
    if !step.isLate, nodes[Int(step.node)].waiting.isEmpty {
      while !node.waiting.isEmpty { sync(&node, into: &outcome) }
    }
    if outcome.violation == nil { outcome.violation = node.contradiction(since: nodes[Int(step.node)]) }
    node.normalize()
    outcome.next = number(of: node)
    outcome.isIdle = outcome.next == step.node && outcome.sent.isEmpty && outcome.answers.isEmpty
    return outcome
  }

  private mutating func sync(_ node: inout LocalNode, into outcome: inout LocalOutcome) {
    guard let last = node.sync(node.waiting.count) else { return }
    var effects: [Effect] = []
    node.raft.step(.stored(last), at: .origin, into: &effects)
    carryOut(effects, of: &node, into: &outcome)
  }

  private mutating func carryOut(
    _ effects: [Effect], of node: inout LocalNode, into outcome: inout LocalOutcome
  ) {
    for effect in effects {
      switch effect {
      case .write(let write):
        node.waiting.append(write)
        outcome.wrote = true
      case .send(let message):
        if outcome.violation == nil { outcome.violation = node.prematurity(of: message) }
        if case .readRequest = message.body { node.questions += 1 }
        guard ids.contains(message.to) else { break }
        outcome.sent.append(number(of: message))
      case .readReady(let token, let index):
        outcome.answers.append((token, index))
      case .halted(let reason):
        if outcome.violation == nil { outcome.violation = "no-halt: \(node.raft.id) halted: \(reason)" }
      case .apply, .restore, .appended, .refused, .leadership:
        break
      }
    }
  }
}

extension MessageFacts {
  fileprivate init(_ message: Message, _ ids: [NodeID]) {
    from = ids.firstIndex(of: message.from) ?? 0
    to = ids.firstIndex(of: message.to) ?? 0
    term = message.term
    switch message.body {
    case .preVoteRequest, .voteRequest: kind = .candidacy
    case .preVoteReply: kind = .promise
    case .voteReply: kind = .vote
    case .append, .snapshotChunk, .timeoutNow, .readReply: kind = .leader
    case .appendAccepted, .appendRejected, .snapshotReceived, .readRequest: kind = .answer
    }
    requestTerm = if case .preVoteReply(let term, _) = message.body { term } else { 0 }
    switch message.body {
    case .voteRequest: vote = message.from
    case .voteReply(granted: true): vote = message.to
    default: vote = nil
    }
  }
}
