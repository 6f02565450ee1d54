import Cluster
import Raft

/// What the node's actions are tried for and how that went: at most one at a time for each thing, a few at a time of
/// each lane, and what failed again after a while.
struct Attempts: Sendable {
  /// Actions that wait for others of their kind only: a pull may take minutes, and must hold up neither what is there
  /// already nor what has to go.
  enum Lane: Hashable, Sendable {
    case pull, launch, removal

    /// How many at the same time.
    static let width = 4
  }

  private struct Started: Hashable, Sendable {
    var action: Action
    var lane: Lane?
  }

  /// Attempts that failed one after another, and when the next is due.
  private struct Failure: Hashable, Sendable {
    var count: Int
    var retryAt: Instant
    /// What was done but for a part, which only the same action can still do; nil if nothing was.
    var doneInPart: Action?

    func holdsBack(_ action: Action) -> Bool { doneInPart.map { $0 == action } ?? true }
  }

  private var nextNumber: Manager.ActionID = 1
  private var underWay = SortedMap<Manager.ActionID, Started>()
  /// The newest action under way for each thing.
  private var newest = SortedMap<Action.Thing, Manager.ActionID>()
  private var failures = SortedMap<Action.Purpose, Failure>()
  /// How the last attempt at each thing failed, if it did.
  private var complaints = SortedMap<Action.Thing, String>()

  /// For operators, a line each.
  var problems: [String] { complaints.map { "\($0): \($1)" } }

  // MARK: Beginning

  /// Takes an action up and returns its number; nil if it has to wait for others.
  mutating func begin(_ action: Action, in lane: Lane?) -> Manager.ActionID? {
    let thing = action.purpose.thing
    if let present = newest[thing], !action.supersedes(underWay[present]?.action) { return nil }
    if lane != nil, underWay.values.count(where: { $0.lane == lane }) >= Lane.width { return nil }
    defer { nextNumber += 1 }
    underWay[nextNumber] = Started(action: action, lane: lane)
    newest[thing] = nextNumber
    return nextNumber
  }

  /// When an action may be tried again that failed; nil if nothing holds it back.
  func retryTime(of action: Action) -> Instant? {
    failures[action.purpose].flatMap { $0.holdsBack(action) ? $0.retryAt : nil }
  }

  /// Likewise, whatever the action.
  func retryTime(of purpose: Action.Purpose) -> Instant? { failures[purpose]?.retryAt }

  /// How often in a row what the action is for has failed.
  func failureCount(of action: Action) -> Int { failures[action.purpose]?.count ?? 0 }

  /// Whether something is being done to it.
  func isUnderWay(_ thing: Action.Thing) -> Bool { newest[thing] != nil }

  // MARK: Ending

  /// An action has ended. Returns it, and what there is to complain of that was not known before; nil if it was not
  /// under way.
  mutating func end(
    _ number: Manager.ActionID, _ result: ActionResult, at now: Instant
  ) -> (action: Action, news: String?)? {
    guard let action = underWay[number]?.action else { return nil }
    underWay[number] = nil
    let thing = action.purpose.thing
    // Another took its place: how this one ended says nothing of that.
    guard newest[thing] == number else { return (action, nil) }
    newest[thing] = nil
    let known = complaints[thing]
    switch result {
    case .done, .replaced:
      failures[action.purpose] = nil
      complaints[thing] = nil
    case .partial(let message):
      noteFailure(of: action, message, isDoneInPart: true, at: now)
    case .failed(let message):
      noteFailure(of: action, message, isDoneInPart: false, at: now)
    }
    let news = complaints[thing].flatMap { $0 == known ? nil : "\(thing): \($0)" }
    return (action, news)
  }

  private mutating func noteFailure(
    of action: Action, _ message: String, isDoneInPart: Bool, at now: Instant
  ) {
    let count = failureCount(of: action) + 1
    // 100 ms, 200 ms … 6.4 s, and 10 s from then on.
    let wait = count > 7 ? Duration.seconds(10) : Duration.milliseconds(50 << count)
    failures[action.purpose] = Failure(
      count: count, retryAt: now + wait, doneInPart: isDoneInPart ? action : nil)
    complaints[action.purpose.thing] = message
  }

  // MARK: Forgetting

  /// What comes next is not held up by what failed before.
  mutating func forgetFailures(of thing: Action.Thing) {
    failures.removeAll { purpose, _ in purpose.thing == thing }
    complaints[thing] = nil
  }

  /// What belongs to containers that are gone: their actions never come again.
  mutating func forgetContainers(besides names: [String]) {
    let present = Set(names)
    func isGone(_ thing: Action.Thing) -> Bool {
      if case .container(let name) = thing { !present.contains(name) } else { false }
    }
    failures.removeAll { purpose, _ in isGone(purpose.thing) }
    complaints.removeAll { thing, _ in isGone(thing) }
  }
}

// MARK: What an action is for

extension Action {
  /// What an action works on.
  enum Thing: Hashable, Comparable, Sendable, CustomStringConvertible {
    case balancer
    case cache(String)
    case container(String)
    case database(String)

    var description: String {
      switch self {
      case .balancer: "balancer"
      case .cache(let name): "cache \(name)"
      case .container(let name): "container \(name)"
      case .database(let name): "database \(name)"
      }
    }
  }

  /// What failed holds back only what is tried for the same end: a server whose parameters cannot be changed while it
  /// runs is to be started at once when it has died.
  struct Purpose: Hashable, Comparable, Sendable {
    var thing: Thing
    var word: String

    static func < (left: Self, right: Self) -> Bool { (left.thing, left.word) < (right.thing, right.word) }
  }

  var purpose: Purpose {
    switch self {
    case .runTask(let launch): Purpose(thing: .container(launch.task.containerName), word: "run")
    case .removeTask(_, let name, _): Purpose(thing: .container(name), word: "remove")
    case .database(let action):
      Purpose(thing: .database(action.specification.name), word: action.step.word)
    case .cache(let action): Self.purpose(ofCache: action.cache)
    case .balance: Purpose(thing: .balancer, word: "balance")
    }
  }

  /// One that cannot be purged cannot be flushed either.
  static func purpose(ofCache name: String) -> Purpose { Purpose(thing: .cache(name), word: "purge") }

  /// Whether it need not wait for the action under way: a database's step of a later epoch ends an earlier one.
  fileprivate func supersedes(_ other: Action?) -> Bool {
    guard case .database(let new) = self, case .database(let old)? = other else { return false }
    return new.epoch > old.epoch
  }
}

extension DatabaseAction.Step {
  fileprivate var word: String {
    switch self {
    case .initialize: "initialize"
    case .startPrimary: "start"
    case .clone: "clone"
    case .follow: "follow"
    case .admit: "admit"
    case .synchronize: "synchronize"
    case .configure: "configure"
    case .stop: "stop"
    case .promote: "promote"
    }
  }
}
