internal import Yams

/// One value of the file with its place: what the readers of keys see of YAML.
struct Element {
  let node: Yams.Node
  /// Such as `services.web.ports[0]`.
  let path: String
  let reading: Reading

  func error(_ message: String, remedy: String? = nil) { complain(.error, message, remedy: remedy) }

  func warning(_ message: String, remedy: String? = nil) { complain(.warning, message, remedy: remedy) }

  private func complain(_ severity: Complaint.Severity, _ message: String, remedy: String?) {
    reading.complain(
      severity, line: node.mark?.line ?? 1, column: node.mark?.column ?? 1, path: path, message,
      remedy: remedy)
  }

  /// An absent value: nothing after the colon, `~` or `null`.
  var isNull: Bool {
    guard case .scalar(let scalar) = node, scalar.style == .plain || scalar.style == .any else {
      return false
    }
    return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
  }

  var isMapping: Bool { node.mapping != nil }
  var isList: Bool { node.sequence != nil }

  /// The scalar's text as it is written, without looking for variables.
  var rawText: String? { node.scalar?.string }

  /// The scalar's text with variables filled in. Complains of a list or a mapping.
  func text() -> String? {
    guard let raw = rawText else {
      error("expected a single value, found \(kind)")
      return nil
    }
    if isNull { return "" }
    do {
      return try Interpolation.expand(raw, variables: reading.surroundings.variables) { name in
        warning(
          "the variable `\(name)` is not set and stands for an empty text",
          remedy: "set it, or write a default: ${\(name):-value}")
      }
    } catch {
      self.error(error.message, remedy: error.remedy)
      return nil
    }
  }

  /// The elements of a list.
  func list() -> [Element]? {
    guard let sequence = node.sequence else {
      error("expected a list, found \(kind)")
      return nil
    }
    return sequence.enumerated().compactMap { index, node in
      reading.visit() ? Element(node: node, path: "\(path)[\(index)]", reading: reading) : nil
    }
  }

  /// What a mapping holds, in the order of the file; merged keys (`<<`) come last.
  func fields() -> [Field]? {
    guard case .mapping(let mapping) = node else {
      error("expected a mapping of keys to values, found \(kind)")
      return nil
    }
    return fields(of: mapping, depth: 0)
  }

  private var kind: String {
    switch node {
    case .scalar: isNull ? "nothing" : "a single value"
    case .mapping: "a mapping"
    case .sequence: "a list"
    case .alias: "an alias"
    }
  }
}

/// A key of a mapping with its value.
struct Field {
  let key: String
  /// The place of the key; its path is that of the value.
  let keyElement: Element
  let value: Element
}

extension Element {
  private static let maximumMergeDepth = 100

  /// YAML's merge keys: a key that a mapping has itself wins over a merged one; of several merged mappings, the
  /// first that has the key wins (https://yaml.org/type/merge.html).
  private func fields(of mapping: Yams.Node.Mapping, depth: Int) -> [Field] {
    guard depth < Self.maximumMergeDepth else {
      error("mappings are merged through more than \(Self.maximumMergeDepth) others")
      return []
    }
    var fields: [Field] = []
    var merges: [Yams.Node] = []
    for (key, value) in mapping where reading.visit() {
      guard let name = key.scalar else {
        Element(node: key, path: path, reading: reading).error("a key must be a single word")
        continue
      }
      if name.string == "<<", name.style == .plain {
        merges.append(value)
      } else {
        fields.append(field(key, named: name.string, value))
      }
    }
    var names = Set(fields.map(\.key))
    for source in merges.flatMap({ mergeSources($0) }) {
      for field in self.fields(of: source, depth: depth + 1) where names.insert(field.key).inserted {
        fields.append(field)
      }
    }
    return fields
  }

  private func field(_ key: Yams.Node, named name: String, _ value: Yams.Node) -> Field {
    let path = path.isEmpty ? name : "\(path).\(name)"
    return Field(
      key: name, keyElement: Element(node: key, path: path, reading: reading),
      value: Element(node: value, path: path, reading: reading))
  }

  private func mergeSources(_ node: Yams.Node) -> [Yams.Node.Mapping] {
    let nodes = node.sequence.map(Array.init) ?? [node]
    return nodes.compactMap { source in
      if source.mapping == nil {
        Element(node: source, path: "\(path).<<", reading: reading)
          .error("only a mapping, or a list of mappings, can be merged")
      }
      return source.mapping
    }
  }
}
