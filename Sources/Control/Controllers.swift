public import Cluster
public import Raft

/// All controllers of the leader. What it remembers between two looks is since when something is so; a new leader starts
/// without it and at worst waits a little longer.
///
/// It is asked again only when everything it proposed before has been applied or given up, so that it never
/// proposes twice what is already on its way.
public struct Controllers: Hashable, Sendable {
  public let settings: ControlSettings
  /// What cannot be done at the moment and why, for people; sorted.
  public private(set) var problems: [String] = []
  /// When to look again though nothing has changed.
  public private(set) var nextLook: Instant = .origin
  var timers = Timers()
  /// Where the caches were when what they had come to began to settle.
  var cacheMarks = SortedMap<String, CacheMark>()

  public init(settings: ControlSettings = ControlSettings()) {
    self.settings = settings
  }

  /// The intents that bring the cluster nearer to what is wanted, in the order to be proposed; none when there
  /// is nothing to do but wait.
  public mutating func decide(_ situation: Situation) -> [Intent] {
    timers.begin(at: situation.now)
    var look = Look(nextLook: situation.now + .seconds(1))
    decideNodes(situation, &look)
    // The rest is decided on a state that knows its nodes.
    if look.intents.isEmpty {
      decideDatabases(situation, &look)
      decideServices(situation, &look)
      decideCaches(situation, &look)
      // Only now has everything been asked about: a node that comes or goes must not start anew what others wait for.
      timers.forgetUnused()
    }
    problems = look.problems.sorted()
    nextLook = look.nextLook
    return look.intents
  }
}

/// What one look brings.
struct Look {
  var intents: [Intent] = []
  var problems: [String] = []
  var nextLook: Instant

  mutating func propose(_ intent: Intent) { intents.append(intent) }
  mutating func note(_ problem: String) { problems.append(problem) }
  mutating func wait(until instant: Instant) { nextLook = min(nextLook, instant) }
}

/// Since when something has been so, by name. A condition that is not asked about in one whole look is forgotten:
/// it has ended.
struct Timers: Hashable, Sendable {
  private var since = SortedMap<String, Instant>()
  private var asked: Set<String> = []
  private var now = Instant.origin

  mutating func begin(at instant: Instant) {
    now = instant
    asked = []
  }

  /// For how long the condition has held, look after look; zero the first time.
  mutating func duration(of condition: String) -> Duration {
    asked.insert(condition)
    if let start = since[condition] { return now - start }
    since[condition] = now
    return .zero
  }

  /// Whether the condition has held for so long; if not, the look is repeated when it will have.
  mutating func hasHeld(_ condition: String, for duration: Duration, _ look: inout Look) -> Bool {
    let held = self.duration(of: condition)
    guard held < duration else { return true }
    look.wait(until: now + Duration(nanoseconds: duration.nanoseconds - held.nanoseconds))
    return false
  }

  mutating func forgetUnused() {
    let asked = self.asked
    since.removeAll { condition, _ in !asked.contains(condition) }
  }
}
