import Cluster
import PlantedBugs
import Raft

/// What this process remembers of one cache of the node.
struct CacheMemory: Hashable, Sendable {
  var observation: CacheObservation?
  /// The instance that was last reached.
  var instance: String?
  /// How far it has come; nil until the first look at the state.
  var position: Index?
  /// It is to forget everything: nobody knows what it holds, or it began anew and holds next to nothing.
  var mustForget = false
  /// How far this process has brought it; 0 if it has done nothing.
  var broughtThrough: Index = 0
  /// As its driver said last.
  var settledThrough: Index?
  /// Before this time a few purges wait for more to come.
  var gathersUntil = Instant.origin
}

extension CacheMemory {
  /// Up to where nothing is left to be done a second time; nil if its driver does not tell. What an earlier process had
  /// not settled was not committed, and has been done again by now.
  fileprivate var settled: Index? {
    guard let settledThrough, let position else { return nil }
    return settledThrough >= broughtThrough ? position : min(position, settledThrough)
  }

  fileprivate mutating func didBring(_ through: Index) {
    position = max(position ?? 0, through)
    broughtThrough = max(broughtThrough, through)
  }
}

// MARK: Caches

extension Reconciler {
  /// Purges of one action: enough to keep the connection full, few enough to show progress.
  private static let purgesAtOnce = 1_000
  /// The least time from one action to the next: a purge that comes alone is not kept waiting, and thousands a second
  /// are brought to Varnish many at a time, which costs both sides a fraction.
  private static let gathering = Duration.milliseconds(5)

  /// Brings every cache of the node further, each at its own pace: one that does not answer holds up no other.
  mutating func purge(_ state: State, at now: Instant, _ wanted: inout [Action]) {
    cachesNeedLook = false
    nextCacheLook = .never
    let caches = state.caches.values.filter { $0.node == node }
    for cache in caches {
      // What comes meanwhile is gathered.
      guard !attempts.isUnderWay(.cache(cache.name)) else { continue }
      if let due = attempts.retryTime(of: Action.purpose(ofCache: cache.name)), due > now {
        nextCacheLook = min(nextCacheLook, due)
        continue
      }
      guard let step = nextStep(of: cache, state.purges, at: now) else { continue }
      wanted.append(.cache(CacheAction(cache: cache.name, step)))
    }
    forgetCaches(besides: Set(caches.map(\.name)))
  }

  /// What is not in the log, or no longer, has no position. It may be seen before it is in the log, so what was seen
  /// is kept for as long as it is there.
  private mutating func forgetCaches(besides names: Set<String>) {
    guard cacheMemories.keys.contains(where: { !names.contains($0) }) else { return }
    cacheMemories.removeAll { name, memory in
      !names.contains(name) && memory.observation?.isReachable != true
    }
    for name in cacheMemories.keys where !names.contains(name) {
      cacheMemories.update(name) { $0.position = nil }
    }
  }

  private mutating func nextStep(
    of cache: Cache, _ queue: PurgeQueue, at now: Instant
  ) -> CacheAction.Step? {
    var memory = cacheMemories[cache.name] ?? CacheMemory()
    defer { cacheMemories[cache.name] = memory }
    // One that was dropped from the log and taken in anew between two looks is further on there than it is here.
    if cache.isNew, (memory.position ?? 0) < cache.position { memory.mustForget = true }
    let position = planted(.purgesGoBack) ? cache.position : max(memory.position ?? 0, cache.position)
    memory.position = position
    guard memory.observation?.isReachable == true else { return nil }
    if memory.mustForget { return .flush(through: max(position, queue.last)) }
    guard position < queue.last else { return nil }
    guard let batches = queue.pending(after: position, limit: Self.purgesAtOnce) else {
      return .flush(through: queue.last)
    }
    guard let last = batches.last else {
      memory.position = queue.last
      return nil
    }
    let purges = batches.flatMap(\.purges)
    if now < memory.gathersUntil, purges.count < Self.purgesAtOnce {
      nextCacheLook = min(nextCacheLook, memory.gathersUntil)
      return nil
    }
    if planted(.positionBeforeAnswer) { memory.position = last.index }
    return .purge(purges.folded, through: last.index)
  }

  mutating func didBegin(_ action: CacheAction, at now: Instant) {
    cacheMemories.update(action.cache) { $0.gathersUntil = now + Self.gathering }
  }

  mutating func didFinish(_ action: CacheAction) {
    cacheMemories.update(action.cache) { memory in
      switch action.step {
      case .purge(_, let through):
        memory.didBring(through)
      case .flush(let through):
        memory.didBring(through)
        memory.mustForget = false
      }
    }
  }

  /// Returns whether it is news.
  mutating func observe(_ seen: CacheObservation) -> Bool {
    var memory = cacheMemories[seen.cache] ?? CacheMemory()
    let before = memory.observation
    if seen.isReachable {
      // A Varnish that began anew is empty but for the last moment. To make it forget that too costs nothing, and
      // spares it the replay of all that it missed.
      if let instance = memory.instance, instance != seen.instance { memory.mustForget = true }
      memory.instance = seen.instance
      if before?.isReachable == false { attempts.forgetFailures(of: .cache(seen.cache)) }
    }
    memory.observation = seen
    memory.settledThrough = seen.settledThrough ?? memory.settledThrough
    cacheMemories[seen.cache] = memory
    return sees("cache") || before != seen
  }

  /// The driver cannot see them any more.
  mutating func loseCaches() {
    for name in cacheMemories.keys {
      cacheMemories.update(name) { $0.observation = CacheObservation(cache: name, isReachable: false) }
    }
  }

  func cacheReports(_ state: State) -> [CacheReport] {
    state.caches.values.filter { $0.node == node }.compactMap { cache in
      guard let memory = cacheMemories[cache.name], let seen = memory.observation else { return nil }
      let hasBegun = !(cache.isNew && memory.mustForget)
      let tells = state.featureLevel >= .passesOverUnknownFields
      return CacheReport(
        cache: cache.name, isReachable: seen.isReachable, position: hasBegun ? memory.position ?? 0 : 0,
        settled: tells ? memory.settled.map { hasBegun ? $0 : 0 } : nil, bans: seen.bans, counts: seen.counts)
    }
  }

  /// The caches that run in this node's containers; nil while those cannot be seen: they may well run on.
  func serviceCaches(_ state: State) -> [CacheEndpoint]? {
    guard let containers else { return nil }
    return state.caches.values.compactMap { cache in
      guard cache.node == node, let id = cache.task, let task = state.tasks[id],
        let port = state.services[task.service]?.specification.cachePort,
        let container = containers.first(where: { $0.task == id }), container.condition == .running,
        let address = container.address
      else { return nil }
      return CacheEndpoint(cache: cache.name, host: address, port: port)
    }
  }
}

extension [Purge] {
  /// Each once, in the order of their first places: within one action the order does not matter.
  fileprivate var folded: [Purge] {
    var known = Set<Purge>(minimumCapacity: count)
    return filter { known.insert($0).inserted }
  }
}
