import Raft

/// Makes a failing scenario small: what it can do without is left out, what remains is made simple, as long as the
/// scenario still fails (delta debugging; Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input",
/// 2002). Randomness by identity keeps the rest of the world as it was when a part is left out.
public struct Shrinking {
  /// The smallest scenario so far that fails.
  public private(set) var smallest: Scenario
  /// How many scenarios were tried.
  public private(set) var attempts = 0
  private let fails: (Scenario) -> Bool
  private let mayGoOn: () -> Bool

  /// - Parameters:
  ///   - scenario: One that fails.
  ///   - mayGoOn: Asked before each attempt: the place for a limit of time.
  ///   - fails: Whether a scenario fails in the same way.
  public init(
    _ scenario: Scenario, mayGoOn: @escaping () -> Bool = { true }, fails: @escaping (Scenario) -> Bool
  ) {
    smallest = scenario
    self.mayGoOn = mayGoOn
    self.fails = fails
  }

  /// Tries until nothing more can be left out, or the time is up.
  public mutating func run() -> Scenario {
    var before: Scenario
    repeat {
      before = smallest
      dropChecks()
      dropIncidents()
      simplifyWorld()
      simplifyLoad()
      simplifyTimes()
      simplifyIncidents()
    } while smallest != before
    return smallest
  }

  // MARK: Attempts

  /// Takes the changed scenario if it makes sense as a file and still fails.
  @discardableResult
  private mutating func attempt(_ change: (inout Scenario) -> Void) -> Bool {
    var candidate = smallest
    change(&candidate)
    candidate.tidy()
    guard candidate != smallest, mayGoOn(), candidate.isWritable else { return false }
    attempts += 1
    guard fails(candidate) else { return false }
    smallest = candidate
    return true
  }

  // MARK: What is left out

  /// What failed earlier than at the end needs no end, and no healing before it.
  private mutating func dropChecks() {
    attempt { $0.eventually = nil }
    attempt { $0.expect = [] }
    attempt { $0.reach = [] }
    attempt { $0.always = [] }
    for goal in smallest.eventually?.goals ?? [] where smallest.eventually?.goals.count ?? 0 > 1 {
      attempt { $0.eventually?.goals.removeAll { $0 == goal } }
    }
  }

  /// First many at once, then fewer, in the end one by one.
  private mutating func dropIncidents() {
    var size = max(1, places.count / 2)
    while true {
      var start = 0
      while start < places.count {
        let dropped = places[start..<min(start + size, places.count)]
        // What follows has moved up, if this could go.
        if !attempt({ $0.removeIncidents(at: dropped) }) { start += size }
      }
      guard size > 1 else { return }
      size /= 2
    }
  }

  /// Where incidents stand: step and number within it.
  private var places: [FaultLedger.Place] {
    smallest.steps.indices.flatMap { step in
      smallest.steps[step].incidents.indices.map { FaultLedger.Place(step: step, incident: $0) }
    }
  }

  private mutating func simplifyWorld() {
    for place in smallest.settings.indices.reversed() { attempt { $0.settings.remove(at: place) } }
    for place in smallest.links.indices.reversed() { attempt { $0.links.remove(at: place) } }
    attempt { $0.nodes = Scenario(name: "").nodes }
    attempt { $0.allowsMisses = false }
  }

  private mutating func simplifyLoad() {
    attempt { $0.load = Scenario.Load() }
    for share in smallest.load.mix where smallest.load.mix.count > 1 {
      attempt { $0.load.mix.removeAll { $0.kind == share.kind } }
    }
    while smallest.load.clients > 1, attempt({ $0.load.clients /= 2 }) {}
    while smallest.load.requestsPerSecond > 1, attempt({ $0.load.requestsPerSecond /= 2 }) {}
    while smallest.load.until > .seconds(1), attempt({ $0.load.until = $0.load.until.halved }) {}
    for place in smallest.load.mix.indices { attempt { $0.load.mix[place].weight = 1 } }
  }

  // MARK: What is made simple

  private mutating func simplifyTimes() {
    for place in smallest.steps.indices {
      // A step that comes right after the one before, or at a round time.
      attempt { $0.moveUp(from: place, to: $0.earliest(place)) }
      for unit in [Duration.seconds(1), .milliseconds(100), .milliseconds(10)] {
        if attempt({ $0.steps[place].trigger.round(to: unit) }) { break }
      }
    }
  }

  private mutating func simplifyIncidents() {
    for place in places {
      for simpler in smallest.steps[place.step].incidents[place.incident].simpler {
        if attempt({ $0.steps[place.step].incidents[place.incident] = simpler }) { break }
      }
    }
  }
}

extension Scenario {
  /// Whether a file can say it, with all that is demanded of files.
  fileprivate var isWritable: Bool { (try? Scenario(parsing: text, file: name)) == self }

  fileprivate mutating func removeIncidents(at places: ArraySlice<FaultLedger.Place>) {
    for place in places.reversed() { steps[place.step].incidents.remove(at: place.incident) }
  }

  /// Steps without incidents are gone; the first one does not follow another.
  fileprivate mutating func tidy() {
    steps.removeAll { $0.incidents.isEmpty }
    if case .then(let delay)? = steps.first?.trigger { steps[0].trigger = .at(delay) }
  }

  /// The latest time that a step before names.
  fileprivate func earliest(_ place: Int) -> Duration {
    steps[..<place].reversed().lazy.compactMap(\.trigger.time).first ?? .zero
  }

  /// Brings a step with a time forward, and all after it by as much.
  fileprivate mutating func moveUp(from place: Int, to time: Duration) {
    guard let old = steps[place].trigger.time else { return }
    let gain = old.nanoseconds - time.nanoseconds
    for later in steps.indices[place...] {
      guard let time = steps[later].trigger.time else { continue }
      steps[later].trigger = .at(Duration(nanoseconds: time.nanoseconds - gain))
    }
  }
}

extension Scenario.Trigger {
  fileprivate var time: Duration? {
    if case .at(let time) = self { time } else { nil }
  }

  /// Down to a multiple of the unit.
  fileprivate mutating func round(to unit: Duration) {
    switch self {
    case .at(let time): self = .at(time.rounded(to: unit))
    case .then(let delay): self = .then(delay.rounded(to: unit))
    case .when: break
    }
  }
}

extension Duration {
  fileprivate var halved: Duration { Duration(nanoseconds: nanoseconds / 2).rounded(to: .milliseconds(100)) }

  fileprivate func rounded(to unit: Duration) -> Duration {
    Duration(nanoseconds: nanoseconds / unit.nanoseconds * unit.nanoseconds)
  }
}

extension Incident {
  /// Plainer incidents of the same kind, the plainest first.
  fileprivate var simpler: [Incident] {
    switch self {
    case .cut(let from, let to, .bothWays): [.cut(from, to, .oneWay), .cut(to, from, .oneWay)]
    case .link(let from, let to, .bothWays, let quality): [.link(from, to, .oneWay, quality)]
    case .clog(let from, let to, .bothWays, let time): [.clog(from, to, .oneWay, time)]
    case .reboot(let target, let down):
      [.reboot(target, down: .seconds(1)), .reboot(target, down: down.plain)]
    case .powerOff(let target), .stop(let target): [.kill(target)]
    case .disk(let target, .loseUnsynced), .disk(let target, .tearTail): [.kill(target)]
    case .clockJump(let target, let ahead): [.clockJump(target, ahead.plain)]
    default: []
    }
  }
}

extension Duration {
  /// In whole seconds, if it is longer than one.
  fileprivate var plain: Duration { self > .seconds(1) ? rounded(to: .seconds(1)) : self }
}
