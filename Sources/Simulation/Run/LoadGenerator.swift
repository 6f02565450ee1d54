import Cluster
import Manager
import Raft

/// The scenario's clients: each asks, waits for its answer, and asks again.
struct LoadGenerator: Sendable {
  private let load: Scenario.Load
  private let chance: Chance
  private let weights: UInt64
  private var clients: [Client] = []
  private var end = Instant.never
  /// Requests that read or set how many tasks the service should have.
  private var tokens: [UInt64] = []
  private var drawn: UInt64 = 0

  private struct Client: Sendable {
    var next: Instant
    var waitsFor: UInt64?
  }

  /// A client that has no answer after so long gives up waiting.
  private static let patience = Duration.seconds(6)

  init(_ load: Scenario.Load, chance: Chance) {
    self.load = load
    self.chance = chance
    weights = load.mix.reduce(0) { $0 + $1.weight }
  }

  mutating func begin(at origin: Instant) {
    guard load.requestsPerSecond > 0, weights > 0 else { return }
    end = origin + load.until
    clients = (0..<load.clients).map { Client(next: origin + interval($0)) }
  }

  /// When the next request is due.
  var next: Instant {
    let next = clients.map(\.next).min() ?? .never
    return next < end ? next : .never
  }

  private func interval(_ client: Int) -> Duration {
    let mean = UInt64(1_000_000_000) * UInt64(load.clients) / UInt64(load.requestsPerSecond)
    return Duration(nanoseconds: Int64(mean / 2 + chance.below(mean + 1, .client, UInt64(client), drawn)))
  }

  /// Requests made otherwise than by the load.
  mutating func note(_ tokens: [UInt64]) { self.tokens += tokens }

  mutating func request(_ world: inout World) {
    guard let place = clients.indices.min(by: { clients[$0].next < clients[$1].next }) else { return }
    drawn += 1
    clients[place].next = max(world.now, clients[place].next) + interval(place)
    if let token = clients[place].waitsFor, let call = world.calls[token], call.answer == nil,
      world.now - call.called < Self.patience
    {
      return
    }
    let index = Int(chance.below(UInt64(world.machines.count), .client, 1 << 32 | UInt64(place), drawn))
    clients[place].waitsFor = ask(&world, kind(), at: index)
  }

  private func kind() -> Scenario.Load.Kind {
    var ticket = chance.below(weights, .client, 2 << 32, drawn)
    for share in load.mix {
      if ticket < share.weight { return share.kind }
      ticket -= share.weight
    }
    return .insert
  }

  private mutating func ask(_ world: inout World, _ kind: Scenario.Load.Kind, at index: Int) -> UInt64? {
    let draw = chance.draw(.client, 3 << 32, drawn)
    if kind == .insert {
      world.insert(drawn, into: ExampleStack.database, at: index)
      return nil
    }
    guard world.machines[index].manager != nil else { return nil }
    repeatOne(&world, at: index)
    let asked: [UInt64] =
      switch kind {
      case .insert: []
      case .purge: [world.edit("/\(draw % 40)", at: index)]
      case .scale: [world.submit(.scale(ExampleStack.web, replicas: Int(1 + draw % 6)), to: index)]
      case .read: [world.barrier(at: index)]
      case .promote: [world.submit(.promote(database: ExampleStack.database), to: index)]
      case .deploy:
        world.operate(
          .deploy(image: "shop:\(draw % 4)", order: draw % 8 < 4 ? .startFirst : .stopFirst),
          via: .named(world.machines[index].name))
      case .drain: [drain(&world, draw, at: index)]
      case .forget:
        [world.submit(.forget(node: world.machines[Int(draw >> 8) % world.machines.count].name), to: index)]
      }
    note(asked)
    return asked.first
  }

  /// Now and then a client that has not seen its answer sends its request again, to another manager and long after.
  private func repeatOne(_ world: inout World, at index: Int) {
    guard chance.below(16, .client, 4 << 32, drawn) == 0, !tokens.isEmpty else { return }
    let token = tokens[Int(chance.below(UInt64(tokens.count), .client, 5 << 32, drawn))]
    // What else is asked for may be out of season by now: a drain after its end.
    if world.calls[token]?.write?.register == .replicas { world.submitAgain(token, to: index) }
  }

  /// Drains a node, or takes one that is drained into service again.
  private func drain(_ world: inout World, _ draw: UInt64, at index: Int) -> UInt64 {
    if let drained = world.newestState?.nodes.values.first(where: { $0.availability == .drained }) {
      return world.submit(.activate(node: drained.name), to: index)
    }
    let node = world.machines[Int(draw % UInt64(world.machines.count))].name
    return world.submit(.drain(node: node), to: index)
  }

  // MARK: The history

  /// The reads and writes of each register. A request that was not answered counts only if it stands in the log.
  func histories(
    of world: World, initial: Int
  ) -> [(register: World.Register, history: RegisterHistory)] {
    let calls = tokens.compactMap { token in world.calls[token].map { (token: token, call: $0) } }
    // A node that was forgotten comes back as a new one, whenever it speaks up.
    let forgotten = calls.compactMap { entry -> String? in
      if case .forget(let node)? = entry.call.intent { node } else { nil }
    }
    let nodes = world.machines.map(\.name).filter { !forgotten.contains($0) }
    let ledger = world.newestState?.requests
    return ([.replicas] + nodes.map { .drained(node: $0) }).map { (register: World.Register) in
      let operations = calls.compactMap { token, call in
        Self.operation(
          call, on: register,
          isInLog: {
            ledger?[RequestID(high: 1, low: token)].map { !$0.outcome.isRefused } ?? false
          })
      }
      return (register, RegisterHistory(initial: register == .replicas ? initial : 0, operations: operations))
    }
  }

  /// What a call was to a register; nil if nothing.
  private static func operation(
    _ call: World.Call, on register: World.Register, isInLog: () -> Bool
  ) -> RegisterHistory.Operation? {
    switch call.answer {
    case .current:
      guard let value = call.reads[register] else { return nil }
      return RegisterHistory.Operation(.read(value), called: call.called, returned: call.returned ?? .never)
    case .applied(let applied):
      guard let write = call.write, write.register == register, !applied.outcome.isRefused else { return nil }
      return RegisterHistory.Operation(
        .write(write.value), called: call.called, returned: call.returned ?? .never)
    default:
      guard let write = call.write, write.register == register, isInLog() else { return nil }
      return RegisterHistory.Operation(.write(write.value), called: call.called, returned: .never)
    }
  }
}
