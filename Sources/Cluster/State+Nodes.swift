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
    caches.removeAll { name, cache in cache.node == description.name && name != description.cache }
    if let cache = description.cache, caches[cache]?.node != description.name {
      // A cache that was not known before has seen none of the purges; what came before it is not its concern.
      caches[cache] = Cache(name: cache, node: description.name, position: index)
    }
    trimPurges()
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

// MARK: Caches

extension State {
  /// The most purges one intent may hold.
  public static let maximumPurges = 10_000

  mutating func purge(_ requested: [Purge], at index: Index) -> Outcome {
    guard !requested.isEmpty, requested.count <= Self.maximumPurges else {
      return .refused(reason: "a purge names 1 to \(Self.maximumPurges) addresses, not \(requested.count)")
    }
    purges.append(requested, at: index)
    // Without a cache nobody has to catch up.
    trimPurges()
    return .accepted
  }

  mutating func acknowledge(_ positions: [CachePosition]) -> Outcome {
    for acknowledged in positions {
      caches.update(acknowledged.cache) { cache in
        cache.position = max(cache.position, min(acknowledged.position, appliedIndex))
      }
    }
    trimPurges()
    return .accepted
  }

  private mutating func trimPurges() {
    let positions = caches.values.map(\.position)
    purges.remove(
      through: (planted(.purgesTrimmedEarly) ? positions.max() : positions.min()) ?? appliedIndex)
  }
}
