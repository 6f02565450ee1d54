import Raft

/// Exhaustive search: every order in which a bounded number of things can happen to a small cluster of the shipped
/// `Raft` values, breadth first, each state once. It tells the shortest way to a broken promise, or that within the
/// bounds there is none.
///
/// Time is a choice: any timer may fire at any moment, early or late. Messages arrive in any order, or not at all
/// (one that never arrives is lost). A disk is done at once or leaves a write waiting for as long as it likes.
public struct ExhaustiveSearch: Sendable {
  /// The shortest way to a broken promise.
  public struct Counterexample: Sendable {
    public let violation: String
    /// What happened, a line each.
    public let steps: [String]
  }

  public let bounds: SearchBounds
  /// States produced, the same ones counted each time.
  public private(set) var generated = 0
  /// Steps from the start to the states that are being looked at.
  public private(set) var depth = 0
  public private(set) var counterexample: Counterexample?

  let count: Int
  var local: LocalSteps
  private var met = FingerprintTable()
  private var level: [SearchState] = []
  private var levelNumbers: [UInt32] = []
  private var place = 0
  private var nextLevel: [SearchState] = []
  private var nextNumbers: [UInt32] = []
  /// For each distinct state the one it was first reached from, and how.
  private var parents: [UInt32] = []
  private var actions: [SearchAction] = []
  private var start: SearchState
  /// What the step being taken breaks.
  var violation: String?

  /// - Parameter bounds: must be without complaint.
  public init(_ bounds: SearchBounds) {
    precondition(bounds.complaint == nil, "the bounds of a search are checked before")
    self.bounds = bounds
    count = bounds.nodes
    local = LocalSteps(nodes: bounds.nodes)
    start = SearchState(numbers: [], budget: SearchBudget(bounds))
    start.numbers = (0..<count).map { local.founder($0) }
    if bounds.startsWithLeader { electFirst() }
    _ = meet(start, from: 0, by: SearchAction(.electionTimer, node: 0))
    level = nextLevel
    levelNumbers = nextNumbers
    nextLevel = []
    nextNumbers = []
  }

  /// Different states met so far.
  public var distinct: Int { met.count }
  /// Different single nodes among them, and different messages.
  public var distinctNodes: Int { local.nodes.count }
  public var distinctMessages: Int { local.messages.count }
  /// Whether nothing more can happen within the bounds.
  public var isComplete: Bool { counterexample == nil && place == level.count && nextLevel.isEmpty }

  /// Looks at up to `limit` more states, no deeper than `maximumDepth` steps. False when there is nothing left to
  /// look at, or a promise was broken.
  public mutating func advance(_ limit: Int, maximumDepth: Int = .max) -> Bool {
    guard counterexample == nil else { return false }
    for _ in 0..<limit {
      if place == level.count {
        guard !nextLevel.isEmpty, depth < maximumDepth else { return false }
        swap(&level, &nextLevel)
        swap(&levelNumbers, &nextNumbers)
        nextLevel.removeAll(keepingCapacity: true)
        nextNumbers.removeAll(keepingCapacity: true)
        place = 0
        depth += 1
      }
      guard depth < maximumDepth else { return false }
      expand(level[place], number: levelNumbers[place])
      place += 1
      if counterexample != nil { return false }
    }
    return true
  }

  // MARK: Searching

  private mutating func expand(_ state: SearchState, number: UInt32) {
    for action in choices(in: state) {
      guard let next = apply(action, to: state) else {
        if let broken = violation {
          violation = nil
          counterexample = Counterexample(violation: broken, steps: story(to: number, then: action))
          return
        }
        continue
      }
      generated += 1
      _ = meet(next, from: number, by: action)
    }
  }

  private mutating func meet(_ state: SearchState, from parent: UInt32, by action: SearchAction) -> Bool {
    guard met.insert(state.fingerprint(count)) else { return false }
    nextLevel.append(state)
    nextNumbers.append(UInt32(parents.count))
    parents.append(parent)
    actions.append(action)
    return true
  }

  /// Elects the first node and lets everything settle. A promise may be broken already.
  private mutating func electFirst() {
    var action = SearchAction(.electionTimer, node: 0)
    var steps: [String] = []
    while counterexample == nil {
      let next = apply(action, to: start)
      steps.append("\(steps.count + 1). " + describe(action, from: start, to: next))
      guard let next else {
        counterexample = Counterexample(violation: violation ?? "the first election fails", steps: steps)
        return
      }
      start = next
      guard start.numbers.count > count else { return }
      let message = start.numbers[count]
      action = SearchAction(.deliver, node: local.messageFacts[Int(message)].to, argument: message)
    }
  }

  // MARK: Telling

  private mutating func story(to number: UInt32, then last: SearchAction) -> [String] {
    var path = [last]
    var number = number
    while number > 0 {
      path.append(actions[Int(number)])
      number = parents[Int(number)]
    }
    var lines: [String] = []
    var state = start
    for (place, action) in path.reversed().enumerated() {
      let next = apply(action, to: state)
      lines.append("\(place + 1). " + describe(action, from: state, to: next))
      guard let next else { break }
      state = next
    }
    return lines
  }
}
