internal import Cluster
internal import Raft

/// Scalars with a meaning. Each answers nil after a complaint at its own place.
extension Element {
  func nonEmptyText() -> String? {
    guard let text = text() else { return nil }
    guard !text.isEmpty else {
      error("the value is empty")
      return nil
    }
    return text
  }

  func bool() -> Bool? {
    guard let text = text() else { return nil }
    switch text.lowercased() {
    case "true", "yes", "on", "y": return true
    case "false", "no", "off", "n": return false
    default:
      error("`\(text)` is neither true nor false")
      return nil
    }
  }

  func integer(_ range: ClosedRange<Int>) -> Int? {
    guard let text = text() else { return nil }
    guard let value = Int(text), range.contains(value) else {
      let bounds =
        range.upperBound == .max
        ? "of \(range.lowerBound) or more" : "from \(range.lowerBound) to \(range.upperBound)"
      error("`\(text)` is no whole number \(bounds)")
      return nil
    }
    return value
  }

  func port() -> Int? { integer(1...65535) }

  func duration() -> Duration? {
    guard let duration = quantity(Quantity.duration) else { return nil }
    guard duration <= Service.maximumDuration else {
      error("a duration is no longer than a year")
      return nil
    }
    return duration
  }

  func byteCount() -> Int64? { quantity(Quantity.bytes) }

  func nanoCPUs() -> Int64? {
    quantity { text throws(Quantity.Malformed) in
      try Quantity.fraction(text, partsOfOne: 1_000_000_000)
    }
  }

  /// A ratio from 0 to 1 in thousandths.
  func permille() -> Int? {
    let parts = quantity { text throws(Quantity.Malformed) in try Quantity.fraction(text, partsOfOne: 1000) }
    guard let parts else { return nil }
    guard parts <= 1000 else {
      error("a ratio lies between 0 and 1")
      return nil
    }
    return Int(parts)
  }

  private func quantity<Value>(_ read: (String) throws(Quantity.Malformed) -> Value) -> Value? {
    guard let text = text() else { return nil }
    do { return try read(text) } catch {
      self.error(error.message)
      return nil
    }
  }

  /// One of a few words.
  func choice<Value>(_ choices: KeyValuePairs<String, Value>) -> Value? {
    guard let text = text() else { return nil }
    if let choice = choices.first(where: { $0.key == text }) { return choice.value }
    let near = Suggestion.nearest(to: text, among: choices.map(\.key))
    error(
      "`\(text)` is none of \(choices.map { "`\($0.key)`" }.joined(separator: ", "))",
      remedy: near.map { "did you mean `\($0)`?" })
    return nil
  }
}

/// Lists and mappings with a meaning.
extension Element {
  /// The scalars below, and this one, that hold a placeholder that is none.
  var unknownPlaceholders: [Element] {
    if isList { return (list() ?? []).flatMap(\.unknownPlaceholders) }
    if isMapping { return (fields() ?? []).flatMap(\.value.unknownPlaceholders) }
    return rawText.map(TaskTemplate.hasUnknownPlaceholder) == true ? [self] : []
  }

  /// A list of texts.
  func texts() -> [String] { list()?.compactMap { $0.text() } ?? [] }

  /// One text, or a list of them.
  func oneOrMoreTexts() -> [String] { isList ? texts() : text().map { [$0] } ?? [] }

  /// A command: a list as it is, or one line split as a shell would. Nil when it is empty: the image's own stays.
  func command() -> [String]? {
    if isList {
      let words = texts()
      return words.isEmpty ? nil : words
    }
    guard let line = text() else { return nil }
    guard let words = ShellWords.split(line) else {
      error("a quote in the command is not closed")
      return nil
    }
    return words.isEmpty ? nil : words
  }

  /// Names with values, from a mapping or a list of `NAME=value`; sorted by name, the last of a name wins.
  /// - Parameters:
  ///   - missing: the value of a name that stands alone; nil leaves it out.
  ///   - check: complains of a setting, at its place.
  func settings(
    missing: (Element, String) -> String? = { _, _ in "" },
    check: (Element, Setting) -> Void = { _, _ in }
  ) -> [Setting] {
    var values: [String: String] = [:]
    if isList {
      for item in list() ?? [] {
        guard let text = item.text() else { continue }
        let name = String(text.prefix { $0 != "=" })
        guard !name.isEmpty else {
          item.error("expected NAME=value")
          continue
        }
        let standsAlone = name.count == text.count
        values[name] = standsAlone ? missing(item, name) : String(text.dropFirst(name.count + 1))
        if let value = values[name] { check(item, Setting(name, value)) }
      }
    } else {
      for field in fields() ?? [] {
        guard !field.key.isEmpty else {
          field.keyElement.error("the name is empty")
          continue
        }
        values[field.key] = field.value.isNull ? missing(field.value, field.key) : field.value.text()
        if let value = values[field.key] { check(field.value, Setting(field.key, value)) }
      }
    }
    return values.map { Setting($0.key, $0.value) }.sorted()
  }
}
