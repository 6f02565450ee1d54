public import Cluster
import HeapModule
public import Manager
public import Raft

/// Simulation: the world in which `Manager` runs under test. One seed draws everything, time is simulated, and
/// everything around the manager — network, disks, Docker, Postgres, Varnish, HAProxy — is modelled; the manager
/// itself is the one that ships.
public struct World: Sendable {
  public private(set) var now = Instant(nanoseconds: 1_000_000_000)
  public var machines: [Machine]
  /// Links that lose everything, in one direction: from, to.
  public var cuts: Set<Link> = []
  /// Answers to clients, by token.
  public private(set) var answers: [UInt64: Manager.Answer] = [:]
  /// When each answer came.
  public private(set) var answered: [UInt64: Instant] = [:]
  public private(set) var notes: [String] = []
  /// Why a machine's manager halted.
  public private(set) var halts: [String] = []
  private var queue = Heap<Event>()
  private var sequence: UInt64 = 0
  private var nextToken: UInt64 = 1
  var random: RandomSource

  public struct Link: Hashable, Sendable {
    var from: Int
    var to: Int
  }

  /// The usual cluster: zones a and b carry data, zone c decides.
  public init(seed: UInt64, control: (inout Manager.Configuration) -> Void = { _ in }) {
    random = RandomSource(seed: seed)
    let peers = ["a", "b", "c"].enumerated().map {
      Manager.Peer(id: NodeID(UInt64($0.offset + 1)), name: $0.element, zone: $0.element)
    }
    machines = peers.map { peer in
      var node = NodeDescription(name: peer.name, zone: peer.zone, address: "10.0.0.\(peer.id.rawValue)")
      node.nanoCPUs = 8_000_000_000
      node.memoryBytes = 16 << 30
      let hasData = peer.name != "c"
      node.runsContainers = hasData
      node.runsDatabases = hasData
      node.runsBalancer = hasData
      node.cache = hasData ? "varnish-\(peer.name)" : nil
      var configuration = Manager.Configuration(
        cluster: "simulated", id: peer.id, node: node, managers: peers)
      control(&configuration)
      return Machine(configuration)
    }
    for index in machines.indices { start(index) }
    schedule(.databaseTick, after: .milliseconds(20))
  }

  // MARK: Time

  struct Event: Comparable, Sendable {
    enum Kind: Sendable {
      case timer(machine: Int, life: Int)
      case deliver(from: Int, to: Int, frame: [UInt8])
      case stored(machine: Int, life: Int, Write)
      case finished(machine: Int, life: Int, Manager.ActionID, Action)
      case observe(machine: Int, life: Int)
      case databaseTick
    }

    var time: Instant
    var sequence: UInt64
    var kind: Kind

    static func < (left: Event, right: Event) -> Bool {
      (left.time, left.sequence) < (right.time, right.sequence)
    }

    static func == (left: Event, right: Event) -> Bool { left.sequence == right.sequence }
  }

  mutating func schedule(_ kind: Event.Kind, after delay: Duration) {
    sequence += 1
    queue.insert(Event(time: now + delay, sequence: sequence, kind: kind))
  }

  /// Lets time pass.
  public mutating func run(for duration: Duration) {
    let end = now + duration
    while let next = queue.min, next.time <= end { advance() }
    now = end
  }

  /// Lets time pass until something is so; says whether it came to be within the limit.
  @discardableResult
  public mutating func run(within limit: Duration, until condition: (World) -> Bool) -> Bool {
    let end = now + limit
    while !condition(self) {
      guard let next = queue.min, next.time <= end else { return false }
      advance()
    }
    return true
  }

  private mutating func advance() {
    let event = queue.removeMin()
    now = max(now, event.time)
    switch event.kind {
    case .timer(let machine, let life):
      guard machines[machine].isAlive(life) else { return }
      machines[machine].timer = .never
      step(machine, .timer)
    case .deliver(let from, let to, let frame):
      guard machines[to].manager != nil, !cuts.contains(Link(from: from, to: to)) else { return }
      step(to, .received(from: machines[from].id, frames: [frame]))
    case .stored(let machine, let life, let write):
      guard machines[machine].isAlive(life) else { return }
      machines[machine].disk.apply(write)
      step(machine, .stored(write.id))
    case .finished(let machine, let life, let id, let action):
      finish(action, id, on: machine, life: life)
    case .observe(let machine, let life):
      guard machines[machine].isAlive(life) else { return }
      observe(machine)
      schedule(.observe(machine: machine, life: life), after: .milliseconds(100))
    case .databaseTick:
      replicateDatabases()
      schedule(.databaseTick, after: .milliseconds(20))
    }
  }

  // MARK: Managers

  public mutating func start(_ index: Int) {
    guard machines[index].manager == nil else { return }
    machines[index].life += 1
    var manager = Manager(
      configuration: machines[index].configuration, restored: machines[index].disk.restored,
      nonce: random.next(), at: now)
    var effects: [Manager.Effect] = []
    manager.start(at: now, into: &effects)
    machines[index].manager = manager
    carryOut(effects, of: index)
    schedule(.observe(machine: index, life: machines[index].life), after: .milliseconds(5))
  }

  /// Ends a manager without warning: writes that were not durable are lost; its services run on.
  public mutating func kill(_ index: Int) {
    machines[index].manager = nil
    machines[index].timer = .never
  }

  mutating func step(_ index: Int, _ input: Manager.Input) {
    var effects: [Manager.Effect] = []
    machines[index].manager?.step(input, at: now, into: &effects)
    carryOut(effects, of: index)
  }

  private mutating func carryOut(_ effects: [Manager.Effect], of index: Int) {
    let life = machines[index].life
    for effect in effects {
      switch effect {
      case .write(let write):
        // One disk, one queue: writes become durable in order.
        let due = max(machines[index].diskBusyUntil, now) + .microseconds(Int(150 + random.below(300)))
        machines[index].diskBusyUntil = due
        schedule(.stored(machine: index, life: life, write), after: due - now)
      case .send(let peer, let frame):
        guard let to = machines.firstIndex(where: { $0.id == peer }) else { continue }
        guard !cuts.contains(Link(from: index, to: to)) else { continue }
        schedule(
          .deliver(from: index, to: to, frame: frame), after: .microseconds(Int(200 + random.below(800))))
      case .answer(let token, let answer):
        answers[token] = answer
        answered[token] = now
      case .perform(let id, let action):
        begin(action, id, on: index, life: life)
      case .note(let note):
        notes.append("\(now.nanoseconds / 1_000_000) \(machines[index].configuration.node.name): \(note)")
      case .halted(let reason):
        halts.append("\(machines[index].configuration.node.name): \(reason)")
      case .changed:
        break
      }
    }
    arm(index)
  }

  private mutating func arm(_ index: Int) {
    guard let deadline = machines[index].manager?.nextDeadline, deadline < machines[index].timer else {
      return
    }
    machines[index].timer = deadline
    let delay = max(deadline - now, .microseconds(1))
    schedule(.timer(machine: index, life: machines[index].life), after: delay)
  }

  // MARK: Clients

  /// Sends an intent to a machine's manager; the answer will stand under the token.
  public mutating func submit(_ intent: Intent, to index: Int, request: RequestID? = nil) -> UInt64 {
    let token = drawToken()
    let request = request ?? RequestID(high: 1, low: token)
    step(index, .submit([.init(token: token, request: request, origin: "operator/test", intent: intent)]))
    return token
  }

  public mutating func purge(_ purges: [Purge], at index: Int) -> UInt64 {
    let token = drawToken()
    step(index, .purge([.init(token: token, origin: "door/test", purges: purges)]))
    return token
  }

  public mutating func barrier(at index: Int) -> UInt64 {
    let token = drawToken()
    step(index, .barrier(token: token))
    return token
  }

  private mutating func drawToken() -> UInt64 {
    defer { nextToken += 1 }
    return nextToken
  }

  // MARK: Network

  /// Cuts a machine off from all others, both ways.
  public mutating func cut(_ index: Int) {
    for other in machines.indices where other != index {
      cuts.insert(Link(from: index, to: other))
      cuts.insert(Link(from: other, to: index))
    }
  }

  public mutating func heal() { cuts = [] }

  func connects(_ from: Int, _ to: Int) -> Bool {
    !cuts.contains(Link(from: from, to: to)) && !cuts.contains(Link(from: to, to: from))
  }

  // MARK: What is so

  /// The machine that leads in the highest term.
  public var leader: Int? {
    machines.indices.filter { machines[$0].manager?.isLeader == true }
      .max {
        (machines[$0].manager?.view(at: now).leadership.term ?? 0)
          < (machines[$1].manager?.view(at: now).leadership.term ?? 0)
      }
  }
}
