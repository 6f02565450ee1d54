import Cluster
import Control
import HeapModule
public import Manager
public import Raft

/// Simulation: the world in which `Manager` runs under test. One seed draws everything, time is simulated, and
/// everything around the manager — network, disks, clocks, Docker, Postgres, Varnish, HAProxy — is modelled; the
/// manager itself is the one that ships.
///
/// Nothing happens between two events: a quiet world costs nothing.
public struct World: Sendable {
  public internal(set) var now = Instant(nanoseconds: 1_000_000_000)
  public var machines: [Machine]
  public internal(set) var counters = Counters()
  /// How often each kind of fault befell the cluster.
  public internal(set) var faults: [String: Int] = [:]
  /// Answers to clients, by token.
  public internal(set) var calls: [UInt64: Call] = [:]
  /// The first rule that was broken.
  public private(set) var violation: Violation?
  /// A number over everything that happened, in order: equal in two runs of one seed.
  public private(set) var traceHash: UInt64 = 0
  /// Events so far.
  public private(set) var events: UInt64 = 0
  /// The rules that count; all if empty. Not to come right counts always.
  public var watched: [Invariant] = []
  /// When the world is to stand still, for whoever wants to look at it.
  public var standsStillAt = Instant.never
  /// What happened, for people; recorded only when asked for.
  public var chronicle: Chronicle?

  let chance: Chance
  var network: Network
  var invariants: Invariants
  private var queue = Heap<Event>()
  private var sequence: UInt64 = 0
  private var nextToken: UInt64 = 1

  // MARK: What is true of the world, whatever the managers think
  /// The longest log of each database with an acknowledged row at its end.
  var acknowledgedRows: [String: WriteAheadLog.Mark] = [:]
  var promotions: [String: UInt64] = [:]
  var fences: [String: [Int: UInt64]] = [:]
  public internal(set) var lastAcknowledgedRow: UInt64 = 0
  var images: [String: ImageNature] = [:]
  /// When something last befell containers, engines or machines: they may be fewer than wanted for a while.
  var disturbedAt = Instant.origin
  /// Pages as their origin has them, by path.
  var editions: [String: UInt64] = [:]
  /// In the order they were made.
  public internal(set) var edits: [Edit] = []
  var lastKilled: [Int] = []
  /// The highest identity that a manager ever had.
  var lastIdentity: UInt64
  var flapping: [Flapping] = []
  /// What `heal` makes of links again.
  var usualQualities: [LinkQuality]

  /// A page that was changed, and the purge that was asked for.
  public struct Edit: Sendable {
    public var path: String
    public var edition: UInt64
    public var token: UInt64
  }

  struct Flapping: Hashable, Sendable {
    var from: Target
    var to: Target
  }

  /// A part of the state that requests set and readers see, apart from all others.
  enum Register: Hashable, Sendable {
    /// How many tasks the example's service should have.
    case replicas
    /// Whether a node is drained, 1 if it is.
    case drained(node: String)
  }

  /// A request of a client and what came of it.
  public struct Call: Sendable {
    public var machine: Int
    public var called: Instant
    public var returned: Instant?
    public var answer: Manager.Answer?
    /// What a reader found in each register.
    var reads: [Register: Int] = [:]
    /// What the request sets, if it is one that does.
    var write: (register: Register, value: Int)?
    /// What was asked for, to be sent again; nil for a purge at the door and a read.
    var intent: Intent?
    /// The highest index that any manager had applied when it was first asked for; nil if it was asked again.
    var appliedBefore: Index?
  }

  /// A cluster of these machines; those of the last zone carry no data.
  public init(
    seed: UInt64, participants: [Scenario.Participant] = Scenario(name: "").nodes,
    control: (inout Manager.Configuration) -> Void = { _ in }
  ) {
    let chance = Chance(seed)
    self.chance = chance
    let peers = participants.enumerated().map {
      Manager.Peer(id: NodeID(UInt64($0.offset + 1)), name: $0.element.name, zone: $0.element.zone)
    }
    machines = peers.enumerated().map { place, peer in
      var node = NodeDescription(name: peer.name, zone: peer.zone, address: "10.0.0.\(peer.id.rawValue)")
      node.nanoCPUs = 8_000_000_000
      node.memoryBytes = 16 << 30
      let hasData = peer.zone != participants.last?.zone
      node.runsContainers = hasData
      node.runsDatabases = hasData
      node.runsBalancer = hasData
      node.cache = hasData ? "varnish-\(peer.name)" : nil
      var configuration = Manager.Configuration(
        cluster: "simulated", id: peer.id, node: node, managers: peers)
      // The queue of purges should be seen to get shorter in a world that lasts a minute.
      configuration.control.secondPassWithin = .seconds(1)
      control(&configuration)
      // Each clock begins elsewhere: nothing may compare the clocks of two machines.
      let offset = Duration.seconds(Int(chance.below(100_000, .wallClock, UInt64(place))))
      return Machine(configuration, place: place, clock: Clock(offset: offset))
    }
    lastIdentity = UInt64(participants.count)
    network = Network(machines: participants.count, chance: chance)
    invariants = Invariants(machines: machines)
    usualQualities = Array(repeating: .usual, count: participants.count * participants.count)
    for index in machines.indices {
      start(index)
      schedule(.observe(machine: index), after: .milliseconds(200))
    }
  }

  // MARK: Time

  struct Event: Comparable, Sendable {
    enum Kind: Sendable {
      case wake(machine: Int, number: UInt64)
      indirect case deliver(Delivery)
      case stored(machine: Int, life: Int)
      indirect case finished(machine: Int, life: Int, Manager.ActionID, Action)
      case observe(machine: Int)
      case notice(machine: Int)
      case health(machine: Int, TaskID, ContainerObservation.Health)
      case walArrives(String, from: Int, to: Int, Int)
      case walFlushed(String, from: Int, to: Int, Int)
      indirect case befall(Incident)
      case powerOn(machine: Int)
      indirect case secondPass(machine: Int, life: Int, CacheAction.Step, behind: Index)
      case lateFetch(machine: Int, instance: Int, path: String, edition: UInt64)
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

  /// Lets time pass; stops early when a rule is broken.
  public mutating func run(for duration: Duration) {
    let end = now + duration
    while isGoingOn, let next = queue.min, next.time <= end { advance() }
    now = isGoingOn ? max(now, end) : now
  }

  /// Lets time pass until something is so; says whether it came to be within the limit.
  @discardableResult
  public mutating func run(within limit: Duration, until condition: (World) -> Bool) -> Bool {
    let end = now + limit
    while !condition(self) {
      guard isGoingOn, let next = queue.min, next.time <= end else {
        now = isGoingOn ? max(now, end) : now
        return false
      }
      advance()
    }
    return true
  }

  /// Whether time may pass: no rule is broken, and nobody wants the world to stand still.
  var isGoingOn: Bool { violation == nil && now < standsStillAt }

  /// The next event.
  private mutating func advance() {
    let event = queue.removeMin()
    now = max(now, event.time)
    events += 1
    note(event)
    switch event.kind {
    case .wake(let index, let number):
      guard machines[index].wakeNumber == number else { return }
      machines[index].wake = .never
      step(index, .timer)
    case .deliver(let delivery):
      deliver(delivery)
    case .stored(let index, let life):
      writeEnds(on: index, life: life)
    case .finished(let index, let life, let id, let action):
      finish(action, id, on: index, life: life)
    case .observe(let index):
      observe(index)
      schedule(.observe(machine: index), after: .milliseconds(500))
    case .notice(let index):
      machines[index].isObservationDue = false
      observe(index)
    case .health(let index, let task, let health):
      machines[index].containers.setHealth(health, of: task)
      changed(index)
    case .walArrives(let database, let from, let to, let count):
      walArrives(database, from: from, to: to, count)
    case .walFlushed(let database, let from, let to, let count):
      walFlushed(database, from: from, to: to, count)
    case .befall(let incident):
      befall(incident)
    case .powerOn(let index):
      powerOn(index)
    case .secondPass(let index, let life, let step, let previous):
      passAgain(step, behind: previous, on: index, life: life)
    case .lateFetch(let index, let instance, let path, let edition):
      machines[index].cache.endFetch(path, edition: edition, instance: instance)
    }
  }

  /// The trace: the time and kind of each event, and the size and end of each frame.
  private mutating func note(_ event: Event) {
    var bits = UInt64(bitPattern: event.time.nanoseconds) &* 31 &+ event.kind.tag
    if case .deliver(let delivery) = event.kind {
      bits ^= UInt64(delivery.from << 8 | delivery.to) << 40 ^ UInt64(delivery.frame.count) << 20
      for byte in delivery.frame.suffix(8) { bits = bits &* 0x100_0000_01b3 ^ UInt64(byte) }
    }
    traceHash = Chance.mix(traceHash ^ bits)
  }

  /// A rule is broken: the world stands still from here on.
  mutating func violate(_ invariant: Invariant, _ text: String) {
    violate(Violation(invariant: invariant, text: text, nodes: [], index: nil, term: nil))
  }

  mutating func violate(_ broken: Violation) {
    let counts = watched.isEmpty || watched.contains(broken.invariant) || broken.invariant == .convergence
    guard violation == nil, counts else { return }
    violation = broken
    chronicle?.note(now, nil, .violation(broken.description))
  }

  // MARK: Clients

  mutating func drawToken(at machine: Int) -> UInt64 {
    defer { nextToken += 1 }
    calls[nextToken] = Call(machine: machine, called: now)
    return nextToken
  }

  /// The machine that leads in the highest term.
  public var leader: Int? {
    var best: (index: Int, term: Term)?
    for index in machines.indices {
      guard machines[index].manager != nil, machines[index].glance.isLeader else { continue }
      let term = machines[index].glance.term
      if best.map({ $0.term < term }) ?? true { best = (index, term) }
    }
    return best?.index
  }
}

extension World.Event.Kind {
  fileprivate var tag: UInt64 {
    switch self {
    case .wake(let machine, _): 1 << 8 | UInt64(machine)
    case .deliver: 2 << 8
    case .stored(let machine, _): 3 << 8 | UInt64(machine)
    case .finished(let machine, _, let id, _): (4 << 8 | UInt64(machine)) &+ id << 16
    case .observe(let machine): 5 << 8 | UInt64(machine)
    case .notice(let machine): 6 << 8 | UInt64(machine)
    case .health(let machine, _, _): 7 << 8 | UInt64(machine)
    case .walArrives(_, _, let to, let count): (8 << 8 | UInt64(to)) &+ UInt64(count) << 16
    case .walFlushed(_, _, let to, let count): (9 << 8 | UInt64(to)) &+ UInt64(count) << 16
    case .befall: 10 << 8
    case .powerOn(let machine): 11 << 8 | UInt64(machine)
    case .secondPass(let machine, _, _, _): 12 << 8 | UInt64(machine)
    case .lateFetch(let machine, _, _, _): 13 << 8 | UInt64(machine)
    }
  }
}
