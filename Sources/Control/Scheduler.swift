import Cluster
import Raft

/// Chooses nodes for tasks: filters, then the zone with the fewest tasks of the service, then the label values
/// asked for, then the node with the fewest, then the one with the fewest of all. Ties go to the first name, so
/// that equal inputs give equal choices.
struct Scheduler {
  let situation: Situation
  let settings: ControlSettings
  /// Tasks as they will be: the committed ones without those to be removed, and the assignments made so far.
  private(set) var placed: [(service: ServiceName, node: String)]

  init(_ situation: Situation, settings: ControlSettings, without removed: [TaskID] = []) {
    self.situation = situation
    self.settings = settings
    placed = situation.state.tasks.values.filter { !removed.contains($0.id) }.map { ($0.service, $0.node) }
  }

  /// Takes a task out of the count: it is to be replaced.
  mutating func release(_ task: Task) {
    if let place = placed.firstIndex(where: { $0.service == task.service && $0.node == task.node }) {
      placed.remove(at: place)
    }
  }

  /// Counts a task whose node is given.
  mutating func count(_ service: ServiceName, on node: String) { placed.append((service, node)) }

  /// Finds a node and counts the task there, or says why nothing fits.
  mutating func place(
    _ name: ServiceName, _ service: ServiceState, avoiding avoided: String? = nil
  ) -> Result<String, Unplaceable> {
    var reasons: [String] = []
    var fitting: [Node] = []
    for node in situation.state.nodes.values where node.description.runsContainers {
      if let reason = obstacle(for: name, service, on: node) ?? (node.name == avoided ? "is left" : nil) {
        reasons.append("\(node.name) \(reason)")
      } else {
        fitting.append(node)
      }
    }
    guard let best = fitting.min(by: { rank($0, name, service) < rank($1, name, service) }) else {
      return .failure(Unplaceable(service: name, reasons: reasons))
    }
    placed.append((name, best.name))
    return .success(best.name)
  }

  /// Why a node cannot have one more task of a service; nil when it can.
  func obstacle(for name: ServiceName, _ service: ServiceState, on node: Node) -> String? {
    if node.health == .lost || situation.silence(of: node.name) >= settings.nodeLostAfter { return "is lost" }
    if node.availability == .drained { return "is drained" }
    // Not lost yet, but a bad place for something new.
    if situation.silence(of: node.name) >= settings.nodeLostAfter.half { return "does not answer" }
    let placement = service.specification.placement
    if let constraint = placement.constraints.first(where: { !node.satisfies([$0]) }) {
      return "does not fit \(constraint)"
    }
    let here = placed.count { $0.service == name && $0.node == node.name }
    if placement.maximumPerNode > 0, here >= placement.maximumPerNode {
      return "has its \(placement.maximumPerNode) tasks of it"
    }
    if let port = service.specification.template.ports.first(where: { $0.mode == .host }), here > 0 {
      return "has its port \(port.published) in use"
    }
    return shortage(for: service, on: node)
  }

  private func shortage(for service: ServiceState, on node: Node) -> String? {
    let wanted = service.specification.template.resources
    guard wanted.reservedMemoryBytes > 0 || wanted.reservedNanoCPUs > 0 else { return nil }
    var memory = node.description.memoryBytes
    var processors = node.description.nanoCPUs
    for other in placed where other.node == node.name {
      guard let reserved = situation.state.services[other.service]?.specification.template.resources else {
        continue
      }
      memory -= reserved.reservedMemoryBytes
      processors -= reserved.reservedNanoCPUs
    }
    if wanted.reservedMemoryBytes > memory { return "has not enough memory left" }
    if wanted.reservedNanoCPUs > processors { return "has not enough processors left" }
    return nil
  }

  private func rank(_ node: Node, _ name: ServiceName, _ service: ServiceState) -> Rank {
    let own = placed.filter { $0.service == name }
    func count(where same: (Node) -> Bool) -> Int {
      own.count { task in situation.state.nodes[task.node].map(same) ?? false }
    }
    return Rank(
      zone: count { $0.zone == node.zone },
      labels: service.specification.placement.spread.map { label in
        count { $0.description.labels[label] == node.description.labels[label] }
      },
      node: count { $0.name == node.name },
      all: placed.count { $0.node == node.name },
      name: node.name)
  }

  private struct Rank: Comparable {
    var zone: Int
    var labels: [Int]
    var node: Int
    var all: Int
    var name: String

    static func < (left: Rank, right: Rank) -> Bool {
      if left.zone != right.zone { return left.zone < right.zone }
      for (one, other) in zip(left.labels, right.labels) where one != other { return one < other }
      return (left.node, left.all, left.name) < (right.node, right.all, right.name)
    }
  }
}

extension Duration {
  fileprivate var half: Duration { Duration(nanoseconds: nanoseconds / 2) }
}

/// Why a task has no place.
struct Unplaceable: Error {
  var service: ServiceName
  var reasons: [String]

  var description: String {
    let why = reasons.isEmpty ? "no node runs containers" : reasons.joined(separator: ", ")
    return "no node for a task of \(service): \(why)"
  }
}
