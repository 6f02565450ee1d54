import PlantedBugs
import Raft

// MARK: Purges

extension State {
  /// The most purges one intent may hold.
  public static let maximumPurges = 10_000

  /// Why purges cannot be asked for together; nil when they can.
  public static func complaint(of purges: [Purge]) -> String? {
    complaint(ofCount: purges.count) ?? purges.lazy.compactMap(\.complaint).first
  }

  private static func complaint(ofCount count: Int) -> String? {
    (1...maximumPurges).contains(count)
      ? nil : "a purge names 1 to \(maximumPurges) things to forget, not \(count)"
  }

  mutating func purge(_ requested: [Purge], proposedAt wallClock: Int64, at index: Index) -> Outcome {
    let flaw = Self.complaint(ofCount: requested.count) ?? requested.lazy.compactMap(\.flaw).first
    if let flaw { return .refused(reason: flaw) }
    let dropped = purges.append(
      PurgeQueue.Batch(index: index, purges: requested, wallClockMilliseconds: wallClock),
      boundsBytes: featureLevel >= .boundsPurgeBytes)
    for batch in dropped { noteDropped(batch) }
    // Without a cache nobody has to catch up.
    trimPurges()
    return .accepted
  }

  /// How stale a cache is must be known also when what it lacks is not.
  private mutating func noteDropped(_ batch: PurgeQueue.Batch) {
    for (name, cache) in caches where cache.position < batch.index && cache.lackingSinceMilliseconds == nil {
      caches.update(name) { $0.lackingSinceMilliseconds = batch.wallClockMilliseconds }
    }
  }

  mutating func trimPurges() {
    let positions = caches.values.map(\.position)
    purges.remove(
      through: (planted(.purgesTrimmedEarly) ? positions.max() : positions.min()) ?? appliedIndex)
  }
}

// MARK: Caches

extension State {
  mutating func acknowledge(_ positions: [CachePosition]) -> Outcome {
    for acknowledged in positions {
      let dropped = purges.droppedThrough
      caches.update(acknowledged.cache) { cache in
        guard acknowledged.position >= cache.position else { return }
        cache.position = min(acknowledged.position, appliedIndex)
        cache.isNew = false
        if cache.position >= dropped { cache.lackingSinceMilliseconds = nil }
      }
    }
    trimPurges()
    return .accepted
  }

  /// Makes the node's own cache what its description says.
  mutating func setCache(of description: NodeDescription, at index: Index) {
    caches.removeAll { name, cache in
      cache.task == nil && cache.node == description.name && name != description.cache
    }
    if let cache = description.cache, caches[cache]?.node != description.name {
      caches[cache] = Cache(name: cache, node: description.name, position: index, isNew: true)
    }
    trimPurges()
  }

  /// Every task of a service that is labelled so is a cache, for as long as it is wanted.
  mutating func setServiceCaches(at index: Index) {
    let wanted = tasks.values.filter { services[$0.service]?.specification.cachePort != nil }
    let known = caches.values.compactMap(\.task).sorted()
    guard wanted.map(\.id) != known else { return }
    caches.removeAll { _, cache in
      cache.task.map { id in !wanted.contains { $0.id == id } } ?? false
    }
    for task in wanted where !known.contains(task.id) {
      caches[task.containerName] = Cache(
        name: task.containerName, node: task.node, position: index, isNew: true, task: task.id)
    }
    trimPurges()
  }
}
