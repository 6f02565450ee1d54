import NIOCore
import Yams

/// What is wrong with the configuration: every complaint, with its line.
struct ConfigurationError: Error, CustomStringConvertible {
  var complaints: [String]
  var description: String { complaints.joined(separator: "\n") }
}

/// Gathers complaints, so that all of a file's mistakes are told at once.
final class Complaints {
  let file: String
  private(set) var lines: [(line: Int, text: String)] = []

  init(file: String) { self.file = file }

  func add(_ mark: Mark?, _ message: String) {
    let line = mark?.line ?? 1
    lines.append((line, "\(file):\(line):\(mark?.column ?? 1): error: \(message)"))
  }

  /// What the parser says, on one line and at its place.
  func add(invalid error: any Error) {
    switch error as? YamlError {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      add(mark, "no valid YAML: \(problem)")
    case .duplicatedKeysInMapping(let duplicates, let context):
      for key in duplicates { add(context.mark, "the key \(key) is given twice") }
    default:
      add(nil, "no valid YAML: \(error)")
    }
  }

  func throwIfAny() throws(ConfigurationError) {
    guard lines.isEmpty else {
      throw ConfigurationError(complaints: lines.sorted { $0.line < $1.line }.map(\.text))
    }
  }
}

/// A mapping of the configuration, read key by key; a key that nobody asked for is a mistake. Scalars are read
/// as text, so that nothing is taken for a number or a truth value that is not asked for as one.
struct Section {
  let path: String
  let complaints: Complaints
  private let mark: Mark?
  private var fields: [(key: String, mark: Mark?, value: Node)] = []

  init(_ node: Node, path: String, complaints: Complaints) {
    self.path = path
    self.complaints = complaints
    mark = node.mark
    guard case .mapping(let mapping) = node else {
      complaints.add(node.mark, "\(path.isEmpty ? "the file" : path) must be a mapping of keys to values")
      return
    }
    for (key, value) in mapping { fields.append((key.string ?? "", key.mark, value)) }
  }

  /// Reads a whole file.
  static func root(of text: String, file: String) throws(ConfigurationError) -> (Section, Complaints) {
    let complaints = Complaints(file: file)
    let node: Node?
    do {
      node = try Yams.compose(yaml: text, .basic)
    } catch {
      complaints.add(invalid: error)
      try complaints.throwIfAny()
      throw ConfigurationError(complaints: [])
    }
    guard let node else { throw ConfigurationError(complaints: ["\(file):1:1: error: the file is empty"]) }
    return (Section(node, path: "", complaints: complaints), complaints)
  }

  /// Complains of every key that is not one of these.
  func expect(_ keys: [String]) {
    for field in fields where !keys.contains(field.key) {
      guard !field.key.isEmpty else {
        complaints.add(field.mark, "a key must be one word; known here: \(keys.joined(separator: ", "))")
        continue
      }
      let near = nearest(to: field.key, among: keys)
      let hint = near.map { "; did you mean \($0)?" } ?? "; known here: \(keys.joined(separator: ", "))"
      complaints.add(field.mark, "unknown key \(name(field.key))\(hint)")
    }
  }

  func has(_ key: String) -> Bool { fields.contains { $0.key == key } }

  func text(_ key: String, default fallback: String? = nil) -> String {
    guard let field = fields.first(where: { $0.key == key }) else {
      if fallback == nil { complaints.add(mark, "the key \(name(key)) is missing") }
      return fallback ?? ""
    }
    guard let text = field.value.scalar?.string, !text.isEmpty else {
      complaints.add(field.mark, "\(name(key)) needs a value")
      return fallback ?? ""
    }
    return text
  }

  func integer(_ key: String, in range: ClosedRange<Int>, default fallback: Int? = nil) -> Int {
    guard let field = fields.first(where: { $0.key == key }) else {
      if fallback == nil { complaints.add(mark, "the key \(name(key)) is missing") }
      return fallback ?? range.lowerBound
    }
    guard let value = field.value.scalar.flatMap({ Int($0.string) }), range.contains(value) else {
      complaints.add(
        field.mark, "\(name(key)) must be a whole number from \(range.lowerBound) to \(range.upperBound)")
      return range.lowerBound
    }
    return value
  }

  func choice<Value>(_ key: String, _ choices: [(String, Value)], default fallback: Value) -> Value {
    guard has(key) else { return fallback }
    let text = text(key)
    if let choice = choices.first(where: { $0.0 == text }) { return choice.1 }
    complain(key, "\(name(key)) is one of \(choices.map(\.0).joined(separator: ", ")), not \(text)")
    return fallback
  }

  func texts(_ key: String) -> [String] {
    guard let field = fields.first(where: { $0.key == key }) else { return [] }
    guard case .sequence(let sequence) = field.value else {
      complaints.add(field.mark, "\(name(key)) must be a list")
      return []
    }
    return sequence.enumerated().compactMap { place, node in
      if let text = node.scalar?.string { return text }
      complaints.add(node.mark, "\(name(key))[\(place)] must be a text, not a list or mapping of its own")
      return nil
    }
  }

  func section(_ key: String) -> Section? {
    fields.first { $0.key == key }.map { Section($0.value, path: name(key), complaints: complaints) }
  }

  func sections(_ key: String) -> [Section] {
    guard let field = fields.first(where: { $0.key == key }) else {
      complaints.add(mark, "the key \(name(key)) is missing")
      return []
    }
    guard case .sequence(let sequence) = field.value else {
      complaints.add(field.mark, "\(name(key)) must be a list")
      return []
    }
    return sequence.enumerated().map {
      Section($0.element, path: "\(name(key))[\($0.offset)]", complaints: complaints)
    }
  }

  /// Reads an IP address. Names are not taken: a manager that cannot resolve the others' names while a zone is away is
  /// away itself.
  func address(_ key: String) -> String {
    let text = text(key)
    guard !text.isEmpty else { return text }
    if !text.isAddress {
      complain(key, "\(name(key)) must be an IP address such as 10.0.0.1, not \(text)")
    } else if text.isEveryAddress {
      complain(
        key,
        "\(name(key)) must be the address at which others reach the machine, such as 10.0.0.1: \(text) stands for "
          + "all of its addresses")
    }
    return text
  }

  /// Reads an IP address to listen at, or the one that stands for all of the machine's.
  func bindAddress(_ key: String, default fallback: String) -> String {
    let text = text(key, default: fallback)
    if !text.isAddress {
      complain(key, "\(name(key)) must be an IP address of this machine, or 0.0.0.0 for all, not \(text)")
    }
    return text
  }

  /// Reads `address:port`.
  func endpoint(_ key: String, default fallback: String? = nil) -> (host: String, port: Int) {
    let text = text(key, default: fallback)
    guard !text.isEmpty else { return ("", 0) }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    let host = parts.dropLast().joined(separator: ":").trimmingBrackets
    guard parts.count >= 2, host.isAddress, let port = Int(parts.last ?? ""), (1...65_535).contains(port)
    else {
      complain(key, "\(name(key)) must be an IP address and a port such as 10.0.0.1:7443, not \(text)")
      return ("", 0)
    }
    return (host, port)
  }

  func complain(_ key: String, _ message: String) {
    complaints.add(fields.first { $0.key == key }?.mark ?? mark, message)
  }

  private func name(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  /// The key that differs least, if it is by one or two letters and not by all of them.
  private func nearest(to word: String, among keys: [String]) -> String? {
    keys.map { (key: $0, distance: distance(from: $0, to: word)) }
      .filter { $0.distance <= min(2, $0.key.count - 1) }.min { $0.distance < $1.distance }?.key
  }

  /// Letters to insert, leave out or exchange (Levenshtein).
  private func distance(from one: String, to other: String) -> Int {
    let (one, other) = (Array(one.lowercased()), Array(other.lowercased()))
    var row = Array(0...other.count)
    for i in one.indices {
      var previous = row[0]
      row[0] = i + 1
      for j in other.indices {
        let cost = min(row[j] + 1, row[j + 1] + 1, previous + (one[i] == other[j] ? 0 : 1))
        previous = row[j + 1]
        row[j + 1] = cost
      }
    }
    return row[other.count]
  }
}

extension String {
  fileprivate var isAddress: Bool { (try? SocketAddress(ipAddress: self, port: 0)) != nil }

  /// However it is written, such as `0:0:0:0:0:0:0:0`.
  fileprivate var isEveryAddress: Bool {
    ["0.0.0.0", "::"].contains((try? SocketAddress(ipAddress: self, port: 0))?.ipAddress)
  }

  fileprivate var trimmingBrackets: String {
    hasPrefix("[") && hasSuffix("]") ? String(dropFirst().dropLast()) : self
  }
}
