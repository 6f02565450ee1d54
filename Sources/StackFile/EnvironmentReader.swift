internal import Cluster

/// A service's `environment` over its `env_file`s. No complaint tells a value: it may be a password.
enum EnvironmentReader {
  /// Sorted by name.
  static func read(_ record: Record) -> [Setting] {
    var values: [String: String] = [:]
    for file in record["env_file"].map(files) ?? [] {
      for setting in read(file) { values[setting.name] = setting.value }
    }
    for setting in record["environment"]?.settings(missing: ownValue) ?? [] {
      values[setting.name] = setting.value
    }
    return values.map { Setting($0.key, $0.value) }.sorted()
  }

  /// A variable named without a value has the one it has where the file is deployed from.
  private static func ownValue(_ element: Element, _ name: String) -> String? {
    let value = element.reading.surroundings.variables(name)
    if value == nil {
      element.warning(
        "the variable `\(name)` is not set and is left out", remedy: "set it, or give it a value here")
    }
    return value
  }

  /// A word of an `env_file` that can be a variable's name: the others may be secrets whose name is missing.
  private static func isName(_ text: some StringProtocol) -> Bool {
    guard let first = text.first, first.isASCII, first.isLetter || first == "_" else { return false }
    return text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_.-".contains($0)) }
  }

  private static func files(_ element: Element) -> [Element] {
    guard element.isList else { return [element] }
    return (element.list() ?? []).compactMap { item in
      guard item.isMapping else { return item }
      return Record(item, Keys(known: ["path"], ignored: ["format": "lines are read as NAME=value"]))?["path"]
    }
  }

  /// Docker's format: lines of `NAME=value`, taken as they are, quotes included; `#` begins a comment line.
  private static func read(_ file: Element) -> [Setting] {
    guard let path = file.nonEmptyText() else { return [] }
    guard let bytes = file.reading.surroundings.readFile(path) else {
      file.error("the file `\(path)` cannot be read", remedy: "its path starts from the stack file's folder")
      return []
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      file.error("the file `\(path)` is not UTF-8 text", remedy: "save it as UTF-8")
      return []
    }
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    return lines.enumerated().compactMap { number, line in
      let line = line.drop { $0 == " " || $0 == "\t" }
      guard !line.isEmpty, !line.hasPrefix("#") else { return nil }
      let name = String(line.prefix { $0 != "=" })
      let standsAlone = name.count == line.count
      guard standsAlone ? isName(name) : !name.isEmpty && !name.contains(where: \.isWhitespace) else {
        file.error("line \(number + 1) of `\(path)` is not NAME=value")
        return nil
      }
      guard standsAlone else { return Setting(name, String(line.dropFirst(name.count + 1))) }
      guard let value = file.reading.surroundings.variables(name) else {
        // Not even the name: it may be a password that lost its own.
        file.warning(
          "line \(number + 1) of `\(path)` names a variable that is not set, and is left out",
          remedy: "set it, or write NAME=value there")
        return nil
      }
      return Setting(name, value)
    }
  }
}
