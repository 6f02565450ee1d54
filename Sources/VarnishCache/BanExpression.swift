/// Which objects to ban: conditions that all hold (`man vcl`, "Ban expressions").
///
/// It is read before it is sent, so that no expression can smuggle a second command, a here document (`<<`) or an
/// open quote into Varnish's command line.
package struct BanExpression: Hashable, Sendable, CustomStringConvertible {
  package struct Condition: Hashable, Sendable {
    /// Such as `obj.http.x-url`, `obj.status`, `req.url`.
    package var field: String
    package var comparison: String
    package var argument: String
  }

  package var conditions: [Condition]

  /// Matches every object; no response has the status 0.
  package static let everything = BanExpression(
    conditions: [Condition(field: "obj.status", comparison: "!=", argument: "0")])

  /// Matches one address under one host, or under every host. Neither may hold white space.
  package static func address(host: String?, path: String) -> BanExpression {
    var conditions = [Condition(field: "obj.http.x-url", comparison: "==", argument: path)]
    if let host {
      conditions.append(Condition(field: "obj.http.x-host", comparison: "==", argument: host.lowercased()))
    }
    return BanExpression(conditions: conditions)
  }

  package init(conditions: [Condition]) { self.conditions = conditions }

  /// Reads `FIELD COMPARISON ARGUMENT [&& …]`, the argument quoted or not.
  ///
  /// Throws `expressionRefused`, also for an argument with white space: Varnish's command line splits it even in
  /// quotes, and no address holds any; a regular expression can say `\s`.
  package init(parsing text: String) throws(VarnishError) {
    func refuse(_ reason: String) -> VarnishError { .expressionRefused(text, reason: reason) }
    guard let words = Self.words(text) else { throw refuse("it has a quote that is not closed") }
    guard words.count % 4 == 3 else {
      throw refuse("it should be FIELD COMPARISON ARGUMENT, joined by &&")
    }
    conditions = []
    for start in stride(from: 0, to: words.count, by: 4) {
      guard start == 0 || words[start - 1] == "&&" else {
        throw refuse("conditions are joined by &&, not by '\(words[start - 1])'")
      }
      let condition = Condition(
        field: words[start], comparison: words[start + 1], argument: words[start + 2])
      if let reason = condition.complaint { throw refuse(reason) }
      conditions.append(condition)
    }
  }

  /// As Varnish's command line takes it: quotes around a field or a comparison confuse it.
  package var description: String {
    conditions.map { "\($0.field) \($0.comparison) \(quoted($0.argument))" }.joined(separator: " && ")
  }

  /// Splits at white space outside of quotes; a backslash in quotes keeps a quote or backslash. Nil when a quote
  /// stays open.
  private static func words(_ text: String) -> [String]? {
    var words: [String] = []
    var word: String?
    var isQuoted = false
    var isEscaped = false
    for character in text.unicodeScalars {
      switch character {
      case _ where isEscaped:
        if character != "\"" && character != "\\" { word?.append("\\") }
        word?.unicodeScalars.append(character)
        isEscaped = false
      case "\\" where isQuoted: isEscaped = true
      case "\"":
        isQuoted.toggle()
        word = word ?? ""
      case " ", "\t":
        guard !isQuoted else { fallthrough }
        if let word { words.append(word) }
        word = nil
      default:
        word = word ?? ""
        word?.unicodeScalars.append(character)
      }
    }
    if let word { words.append(word) }
    return isQuoted ? nil : words
  }
}

extension BanExpression.Condition {
  fileprivate static let comparisons = ["==", "!=", "~", "!~", "<", "<=", ">", ">="]

  /// What Varnish's command line would stumble over.
  fileprivate var complaint: String? {
    let isName = field.utf8.allSatisfy { $0 == 0x2D || $0 == 0x2E || $0 == 0x5F || isLetterOrDigit($0) }
    if !isName || !(field.hasPrefix("obj.") || field.hasPrefix("req.")) {
      return "'\(field)' is not a field of obj or req"
    }
    if !Self.comparisons.contains(comparison) { return "'\(comparison)' is not a comparison" }
    if argument.isEmpty || argument.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) {
      return "'\(argument)' is empty or holds white space or a control character"
    }
    return nil
  }
}

private func isLetterOrDigit(_ byte: UInt8) -> Bool {
  let scalar = Unicode.Scalar(byte)
  return ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
}

/// A word of Varnish's command line, in quotes, with everything escaped that is not plain ASCII.
package func quoted(_ word: String) -> String {
  var text = "\""
  for byte in word.utf8 {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"):
      text += "\\"
      text.unicodeScalars.append(Unicode.Scalar(byte))
    case 0x20..<0x7F: text.unicodeScalars.append(Unicode.Scalar(byte))
    default:
      let octal = String(byte, radix: 8)
      text += "\\" + String(repeating: "0", count: 3 - octal.count) + octal
    }
  }
  return text + "\""
}
