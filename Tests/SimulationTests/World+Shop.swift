import Cluster
import Manager
import Raft
import Simulation

/// The stack that the stories play with.
enum Shop {
  static let web = ServiceName(stack: "example", service: "web")

  static func stack(
    image: String = "example/shop:1", replicas: Int = 2,
    update: UpdatePolicy = UpdatePolicy(order: .startFirst),
    withDatabase: Bool = false
  ) -> Stack {
    var template = TaskTemplate(image: image)
    template.ports = [Port(target: 8080, published: 8080)]
    let service = Service(name: "web", template: template, mode: .replicated(replicas), update: update)
    let database = DatabaseSpecification(
      name: "shop", zones: ["a", "b"], owner: "shop", relaxAfter: .seconds(2))
    return Stack(name: "example", services: [service], databases: withDatabase ? [database] : [])
  }
}

extension World {
  /// A cluster with a leader and all nodes registered.
  static func settled(seed: UInt64, control: (inout Manager.Configuration) -> Void = { _ in }) -> World {
    let nodes = ["a", "b", "c"].map { Scenario.Participant(name: $0, zone: $0) }
    var world = World(seed: seed, participants: nodes, control: control)
    world.run(within: .seconds(10)) { world in
      world.leader.map { world.machines[$0].manager?.state.nodes.count == 3 } ?? false
    }
    return world
  }

  var zones: [String] { machines.map(\.configuration.node.zone) }

  /// Whether the client was told that its intent is in force.
  func isAccepted(_ token: UInt64) -> Bool {
    if case .applied(let applied)? = answer(to: token) { applied.outcome == .accepted } else { false }
  }

  /// The containers that run in a zone.
  func containers(in machine: Int) -> Int {
    machines[machine].containers.running.count { $0.condition == .running }
  }

  func serves(_ count: Int, at machine: Int) -> Bool {
    machines[machine].balancing.frontends.flatMap(\.servers).count == count
  }

  func mode(of database: String = "shop") -> Database.Mode? {
    leader.flatMap { machines[$0].manager?.state.databases[database]?.mode }
  }

  /// Cuts a machine off from all others, both ways.
  mutating func cut(_ machine: Int) { befall(.isolate(.named(machines[machine].name))) }

  mutating func heal() { befall(.heal(.all)) }
}
