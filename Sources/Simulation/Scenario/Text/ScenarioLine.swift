import Raft

/// A line of a scenario file, read from left to right.
struct ScenarioLine: Sendable {
  /// Who can be named: the machines and zones of the file.
  struct Names: Sendable {
    var nodes: [String] = []
    var zones: [String] = []
  }

  struct Word {
    var text: String
    var column: Int
  }

  let file: String
  let number: Int
  let names: Names
  private var tokens: ArraySlice<Token>
  /// Where the line ends: what is missing is missing there.
  private let end: Int

  init(_ text: some StringProtocol, file: String, number: Int, names: Names) {
    let tokens = Token.all(in: text)
    self.init(
      tokens, end: tokens.last.map { $0.column + $0.text.count } ?? 1, file: file, number: number,
      names: names)
  }

  private init(_ tokens: [Token], end: Int, file: String, number: Int, names: Names) {
    self.tokens = tokens[...]
    self.end = end
    self.file = file
    self.number = number
    self.names = names
  }

  var isAtEnd: Bool { tokens.isEmpty }
  /// Where the next piece stands.
  var column: Int { tokens.first?.column ?? end }

  // MARK: Errors

  func error(
    at column: Int, expected: String, found: String, remedy: String? = nil
  ) -> ScenarioError {
    error(at: column, "expected \(expected), found \(found)", remedy: remedy)
  }

  func error(at column: Int, _ message: String, remedy: String? = nil) -> ScenarioError {
    ScenarioError(file: file, line: number, column: column, message: message, remedy: remedy)
  }

  /// The next piece is not what belongs there.
  func unexpected(_ expected: String) -> ScenarioError {
    error(at: column, expected: expected, found: tokens.first.map { "`\($0.text)`" } ?? "the end of the line")
  }

  /// A word is none of those known.
  func unknown(_ word: Word, expected: String, among known: [String]) -> ScenarioError {
    let near = NearMiss.nearest(to: word.text, among: known)
    return error(
      at: word.column, expected: expected, found: "`\(word.text)`",
      remedy: near.map { "did you mean `\($0)`?" } ?? "known here: " + known.joined(separator: ", "))
  }

  // MARK: Pieces

  var isAtArrow: Bool {
    if case .arrow? = tokens.first?.kind { true } else { false }
  }

  func startsWith(_ keyword: String) -> Bool { tokens.first?.kind == .word(keyword) }

  /// Takes the keyword, if it comes next.
  mutating func skip(_ keyword: String) -> Bool {
    guard startsWith(keyword) else { return false }
    tokens.removeFirst()
    return true
  }

  mutating func word(_ expected: String) throws(ScenarioError) -> Word {
    guard let token = tokens.first, case .word(let text) = token.kind else { throw unexpected(expected) }
    tokens.removeFirst()
    return Word(text: text, column: token.column)
  }

  mutating func keyword(_ keyword: String) throws(ScenarioError) {
    let word = try word("`\(keyword)`")
    guard word.text == keyword else {
      throw error(at: word.column, expected: "`\(keyword)`", found: "`\(word.text)`")
    }
  }

  /// Takes `;`, if it comes next.
  mutating func skipSeparator() -> Bool {
    guard tokens.first?.kind == .separator else { return false }
    tokens.removeFirst()
    return true
  }

  /// `->` or `<->`
  mutating func arrow() throws(ScenarioError) -> Direction {
    guard case .arrow(let direction)? = tokens.first?.kind else { throw unexpected("`->` or `<->`") }
    tokens.removeFirst()
    return direction
  }

  mutating func finish() throws(ScenarioError) {
    guard isAtEnd else { throw unexpected("the end of the line") }
  }

  /// One of an enumeration's words.
  mutating func choice<Choice: CaseIterable & RawRepresentable<String>>(
    _ expected: String, _: Choice.Type = Choice.self
  ) throws(ScenarioError) -> Choice {
    try Self.choice(expected, of: try word(expected), in: self)
  }

  static func choice<Choice: CaseIterable & RawRepresentable<String>>(
    _ expected: String, of word: Word, in line: ScenarioLine
  ) throws(ScenarioError) -> Choice {
    guard let choice = Choice(rawValue: word.text) else {
      throw line.unknown(word, expected: expected, among: Choice.allCases.map(\.rawValue))
    }
    return choice
  }

  /// The rest of the line, each word one of an enumeration's, none of them twice; at least one.
  mutating func choices<Choice: CaseIterable & RawRepresentable<String> & Equatable>(
    _ expected: String, beside earlier: [Choice] = []
  ) throws(ScenarioError) -> [Choice] {
    var choices: [Choice] = []
    repeat {
      let column = column
      let choice: Choice = try self.choice(expected)
      guard !earlier.contains(choice), !choices.contains(choice) else {
        throw error(at: column, "`\(choice.rawValue)` is named twice")
      }
      choices.append(choice)
    } while !isAtEnd
    return choices
  }

  // MARK: Quantities

  /// `200ms`, above zero.
  mutating func duration() throws(ScenarioError) -> Duration {
    let word = try word("a duration such as 200ms or 10s")
    return try duration(word.text[...], at: word.column)
  }

  func duration(
    _ text: Substring, at column: Int, allowsZero: Bool = false
  ) throws(ScenarioError) -> Duration {
    guard let duration = Quantity.duration(text), allowsZero || duration > .zero else {
      let remedy: String? =
        if Quantity.count(text) != nil, Quantity.count(text) != 0 {
          "give it a unit: ns, us, ms, s, min or h"
        } else { nil }
      throw error(
        at: column,
        expected:
          "a duration such as 200ms or 10s, at most 90 days, \(allowsZero ? "0s or more" : "above zero")",
        found: "`\(text)`", remedy: remedy)
    }
    return duration
  }

  /// `+90s` or `-1h`.
  mutating func signedDuration(allowsBack: Bool) throws(ScenarioError) -> Duration {
    let expected =
      allowsBack ? "a signed duration such as +90s or -1h" : "a duration with a plus such as +90s"
    let word = try word(expected)
    guard word.text.first == "+" || (allowsBack && word.text.first == "-") else {
      throw error(at: word.column, expected: expected, found: "`\(word.text)`")
    }
    let length = try duration(word.text.dropFirst(), at: word.column + 1, allowsZero: allowsBack)
    return word.text.first == "-" ? Duration(nanoseconds: -length.nanoseconds) : length
  }

  mutating func count(_ what: String, in range: ClosedRange<UInt64>) throws(ScenarioError) -> Int {
    let expected = "\(what) from \(range.lowerBound) to \(range.upperBound)"
    let word = try word(expected)
    guard let count = Quantity.count(word.text), range.contains(count) else {
      throw error(at: word.column, expected: expected, found: "`\(word.text)`")
    }
    return Int(count)
  }

  mutating func percentage() throws(ScenarioError) -> UInt64 {
    let expected = "a percentage such as 0.1%, at most 100%"
    let word = try word(expected)
    guard let parts = Quantity.partsPerMillion(word.text) else {
      throw error(at: word.column, expected: expected, found: "`\(word.text)`")
    }
    return parts
  }

  // MARK: Parts of words

  /// Reads what stands inside a word as a line of its own.
  func inside(_ text: Substring, at column: Int) -> ScenarioLine {
    ScenarioLine(
      Token.all(in: text, from: column), end: column + text.count, file: file, number: number, names: names)
  }

  /// `applied(m2)` gives `applied` and `m2`; a word without parentheses gives itself and nil.
  func call(_ text: Substring, at column: Int) throws(ScenarioError) -> (
    name: Substring, inside: ScenarioLine?
  ) {
    guard let open = text.firstIndex(of: "(") else { return (text, nil) }
    guard text.last == ")" else {
      throw error(at: column, expected: "a closing parenthesis", found: "`\(text)`")
    }
    let content = text[text.index(after: open)...].dropLast()
    let name = text[..<open]
    return (name, inside(content, at: column + name.count + 1))
  }
}
