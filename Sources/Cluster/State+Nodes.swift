import PlantedBugs
import Raft

// MARK: Nodes

extension State {
  mutating func register(_ description: NodeDescription, at index: Index) -> Outcome {
    guard isValidName(description.name), isValidName(description.zone) else {
      return .refused(reason: "\(description.name) in zone \(description.zone) is no valid name for a node")
    }
    if let known = nodes[description.name], known.description == description { return .unchanged }
    if let complaint = complaint(of: description) { return .refused(reason: complaint) }
    nodes[description.name] = Node(
      description: description, availability: nodes[description.name]?.availability ?? .active,
      health: nodes[description.name]?.health ?? .ready)
    setCache(of: description, at: index)
    return .accepted
  }

  /// Why a node cannot be what it says; nil when it can. Of two caches with one name only one would be told to forget.
  public func complaint(of description: NodeDescription) -> String? {
    guard let cache = description.cache,
      let holder = nodes.values.first(where: {
        $0.name != description.name && $0.description.cache == cache
      })
    else { return nil }
    return "node \(description.name) calls its cache \(cache), as node \(holder.name) does; "
      + "give each a name of its own (varnish.name in tercetd.yaml)"
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

  /// A node that comes back after all registers anew. What a service runs everywhere ends there with the node.
  mutating func forget(node name: String, at index: Index) -> Outcome {
    guard nodes[name] != nil else { return .unchanged }
    if let complaint = complaintOfForgetting(name) { return .refused(reason: complaint) }
    nodes[name] = nil
    tasks.removeAll { _, task in task.node == name }
    setServiceCaches(at: index)
    caches.removeAll { _, cache in cache.node == name }
    trimPurges()
    return .accepted
  }

  /// Why a node cannot be forgotten; nil when it can.
  public func complaintOfForgetting(_ name: String) -> String? {
    guard let node = nodes[name] else { return nil }
    guard node.health == .lost else { return "node \(name) is there; only one that is lost can be forgotten" }
    if let task = tasks.values.first(where: { $0.node == name && !isEverywhere($0.service) }) {
      return "\(task.containerName) has no other place than node \(name) yet"
    }
    if let database = databases.values.first(where: { $0.members.contains(name) }) {
      return "database \(database.specification.name) has a copy on node \(name) and counts on it"
    }
    return nil
  }

  private func isEverywhere(_ service: ServiceName) -> Bool {
    if case .global? = services[service]?.specification.mode { true } else { false }
  }
}
