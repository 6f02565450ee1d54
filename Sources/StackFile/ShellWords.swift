/// Splits a command line into words as a POSIX shell does, without expanding anything.
enum ShellWords {
  /// Nil when a quote is not closed or the line ends in a backslash.
  static func split(_ line: String) -> [String]? {
    var words: [String] = []
    var word = ""
    var isInWord = false
    var quote: Character?
    var isEscaped = false
    for character in line {
      if isEscaped {
        // Inside double quotes a backslash stays unless it protects one of these.
        if quote == "\"", !"\"\\$`".contains(character) { word.append("\\") }
        word.append(character)
        isEscaped = false
      } else if character == "\\", quote != "'" {
        isInWord = true
        isEscaped = true
      } else if character == quote {
        quote = nil
      } else if quote == nil, character == "\"" || character == "'" {
        isInWord = true
        quote = character
      } else if quote == nil, character.isWhitespace {
        if isInWord { words.append(word) }
        (word, isInWord) = ("", false)
      } else {
        isInWord = true
        word.append(character)
      }
    }
    guard quote == nil, !isEscaped else { return nil }
    if isInWord { words.append(word) }
    return words
  }
}
