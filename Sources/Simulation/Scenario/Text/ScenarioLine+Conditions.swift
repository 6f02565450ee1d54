extension ScenarioLine {
  /// `applied(m2)>=40`, `database(shop)=promoting`, `leader=m3`, `all-applied`
  mutating func condition() throws(ScenarioError) -> Scenario.Condition {
    let word = try word("a condition such as applied(m2)>=40, database(shop)=sync, leader=m3 or one-primary")
    if let goal = Scenario.Goal(rawValue: word.text) { return .goal(goal) }
    guard let comparison = try comparison(word) else {
      throw unknown(
        word, expected: "a condition such as applied(m2)>=40, database(shop)=sync, leader=m3 or one-primary",
        among: Scenario.Goal.allCases.map(\.rawValue))
    }
    switch comparison.name {
    case "leader": return .leader(try leader(comparison))
    case "database": return try mode(comparison)
    default: return .bound(try bound(comparison, known: ["leader", "database"]))
    }
  }

  /// `elections>=2`
  mutating func bound() throws(ScenarioError) -> Scenario.Bound {
    let expected = "a bound such as elections>=2"
    let word = try word(expected)
    guard let comparison = try comparison(word) else {
      throw error(at: word.column, expected: expected, found: "`\(word.text)`")
    }
    return try bound(comparison, known: [])
  }

  /// `name(argument)>=value`
  private struct Comparison {
    var name: String
    var nameColumn: Int
    var argument: ScenarioLine?
    var relation: Scenario.Bound.Relation
    var value: String
    var valueColumn: Int
  }

  private func comparison(_ word: Word) throws(ScenarioError) -> Comparison? {
    guard let at = word.text.firstIndex(where: { "<>=".contains($0) }) else { return nil }
    let sign = word.text[at...].prefix { "<>=".contains($0) }
    let left = word.text[..<at]
    let (name, argument) = try call(left, at: word.column)
    let column = word.column + left.count
    guard let relation = Scenario.Bound.Relation(rawValue: String(sign)) else {
      throw error(at: column, expected: "`>=`, `<=` or `=`", found: "`\(sign)`")
    }
    return Comparison(
      name: String(name), nameColumn: word.column, argument: argument, relation: relation,
      value: String(word.text[sign.endIndex...]), valueColumn: column + sign.count)
  }

  private func bound(_ comparison: Comparison, known: [String]) throws(ScenarioError) -> Scenario.Bound {
    guard let value = Quantity.count(comparison.value) else {
      throw error(
        at: comparison.valueColumn, expected: "a whole number",
        found: comparison.value.isEmpty ? "nothing" : "`\(comparison.value)`")
    }
    return Scenario.Bound(try measure(comparison, known: known), comparison.relation, value)
  }

  private static let measuresOfMachines: [String: @Sendable (Target) -> Scenario.Measure] = [
    "applied": { .applied($0) }, "unsynced": { .unsynced($0) }, "unsynced-votes": { .unsyncedVotes($0) },
    "tasks": { .tasks($0) },
  ]

  private func measure(_ comparison: Comparison, known: [String]) throws(ScenarioError) -> Scenario.Measure {
    if let measure = Self.measuresOfMachines[comparison.name] {
      guard var argument = comparison.argument else {
        throw error(
          at: comparison.nameColumn, expected: "a machine in parentheses such as \(comparison.name)(m2)",
          found: "`\(comparison.name)`")
      }
      let target = try argument.target()
      try argument.finish()
      return measure(target)
    }
    guard let counter = Scenario.Measure.Counter(rawValue: comparison.name) else {
      throw unknown(
        Word(text: comparison.name, column: comparison.nameColumn), expected: "something that a run counts",
        among: Scenario.Measure.Counter.allCases.map(\.rawValue) + Self.measuresOfMachines.keys.sorted()
          + known)
    }
    if let argument = comparison.argument {
      throw error(
        at: argument.column - 1, "`\(counter.rawValue)` counts for the whole cluster",
        remedy: "leave the parentheses out")
    }
    return .counter(counter)
  }

  private mutating func leader(_ comparison: Comparison) throws(ScenarioError) -> Target? {
    try requireEqual(comparison)
    if comparison.value == "none" { return nil }
    // `leader=zone a` is two words.
    let zone = comparison.value == "zone" ? try word("a zone").text : nil
    let text = comparison.value + (zone.map { " \($0)" } ?? "")
    var value = inside(text[...], at: comparison.valueColumn)
    let target = try value.target()
    try value.finish()
    return target
  }

  private func mode(_ comparison: Comparison) throws(ScenarioError) -> Scenario.Condition {
    try requireEqual(comparison)
    guard var argument = comparison.argument else {
      throw error(
        at: comparison.nameColumn, expected: "a database in parentheses such as database(shop)",
        found: "`database`")
    }
    let database = try argument.word("a database")
    try argument.finish()
    guard Scenario.databases.contains(database.text) else {
      throw argument.unknown(database, expected: "a database of the example stack", among: Scenario.databases)
    }
    let mode: Scenario.ModeName = try Self.choice(
      "a database's mode", of: Word(text: comparison.value, column: comparison.valueColumn), in: self)
    return .mode(database: database.text, mode)
  }

  private func requireEqual(_ comparison: Comparison) throws(ScenarioError) {
    guard comparison.relation == .equal else {
      throw error(
        at: comparison.valueColumn - comparison.relation.rawValue.count, expected: "`=`",
        found: "`\(comparison.relation.rawValue)`")
    }
  }
}

extension Scenario.Condition {
  /// As scenario files write it.
  public var text: String {
    switch self {
    case .bound(let bound): bound.text
    case .mode(let database, let mode): "database(\(database))=\(mode.rawValue)"
    case .leader(let target): "leader=\(target?.text ?? "none")"
    case .goal(let goal): goal.rawValue
    }
  }
}

extension Scenario.Bound {
  /// As scenario files write it.
  public var text: String { "\(measure.text)\(relation.rawValue)\(value)" }
}

extension Scenario.Measure {
  /// As scenario files write it.
  public var text: String {
    switch self {
    case .applied(let target): "applied(\(target.text))"
    case .unsynced(let target): "unsynced(\(target.text))"
    case .unsyncedVotes(let target): "unsynced-votes(\(target.text))"
    case .tasks(let target): "tasks(\(target.text))"
    case .counter(let counter): counter.rawValue
    }
  }
}
