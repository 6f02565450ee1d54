/// A piece of a scenario file's line.
struct Token: Hashable, Sendable {
  enum Kind: Hashable, Sendable {
    case word(String)
    /// `->` or `<->`, with or without spaces around it.
    case arrow(Direction)
    /// `;`
    case separator
  }

  var kind: Kind
  /// Of its first character, from 1.
  var column: Int

  /// As the file has it.
  var text: String {
    switch kind {
    case .word(let word): word
    case .arrow(let direction): direction.rawValue
    case .separator: ";"
    }
  }

  /// Cuts a line into its pieces. A comment begins with `#` at the beginning of a word. What stands between
  /// parentheses belongs to one word, spaces too: `applied(zone a)>=40`.
  static func all(in text: some StringProtocol, from column: Int = 1) -> [Token] {
    var tokens: [Token] = []
    var word = ""
    var depth = 0
    let characters = Array(text)
    var index = 0
    func endWord() {
      guard !word.isEmpty else { return }
      tokens.append(Token(kind: .word(word), column: column + index - word.count))
      word = ""
    }
    while index < characters.count {
      let character = characters[index]
      if character == "(" { depth += 1 }
      if character == ")" { depth = max(0, depth - 1) }
      if depth > 0 {
        word.append(character)
      } else if character == "#", word.isEmpty {
        return tokens
      } else if let arrow = arrow(characters[index...]) {
        endWord()
        tokens.append(Token(kind: .arrow(arrow), column: column + index))
        index += arrow.rawValue.count - 1
      } else if character == ";" {
        endWord()
        tokens.append(Token(kind: .separator, column: column + index))
      } else if character.isWhitespace {
        endWord()
      } else {
        word.append(character)
      }
      index += 1
    }
    endWord()
    return tokens
  }

  private static func arrow(_ rest: ArraySlice<Character>) -> Direction? {
    if rest.starts(with: "<->") { .bothWays } else if rest.starts(with: "->") { .oneWay } else { nil }
  }
}
