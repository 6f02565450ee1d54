import Cluster
import Raft

/// Varnish on one machine: the pages it holds, and what it was told to forget.
public struct CacheModel: Sendable {
  public var isReachable = true
  var isHalfDone = false
  /// Changes when the memory is lost.
  private(set) var instance = 1
  /// Pages that are held, in the version fetched last. Looked up, never iterated.
  private var pages: [String: UInt64] = [:]
  /// How far the purges go that were carried out since the memory was lost.
  private(set) var through: Index = 0
  public private(set) var purges = 0
  public private(set) var flushes = 0
  /// How far its newest order went, which life of the manager gave it, and whether that one knows how it ended.
  private var newest: (through: Index, life: Int, isKnown: Bool)?

  /// How far its driver has carried out orders, in one life of the manager, and behind which places there are some that
  /// it is to carry out a second time.
  private var driver: (life: Int, carried: Index, unsettled: [Index]) = (0, 0, [])

  mutating func fetch(_ path: String, version: UInt64) { pages[path] = max(pages[path] ?? 0, version) }

  /// The version a visitor is served without asking the origin; nil for a miss.
  public func version(of path: String) -> UInt64? { pages[path] }

  /// Notes an order; says what is wrong when it goes back in the log though the one who gives it knows that what came
  /// later was carried out. After a restart, and after an end that it does not know, a manager has to repeat.
  mutating func take(_ step: CacheAction.Step, life: Int, isKnown: Bool) -> String? {
    let (through, isAhead) =
      switch step {
      case .purge(_, let through): (through, through > newest?.through ?? 0)
      case .flush(let through): (through, through >= newest?.through ?? 0)
      }
    // What another life ordered is no measure: its last order may even be carried out when this one lives already.
    let isSameLife = newest?.life == life
    defer { newest = (max(through, isSameLife ? newest?.through ?? 0 : 0), life, isKnown) }
    guard let newest, newest.life == life, newest.isKnown, !isAhead else { return nil }
    return "a cache that was told through \(newest.through) was told again through \(through)"
  }

  mutating func carryOut(_ action: CacheAction) {
    // What was carried out and not recorded is carried out again: that goes back, and does no harm.
    forget(action.step)
    switch action.step {
    case .purge(let purged, let through):
      purges += purged.count
      self.through = max(self.through, through)
    case .flush(let through):
      flushes += 1
      self.through = max(self.through, through)
    }
  }

  private mutating func forget(_ step: CacheAction.Step) {
    guard case .purge(let purged, _) = step else {
      pages = [:]
      return
    }
    for purge in purged {
      if case .address(_, let path) = purge { pages[path] = nil } else { pages = [:] }
    }
  }

  // MARK: What was being fetched during a purge

  /// A page comes in as it was when its fetch began. The fetch has ended with the worker that it was of.
  mutating func endFetch(_ path: String, edition: UInt64, instance: Int) {
    if instance == self.instance { pages[path] = edition }
  }

  /// The driver of one life of the manager has carried out an order, and will do so a second time. Returns the place
  /// behind which the order begins.
  mutating func beginSecondPass(of step: CacheAction.Step, life: Int) -> Index {
    if driver.life != life { driver = (life, 0, []) }
    let previous: Index
    switch step {
    case .purge(_, let through):
      previous = driver.carried
      driver.carried = max(driver.carried, through)
    case .flush(let through):
      previous = 0
      driver.carried = max(driver.carried, through)
    }
    driver.unsettled.append(previous)
    return previous
  }

  mutating func endSecondPass(of step: CacheAction.Step, behind previous: Index) {
    forget(step)
    if let place = driver.unsettled.firstIndex(of: previous) { driver.unsettled.remove(at: place) }
  }

  /// As the driver tells: up to where nothing is left to be done a second time.
  func settledThrough(life: Int) -> Index {
    driver.life == life ? driver.unsettled.min() ?? driver.carried : 0
  }

  mutating func restart() {
    pages = [:]
    instance += 1
  }
}
