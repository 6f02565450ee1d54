import Cluster
import Control
import Manager
import Raft
import WireFormat

/// One manager driven by hand: what others send it is written in the test, what it sends is read back.
struct Subject {
  private(set) var manager: Manager
  private(set) var now = Instant.origin + .seconds(100)
  private(set) var sent: [(to: NodeID, message: PeerMessage)] = []
  private(set) var answers: [UInt64: Manager.Answer] = [:]
  private(set) var notes: [String] = []
  private(set) var warnings: [String] = []
  private(set) var alarms: [String] = []
  /// The managers that the link was told of.
  private(set) var rosters: [(joined: [ManagerMember], removed: [NodeID])] = []
  private(set) var halts: [String] = []
  private(set) var performed: [(id: Manager.ActionID, action: Action)] = []
  private var finished = 0
  private var taken = 0
  /// Where the snapshots stand that it made.
  private(set) var snapshots: [Index] = []
  /// As it was last written.
  private(set) var admission: Admission?
  /// Writes become durable at once; otherwise they wait for `flush`.
  var writesAtOnce = true
  private var waitingWrites: [WriteID] = []
  /// Where the log that another leader sent ends.
  private var last = Position.zero

  static let names = ["a", "b", "c"]

  /// Manager 1, named `a`, of a cluster of one or three. What it understands is least, so that nothing but what a test
  /// asks for comes into its log.
  init(
    managers: Int = 3, node: NodeDescription = Subject.described("a"), admission: Admission? = Admission(),
    restored: Restored? = nil, understanding level: FeatureLevel = .first
  ) {
    let peers = (1...managers).map {
      Manager.Peer(id: NodeID(UInt64($0)), name: Self.names[$0 - 1], zone: Self.names[$0 - 1])
    }
    var configuration = Manager.Configuration(
      cluster: "c1", id: NodeID(1), node: node, managers: peers)
    configuration.featureLevel = level
    manager = Manager(
      configuration: configuration,
      restored: restored ?? .fresh(Membership(voters: peers.map(\.id)), admission: admission),
      disk: Self.disk(1), nonce: 7, at: now)
    var effects: [Manager.Effect] = []
    manager.start(at: now, into: &effects)
    carryOut(effects)
  }

  /// A cluster of one, that leads.
  static func leading(understanding level: FeatureLevel = .first) -> Subject {
    var subject = Subject(managers: 1, understanding: level)
    subject.pass(.seconds(2))
    precondition(subject.manager.isLeader)
    return subject
  }

  static func described(_ name: String) -> NodeDescription {
    NodeDescription(name: name, zone: name, address: "10.0.0.1")
  }

  // MARK: What happens

  mutating func step(_ input: Manager.Input) {
    var effects: [Manager.Effect] = []
    manager.step(input, at: now, into: &effects)
    carryOut(effects)
  }

  private mutating func carryOut(_ effects: [Manager.Effect]) {
    for effect in effects {
      switch effect {
      case .write(let write):
        waitingWrites.append(write.id)
        admission = write.admission ?? admission
        if let snapshot = write.snapshot { snapshots.append(snapshot.position.index) }
      case .send(let peer, let frame):
        guard let message = try? PeerMessage(decoding: frame) else {
          preconditionFailure("an unreadable frame")
        }
        sent.append((peer, message))
      case .answer(let token, let answer):
        precondition(answers[token] == nil, "\(token) is answered twice")
        answers[token] = answer
      case .note(let note): notes.append(note)
      case .warning(let warning): warnings.append(warning)
      case .alarm(let alarm): alarms.append(alarm)
      case .halted(let reason): halts.append(reason)
      case .perform(let id, let action): performed.append((id, action))
      case .changed: break
      case .managers(let joined, let removed): rosters.append((joined, removed))
      }
    }
    if writesAtOnce { flush() }
  }

  mutating func flush() {
    while !waitingWrites.isEmpty { step(.stored(waitingWrites.removeFirst())) }
  }

  mutating func pass(_ duration: Duration) {
    let end = now + duration
    while manager.nextDeadline <= end {
      now = max(now + .microseconds(1), manager.nextDeadline)
      step(.timer)
    }
    now = end
  }

  mutating func forgetSent() { sent = [] }

  /// Every action that is under way ends so.
  mutating func finishActions(_ result: ActionResult = .done) {
    let ending = performed[finished...]
    finished = performed.count
    for action in ending { step(.finished(action.id, result)) }
  }

  /// All of them have to have ended.
  mutating func forgetActions() {
    performed = []
    finished = 0
    taken = 0
  }

  /// Actions that were asked for and not yet taken note of by the test.
  var actions: ArraySlice<(id: Manager.ActionID, action: Action)> { performed[taken...] }

  /// The actions asked for since the last call.
  mutating func takeActions() -> [(id: Manager.ActionID, action: Action)] {
    defer { taken = performed.count }
    return Array(actions)
  }

  // MARK: Others

  /// The `number`th disk of a manager's machine.
  static func disk(_ manager: UInt64, _ number: UInt64 = 1) -> Incarnation {
    Incarnation(high: manager, low: number)
  }

  mutating func receive(_ messages: PeerMessage..., from peer: UInt64, disk: UInt64 = 1) {
    step(
      .received(
        from: NodeID(peer), disk: Self.disk(peer, disk), frames: messages.map { $0.encoded() }))
  }

  /// Another manager leads, with these commands next in its log, all committed.
  mutating func follow(_ leader: UInt64, term: Term = 1, commands: [[UInt8]] = []) {
    let previous = last
    let entries = commands.enumerated().map {
      Entry(
        position: Position(index: previous.index + 1 + Index($0.offset), term: term),
        payload: .command($0.element))
    }
    last = entries.last?.position ?? previous
    let append = Message.Append(previous: previous, entries: entries, commit: last.index, round: 1)
    receive(
      .raft(Message(from: NodeID(leader), to: NodeID(1), term: term, body: .append(append))), from: leader)
  }

  // MARK: Clients

  mutating func submit(_ intent: Intent, token: UInt64) {
    step(.submit([Self.submission(intent, token: token)]))
  }

  mutating func purge(_ path: String, token: UInt64) {
    step(.purge([.init(token: token, origin: "door/a", purges: [.address(host: nil, path: path)])]))
  }

  static func submission(_ intent: Intent, token: UInt64) -> Manager.Submission {
    Manager.Submission(
      token: token, request: RequestID(high: 1, low: token), origin: "operator/ana", intent: intent)
  }

  // MARK: What it said

  /// The commands it brought to a manager, in order.
  func proposed(to peer: UInt64) -> [Proposal] {
    sent.flatMap { to, message -> [Proposal] in
      guard to == NodeID(peer), case .propose(let commands) = message else { return [] }
      return commands.compactMap { try? Proposal(decoding: $0) }
    }
  }

  var reportedNodes: [String] { manager.view(at: now).reports.map(\.report.description.name) }
}

extension Proposal {
  static func of(_ intent: Intent, token: UInt64) -> Proposal {
    Proposal(
      request: RequestID(high: 1, low: token), origin: "operator/ana", wallClockMilliseconds: 0,
      intent: intent)
  }
}
