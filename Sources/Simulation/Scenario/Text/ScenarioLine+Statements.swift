import Raft

extension ScenarioLine {
  /// `scenario leader-zone-cut v1`
  mutating func header() throws(ScenarioError) -> String {
    try keyword("scenario")
    let name = try name("the scenario's name")
    let version = try word("the format's version, `v1`")
    guard version.text == "v1" else {
      throw error(
        at: version.column, expected: "the format's version `v1`", found: "`\(version.text)`",
        remedy: "this program reads version 1 only")
    }
    try finish()
    return name
  }

  /// Small letters, digits and dashes, beginning with a letter.
  private mutating func name(_ what: String) throws(ScenarioError) -> String {
    let word = try word(what)
    guard isName(word.text) else {
      throw error(
        at: word.column, expected: "\(what) in small letters, digits and dashes, beginning with a letter",
        found: "`\(word.text)`")
    }
    return word.text
  }

  private func isName(_ text: String) -> Bool {
    guard let first = text.first, first >= "a", first <= "z" else { return false }
    return text.allSatisfy { ($0 >= "a" && $0 <= "z") || $0.isASCIIDigit || $0 == "-" }
  }

  /// `m1@a m2@b m3@c`
  mutating func participants() throws(ScenarioError) -> [Scenario.Participant] {
    var participants: [Scenario.Participant] = []
    repeat {
      let participant = try participant()
      guard !participants.contains(where: { $0.name == participant.value.name }) else {
        throw error(at: participant.column, "the machine `\(participant.value.name)` is named twice")
      }
      participants.append(participant.value)
    } while !isAtEnd
    return participants
  }

  private mutating func participant() throws(ScenarioError) -> (value: Scenario.Participant, column: Int) {
    let expected = "a machine and its zone such as m1@a"
    let word = try word(expected)
    let parts = word.text.split(separator: "@", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, parts.allSatisfy(isName) else {
      throw error(at: word.column, expected: expected, found: "`\(word.text)`")
    }
    if let reserved = parts.first(where: { ["all", "zone", "none"].contains($0) }) {
      throw error(at: word.column, "`\(reserved)` has a meaning of its own", remedy: "choose another name")
    }
    return (Scenario.Participant(name: parts[0], zone: parts[1]), word.column)
  }

  /// `rebalance-after 10s`
  mutating func setting() throws(ScenarioError) -> Scenario.ScenarioSetting {
    let key: Scenario.ScenarioSetting.Key = try choice("a setting")
    let setting: Scenario.ScenarioSetting =
      switch key {
      case .rebalanceAfter: .rebalanceAfter(try duration())
      case .transferAfter: .transferAfter(try duration())
      case .relaxAfter: .relaxAfter(skip("never") ? nil : try duration())
      case .snapshotEntries: .snapshotEntries(try count("a number of entries", in: 1...1_000_000))
      case .entriesKept: .entriesKept(try count("a number of entries", in: 0...1_000_000))
      case .chunkBytes: .chunkBytes(try count("a number of bytes", in: 1...1_000_000))
      case .uncommittedBytes: .uncommittedBytes(try count("a number of bytes", in: 1...100_000_000))
      case .inFlight: .inFlight(try count("a number of messages", in: 1...1_000))
      case .replicas: .replicas(try count("a number of tasks", in: 0...1_000))
      case .program: .program(try choice("a version of the program"))
      }
    try finish()
    return setting
  }

  /// `clients 4 rate 20/s mix insert:60 purge:20 until 90s`
  mutating func load() throws(ScenarioError) -> Scenario.Load {
    var load = Scenario.Load()
    try keyword("clients")
    load.clients = try count("a number of clients", in: 1...1_000)
    try keyword("rate")
    load.requestsPerSecond = try rate()
    try keyword("mix")
    repeat {
      let column = column
      let share = try share()
      guard !load.mix.contains(where: { $0.kind == share.kind }) else {
        throw error(at: column, "`\(share.kind.rawValue)` is named twice")
      }
      load.mix.append(share)
    } while !isAtEnd && !startsWith("until")
    try keyword("until")
    load.until = try duration()
    try finish()
    return load
  }

  private mutating func rate() throws(ScenarioError) -> Int {
    let expected = "a rate such as 20/s, from 1/s to 10000/s"
    let word = try word(expected)
    guard word.text.hasSuffix("/s"), let rate = Quantity.count(word.text.dropLast(2)), (1...10_000) ~= rate
    else { throw error(at: word.column, expected: expected, found: "`\(word.text)`") }
    return Int(rate)
  }

  /// `insert:60`
  private mutating func share() throws(ScenarioError) -> Scenario.Load.Share {
    let expected = "a kind of request with its weight such as insert:60"
    let word = try word(expected)
    let parts = word.text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let kind: Scenario.Load.Kind = try Self.choice(
      "a kind of request", of: Word(text: String(parts[0]), column: word.column), in: self)
    guard parts.count == 2, let weight = Quantity.count(parts[1]), (1...1_000_000) ~= weight else {
      throw error(at: word.column, expected: expected, found: "`\(word.text)`")
    }
    return Scenario.Load.Share(kind: kind, weight: weight)
  }

  /// `at 10s`, `when leader=m3 within 20s`, `then +200ms`: after the first word.
  mutating func trigger(_ statement: ScenarioParser.Statement) throws(ScenarioError) -> Scenario.Trigger {
    switch statement {
    case .when:
      let condition = try condition()
      try keyword("within")
      return .when(condition, within: try duration())
    case .then: return .then(try delay())
    default: return .at(try momentOfTime())
    }
  }

  private mutating func momentOfTime() throws(ScenarioError) -> Duration {
    let word = try word("a time such as 10s")
    return try duration(word.text[...], at: word.column, allowsZero: true)
  }

  private mutating func delay() throws(ScenarioError) -> Duration {
    let expected = "how much later, such as +200ms"
    let word = try word(expected)
    guard word.text.first == "+" else {
      throw error(at: word.column, expected: expected, found: "`\(word.text)`")
    }
    return try duration(word.text.dropFirst(), at: word.column + 1, allowsZero: true)
  }

  /// `within 20s after heal all-applied one-primary`, or `everything` for all goals
  mutating func eventually() throws(ScenarioError) -> Scenario.Eventually {
    try keyword("within")
    let within = try duration()
    try keyword("after")
    try keyword("heal")
    if skip("everything") {
      try finish()
      return Scenario.Eventually(within: within, goals: Scenario.Goal.allCases)
    }
    return Scenario.Eventually(within: within, goals: try choices("a goal"))
  }
}

extension Scenario.ScenarioSetting {
  /// The first word of a setting.
  enum Key: String, CaseIterable {
    case rebalanceAfter = "rebalance-after"
    case transferAfter = "transfer-after"
    case relaxAfter = "relax-after"
    case snapshotEntries = "snapshot-entries"
    case entriesKept = "entries-kept"
    case chunkBytes = "chunk-bytes"
    case uncommittedBytes = "uncommitted-bytes"
    case inFlight = "in-flight"
    case replicas
    case program
  }

  var key: Key {
    switch self {
    case .rebalanceAfter: .rebalanceAfter
    case .transferAfter: .transferAfter
    case .relaxAfter: .relaxAfter
    case .snapshotEntries: .snapshotEntries
    case .entriesKept: .entriesKept
    case .chunkBytes: .chunkBytes
    case .uncommittedBytes: .uncommittedBytes
    case .inFlight: .inFlight
    case .replicas: .replicas
    case .program: .program
    }
  }

  /// As scenario files write it.
  public var text: String {
    let value =
      switch self {
      case .rebalanceAfter(let duration), .transferAfter(let duration): Quantity.text(duration)
      case .relaxAfter(let duration): duration.map { Quantity.text($0) } ?? "never"
      case .snapshotEntries(let count), .entriesKept(let count), .replicas(let count),
        .chunkBytes(let count), .uncommittedBytes(let count), .inFlight(let count):
        "\(count)"
      case .program(let program): program.rawValue
      }
    return "\(key.rawValue) \(value)"
  }
}
