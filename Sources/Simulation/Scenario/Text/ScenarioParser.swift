import Raft

extension Scenario {
  /// The databases of the example stack, which every scenario plays with.
  public static let databases = ["shop"]

  /// Reads a scenario file; `simulations/README.md` tells its format.
  ///
  /// Nothing is passed over: what has no meaning, or none in this place, is refused.
  /// - Parameter file: For messages only.
  /// - Throws: The first mistake, with its line and column.
  public init(parsing text: String, file: String) throws(ScenarioError) {
    var parser = ScenarioParser(file: file)
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (index, line) in lines.enumerated() {
      try parser.read(line, number: index + 1)
    }
    self = try parser.finish(lines: lines.count)
  }
}

/// Reads a scenario file line by line.
struct ScenarioParser {
  /// The first word of a line.
  enum Statement: String, CaseIterable {
    case scenario, nodes, begin, misses, set, link, load
    case at, when, then
    case always, eventually, reach, expect

    /// Statements stand in three parts: the world, what befalls it, what must hold.
    var part: Int {
      switch self {
      case .scenario, .nodes, .begin, .misses, .set, .link, .load: 0
      case .at, .when, .then: 1
      case .always, .eventually, .reach, .expect: 2
      }
    }

    /// Whether the file may have several such lines.
    var canRepeat: Bool {
      switch self {
      case .scenario, .nodes, .begin, .misses, .load, .eventually: false
      case .set, .link, .at, .when, .then, .always, .reach, .expect: true
      }
    }
  }

  private let file: String
  private var scenario: Scenario?
  private var names = ScenarioLine.Names()
  private var seen: [(statement: Statement, line: Int)] = []
  /// Where each step's incidents stand.
  private var columns: [[Int]] = []
  private var latestTime = Duration.zero

  init(file: String) { self.file = file }

  mutating func read(_ text: Substring, number: Int) throws(ScenarioError) {
    var line = ScenarioLine(text, file: file, number: number, names: names)
    guard !line.isAtEnd else { return }
    guard var scenario else {
      scenario = Scenario(name: try line.header())
      seen.append((.scenario, number))
      return
    }
    let column = line.column
    let statement: Statement = try line.choice("the beginning of a line")
    try checkPlace(of: statement, at: column, in: line)
    seen.append((statement, number))
    try read(statement, &line, into: &scenario)
    self.scenario = scenario
  }

  private func checkPlace(
    of statement: Statement, at column: Int, in line: ScenarioLine
  ) throws(ScenarioError) {
    if let first = seen.first(where: { $0.statement == statement }), !statement.canRepeat {
      throw line.error(
        at: column, "a second line of `\(statement.rawValue)`; the first is line \(first.line)")
    }
    if let last = seen.last, last.statement.part > statement.part {
      throw line.error(
        at: column, "`\(statement.rawValue)` stands after `\(last.statement.rawValue)` of line \(last.line)",
        remedy: "first the world (nodes, begin, misses, set, link, load), then the steps (at, when, then), "
          + "then what must hold (always, eventually, reach, expect)")
    }
    if ![.nodes, .begin, .misses, .set].contains(statement), names.nodes.isEmpty {
      throw line.error(
        at: column, expected: "the machines, such as `nodes m1@a m2@b m3@c`", found: "`\(statement.rawValue)`"
      )
    }
  }

  private mutating func read(
    _ statement: Statement, _ line: inout ScenarioLine, into scenario: inout Scenario
  ) throws(ScenarioError) {
    switch statement {
    case .scenario: break
    case .nodes:
      scenario.nodes = try line.participants()
      names.nodes = scenario.nodes.map(\.name)
      for zone in scenario.nodes.map(\.zone) where !names.zones.contains(zone) { names.zones.append(zone) }
    case .begin:
      scenario.start = try line.choice("how the world begins")
      try line.finish()
    case .misses:
      try line.keyword("allowed")
      try line.finish()
      scenario.allowsMisses = true
    case .set: try readSetting(&line, into: &scenario)
    case .link:
      let link = try line.link()
      scenario.links.append(
        Scenario.LinkRule(
          from: link.from, to: link.to, direction: link.direction, quality: try line.quality()))
      try line.finish()
    case .load: scenario.load = try line.load()
    case .at, .when, .then: try readStep(statement, &line, into: &scenario)
    case .always: scenario.always += try line.choices("an invariant", beside: scenario.always)
    case .eventually: scenario.eventually = try line.eventually()
    case .reach:
      repeat { scenario.reach.append(try line.bound()) } while !line.isAtEnd
    case .expect: scenario.expect += try line.choices("an expectation", beside: scenario.expect)
    }
  }

  private func readSetting(
    _ line: inout ScenarioLine, into scenario: inout Scenario
  ) throws(ScenarioError) {
    let column = line.column
    let setting = try line.setting()
    guard !scenario.settings.contains(where: { $0.key == setting.key }) else {
      throw line.error(at: column, "`\(setting.key.rawValue)` is set twice")
    }
    scenario.settings.append(setting)
  }

  private mutating func readStep(
    _ statement: Statement, _ line: inout ScenarioLine, into scenario: inout Scenario
  ) throws(ScenarioError) {
    guard statement != .then || !scenario.steps.isEmpty else {
      throw line.error(at: 1, "`then` has no step before it", remedy: "begin with `at` or `when`")
    }
    let column = line.column
    let trigger = try line.trigger(statement)
    if case .at(let time) = trigger {
      guard time >= latestTime else {
        throw line.error(
          at: column, expected: "\(Quantity.text(latestTime)) or later, as in the line before",
          found: "`\(Quantity.text(time))`")
      }
      latestTime = time
    }
    let incidents = try line.incidents()
    scenario.steps.append(Scenario.Step(trigger, incidents.map(\.incident), line: line.number))
    columns.append(incidents.map(\.column))
  }

  /// The whole, when it makes sense as such.
  func finish(lines: Int) throws(ScenarioError) -> Scenario {
    let expected: String
    switch scenario {
    case nil: expected = "`scenario NAME v1`"
    case let scenario? where !names.nodes.isEmpty:
      try checkFaults(scenario)
      return scenario
    case _?: expected = "the machines, such as `nodes m1@a m2@b m3@c`"
    }
    throw ScenarioError(
      file: file, line: max(1, lines), column: 1, message: "expected \(expected), found the end of the file")
  }

  private func checkFaults(_ scenario: Scenario) throws(ScenarioError) {
    let ledger = FaultLedger(scenario)
    if let act = ledger.offlineActsOnRunningManagers.first {
      throw error(
        at: act, in: scenario, "a running manager's folder cannot be wiped or rewritten",
        remedy: "stop or kill the manager before")
    }
    guard scenario.eventually != nil, let lasting = ledger.lasting.first else { return }
    let incident = scenario.steps[lasting.step].incidents[lasting.incident]
    throw error(
      at: lasting, in: scenario,
      "`\(incident.text)` is never ended, and `eventually` is about a cluster without faults",
      remedy: "end it, for instance with a last step of `restore all`")
  }

  private func error(
    at place: FaultLedger.Place, in scenario: Scenario, _ message: String, remedy: String
  ) -> ScenarioError {
    ScenarioError(
      file: file, line: scenario.steps[place.step].line, column: columns[place.step][place.incident],
      message: message, remedy: remedy)
  }
}
