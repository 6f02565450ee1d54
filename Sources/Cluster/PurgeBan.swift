/// Which objects to ban: conditions that all hold (`man vcl`, "Ban expressions").
///
/// It is read before it is taken into the log, so that no expression can smuggle a second command, a here
/// document (`<<`) or an open quote into Varnish's command line, and so that whoever sends a malformed one is told.
public struct BanExpression: Hashable, Sendable {
  public struct Condition: Hashable, Sendable {
    /// Such as `obj.http.x-url` or `obj.status`.
    public var field: String
    public var comparison: String
    /// Not empty, and without white space.
    public var argument: String

    public init(field: String, comparison: String, argument: String) {
      self.field = field
      self.comparison = comparison
      self.argument = argument
    }
  }

  /// Why a text is no ban expression.
  public struct Malformed: Error, Hashable, Sendable, CustomStringConvertible {
    public var text: String
    public var reason: String

    public var description: String { "'\(text.prefix(200))' is no ban expression: \(reason)" }
  }

  public var conditions: [Condition]

  public init(conditions: [Condition]) { self.conditions = conditions }

  /// Bytes of the longest expression that is taken: Varnish's command line has room for twice as many.
  public static let maximumLength = 4_000

  /// Reads `FIELD COMPARISON ARGUMENT [&& …]`, the argument quoted or not. `req.url` and `req.http.host` are read
  /// as `obj.http.x-url` and `obj.http.x-host`, which `deploy/varnish/tercet.vcl` keeps on every object: a ban on
  /// a request's own fields would wait for a request to each object, and pile up.
  ///
  /// An argument with white space is refused: Varnish's command line splits it even in quotes, and no address holds
  /// any; a regular expression can say `\s`.
  public init(parsing text: String) throws(Malformed) {
    func refuse(_ reason: String) -> Malformed { Malformed(text: text, reason: reason) }
    guard text.utf8.count <= Self.maximumLength else {
      throw refuse("it has \(text.utf8.count) bytes, and may have \(Self.maximumLength)")
    }
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
        field: Self.kept[words[start]] ?? words[start], comparison: words[start + 1],
        argument: words[start + 2])
      if let reason = condition.complaint { throw refuse(reason) }
      conditions.append(condition)
    }
  }

  /// What objects keep of the request that fetched them.
  private static let kept = ["req.url": "obj.http.x-url", "req.http.host": "obj.http.x-host"]

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
  /// Why Varnish would not take it, or never be done with it; nil when it makes sense.
  fileprivate var complaint: String? {
    guard let comparisons else {
      return
        "'\(field)' is not obj.status, obj.http.NAME, obj.age, obj.ttl, obj.grace or obj.keep"
    }
    if !comparisons.contains(comparison) {
      return "'\(comparison)' is no comparison for \(field); there are \(comparisons.joined(separator: " "))"
    }
    if argument.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) || argument.isEmpty {
      return "'\(argument)' is empty or holds white space or a control character"
    }
    if comparison.hasSuffix("~") {
      do { try RegularExpression.check(argument) } catch { return error.description }
    }
    if field != "obj.status", !field.hasPrefix("obj.http."), !isDuration(argument) {
      return "'\(argument)' is no length of time such as 90s, 10m or 1h"
    }
    return nil
  }

  /// What the field can be compared by; nil for a field that cannot be banned on.
  private var comparisons: [String]? {
    switch field {
    case "obj.status": ["==", "!="]
    case "obj.age", "obj.ttl", "obj.grace", "obj.keep": ["<", "<=", ">", ">=", "==", "!="]
    case _ where field.hasPrefix("obj.http."):
      isHeaderName(field.dropFirst("obj.http.".count)) ? ["==", "!=", "~", "!~"] : nil
    default: nil
    }
  }
}

private func isHeaderName(_ name: Substring) -> Bool {
  (1...100).contains(name.utf8.count)
    && name.utf8.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
}

private func isDuration(_ text: String) -> Bool {
  let number = text.prefix { ("0"..."9").contains($0) || $0 == "." }
  return number.contains { $0 != "." } && number.count { $0 == "." } <= 1
    && ["ms", "s", "m", "h", "d", "w", "y"].contains(text.dropFirst(number.count))
}

func isLetterOrDigit(_ byte: UInt8) -> Bool {
  let scalar = Unicode.Scalar(byte)
  return ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
}
