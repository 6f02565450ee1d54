import PlantedBugs
import Raft

// MARK: Nodes

extension State {
  mutating func register(_ description: NodeDescription, at index: Index) -> Outcome {
    guard isValidName(description.name), isValidName(description.zone) else {
      return .refused(reason: "\(description.name) in zone \(description.zone) is no valid name for a node")
    }
    if let known = nodes[description.name], known.description == description { return .unchanged }
    nodes[description.name] = Node(
      description: description, availability: nodes[description.name]?.availability ?? .active,
      health: nodes[description.name]?.health ?? .ready)
    setCache(of: description, at: index)
    return .accepted
  }

  mutating func setAvailability(_ name: String, _ availability: Node.Availability) -> Outcome {
    guard let node = nodes[name] else { return .refused(reason: "there is no node \(name)") }
    guard node.availability != availability else { return .unchanged }
    nodes.update(name) { $0.availability = availability }
    return .accepted
  }

  mutating func setHealth(_ name: String, _ health: Node.Health) -> Outcome {
    guard let node = nodes[name] else { return .refused(reason: "there is no node \(name)") }
    guard node.health != health else { return .unchanged }
    nodes.update(name) { $0.health = health }
    return .accepted
  }
}
