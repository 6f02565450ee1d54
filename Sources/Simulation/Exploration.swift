import Cluster
import Control
import Manager
public import Raft

/// One random world: a cluster under load and faults for a while, then a time without faults in which everything
/// must come right. The seed draws all of it.
public struct Exploration: Sendable {
  public let seed: UInt64
  /// How long faults go on.
  public var duration = Duration.seconds(60)
  /// How long the cluster may take to come right afterwards.
  public var convergence = Duration.seconds(120)

  private var world: World
  private var random: RandomSource
  private var summary: Summary
  private var nextRow = 0
  private var acknowledgedRows: [String] = []
  private var purges: [(token: UInt64, path: String)] = []
  private var unreachableCaches: Set<Int> = []

  /// What happened in a world.
  public struct Summary: Sendable {
    public var seed: UInt64
    /// Simulated.
    public var time = Duration.zero
    public var faults = 0
    public var rows = 0
    public var purges = 0
    /// The database's epoch at the end: one for each step of its machine.
    public var databaseSteps: UInt64 = 0
    public var terms: UInt64 = 0
    /// What went wrong; empty when nothing did.
    public var failures: [String] = []
  }

  public init(seed: UInt64) {
    self.seed = seed
    world = World(seed: seed) { $0.control.rebalanceAfter = .seconds(10) }
    random = RandomSource(seed: seed ^ 0x5eed)
    summary = Summary(seed: seed)
  }

  /// Lives through the world.
  public mutating func run() -> Summary {
    let start = world.now
    world.run(within: .seconds(10)) { $0.leader != nil }
    _ = world.submit(.deploy(Self.stack), to: 0)
    world.run(for: .seconds(10))
    let end = world.now + duration
    var nextFault = world.now
    while world.now < end {
      world.run(for: .milliseconds(50))
      load()
      if world.now >= nextFault {
        fault()
        nextFault = world.now + .milliseconds(Int(500 + random.below(5_000)))
      }
    }
    endFaults()
    checkConvergence()
    checkPromises()
    summary.time = world.now - start
    return summary
  }

  private static let web = ServiceName(stack: "example", service: "web")

  private static var stack: Stack {
    var template = TaskTemplate(image: "example/shop:1")
    template.ports = [Port(target: 8080, published: 8080)]
    let service = Service(
      name: "web", template: template, mode: .replicated(3), update: UpdatePolicy(order: .startFirst))
    let database = DatabaseSpecification(
      name: "shop", zones: ["a", "b"], owner: "shop", relaxAfter: .seconds(2))
    return Stack(name: "example", services: [service], databases: [database])
  }

  // MARK: Load

  private mutating func load() {
    for index in world.machines.indices {
      nextRow += 1
      if world.insert("row \(nextRow)", into: "shop", at: index) == true {
        acknowledgedRows.append("row \(nextRow)")
      }
    }
    if random.below(4) == 0, let index = runningMachine() {
      let path = "/\(purges.count)"
      purges.append((world.purge([.address(host: nil, path: path)], at: index), path))
    }
    guard random.below(60) == 0, let index = runningMachine() else { return }
    switch random.below(5) {
    case 0: _ = world.submit(.promote(database: "shop"), to: index)
    case 1: _ = world.submit(.drain(node: random.below(2) == 0 ? "a" : "b"), to: index)
    case 2: _ = world.submit(.activate(node: random.below(2) == 0 ? "a" : "b"), to: index)
    default: _ = world.submit(.scale(Self.web, replicas: Int(1 + random.below(6))), to: index)
    }
  }

  private mutating func runningMachine() -> Int? {
    let index = Int(random.below(3))
    return world.machines[index].manager == nil ? nil : index
  }

  // MARK: Faults

  private mutating func fault() {
    summary.faults += 1
    let index = Int(random.below(3))
    switch random.below(9) {
    case 0, 1: world.cut(index)
    case 2: world.cutOneWay(from: index, to: (index + 1 + Int(random.below(2))) % 3)
    case 3, 4: world.heal()
    case 5: world.kill(index)
    case 6: for machine in world.machines.indices { world.start(machine) }
    case 7:
      world.machines[index].cache.isReachable.toggle()
    default: world.crashContainer(on: index)
    }
  }

  private mutating func endFaults() {
    world.heal()
    for index in world.machines.indices {
      world.machines[index].cache.isReachable = true
      world.start(index)
    }
    world.run(within: .seconds(20)) { $0.leader != nil }
    // What clients asked for during the faults may come into the log until its time is up.
    world.run(for: .seconds(6))
    for node in ["a", "b"] { activate(node) }
    settle(.scale(Self.web, replicas: 4))
  }

  private mutating func activate(_ node: String) { settle(.activate(node: node)) }

  /// Brings an intent through, as a client does that does not give up.
  private mutating func settle(_ intent: Intent) {
    for attempt in 0..<10 {
      let token = world.submit(intent, to: attempt % 3)
      world.run(within: .seconds(6)) { $0.answers[token] != nil }
      if case .applied? = world.answers[token] { return }
    }
    summary.failures.append("\(intent.summary) found no majority after the faults ended")
  }

  // MARK: Checks

  private mutating func checkConvergence() {
    let isWell = world.run(within: convergence) { world in
      guard let leader = world.leader, let state = world.machines[leader].manager?.state,
        case .sync? = state.databases["shop"]?.mode
      else { return false }
      let applied = Set(world.machines.map { $0.manager?.state.appliedIndex ?? 0 })
      return applied.count == 1
        && [0, 1].allSatisfy {
          world.machines[$0].containers.running.count == 2 && world.serving(at: $0) == 2
        }
        && state.caches.values.allSatisfy { $0.position >= state.purges.last }
    }
    guard !isWell else { return }
    let leader = world.leader.flatMap { world.machines[$0].manager }
    summary.failures.append(
      "not well \(convergence.milliseconds / 1_000) s after the faults ended: database \(leader?.state.databases["shop"]?.mode.summary ?? "unknown"), "
        + "containers \(world.machines.map(\.containers.running.count)), problems \(leader?.view(at: world.now).reports.flatMap(\.report.problems) ?? [])"
    )
  }

  private mutating func checkPromises() {
    summary.failures += world.halts
    let logs = [0, 1].map { Set(world.machines[$0].databases["shop"]?.log ?? []) }
    if let lost = acknowledgedRows.first(where: { row in !logs.contains { $0.contains(row) } }) {
      summary.failures.append("\(lost) was acknowledged and is lost")
    }
    let states = world.machines.compactMap { $0.manager?.state }
    if Set(states.map(\.appliedIndex)).count == 1, Set(states).count > 1 {
      summary.failures.append("equal logs gave unequal states")
    }
    for (token, path) in purges where world.answers[token] == .purged {
      summary.purges += 1
      for index in [0, 1] where !world.hasForgotten(path, at: index) {
        summary.failures.append("the purge of \(path) was acknowledged and never reached cache \(index)")
      }
    }
    summary.rows = acknowledgedRows.count
    summary.terms = world.machines.compactMap { $0.manager?.view(at: world.now).leadership.term }.max() ?? 0
    summary.databaseSteps = states.first?.databases["shop"]?.epoch ?? 0
  }
}

extension World {
  mutating func cutOneWay(from: Int, to: Int) { cuts.insert(Link(from: from, to: to)) }

  mutating func crashContainer(on index: Int) {
    guard !machines[index].containers.running.isEmpty else { return }
    machines[index].containers.running[0].condition = .exited(code: 1, outOfMemory: false, message: "crashed")
  }

  func serving(at index: Int) -> Int { machines[index].balancing.frontends.flatMap(\.servers).count }

  func hasForgotten(_ path: String, at index: Int) -> Bool {
    machines[index].cache.flushes > 0
      || machines[index].cache.purged.contains(.address(host: nil, path: path))
  }
}
