/// Placeholders in Docker's manner (`docker service create --help`, "Create services using templates"): each
/// stands for something that is known only when a task is placed, as in `{{.Node.Hostname}}`. Spaces inside the
/// braces are allowed. Docker's `.Node.ID` and `.Service.ID` are random; here names are identities, so they
/// are the node's and the service's name. `.Node.Address` and `.Node.Zone` are Tercet's own.
enum Placeholder: String, CaseIterable, Sendable {
  case nodeHostname = ".Node.Hostname"
  case nodeID = ".Node.ID"
  case nodeAddress = ".Node.Address"
  case nodeZone = ".Node.Zone"
  case serviceName = ".Service.Name"
  case serviceID = ".Service.ID"
  case taskSlot = ".Task.Slot"
  case taskName = ".Task.Name"
  case taskID = ".Task.ID"

  func value(for task: Task, on node: NodeDescription) -> String {
    switch self {
    case .nodeHostname, .nodeID: node.name
    case .nodeAddress: node.address
    case .nodeZone: node.zone
    case .serviceName, .serviceID: "\(task.service.stack)_\(task.service.service)"
    case .taskSlot: String(task.slot)
    case .taskName: task.containerName
    case .taskID: task.id.description
    }
  }
}

extension TaskTemplate {
  /// The template with every known placeholder replaced, in environment values, hostname, labels' values, and
  /// mounts: their sources, targets and driver options' values. Unknown placeholders stay as they are.
  public func filled(for task: Task, on node: NodeDescription) -> TaskTemplate {
    var filled = self
    filled.forEachText { text in
      text = pieces(of: text).map { $0.placeholder?.value(for: task, on: node) ?? String($0.text) }.joined()
    }
    return filled
  }

  /// What looks like a placeholder where placeholders are filled in, and is none that is known: each once, in
  /// the order of the template's fields, such as `{{.Node.Colour}}`. A deployment with one is a mistake.
  public func unknownPlaceholders() -> [String] {
    var unknown: [String] = []
    var copy = self
    copy.forEachText { text in
      for piece in pieces(of: text) where piece.isUnknown && !unknown.contains(String(piece.text)) {
        unknown.append(String(piece.text))
      }
    }
    return unknown
  }

  /// Whether the text holds something that looks like a placeholder and is none that is known.
  public static func hasUnknownPlaceholder(_ text: String) -> Bool {
    pieces(of: text).contains { $0.isUnknown }
  }

  /// All that are known, with their braces.
  public static var placeholders: [String] { Placeholder.allCases.map { "{{\($0.rawValue)}}" } }

  /// All texts that may hold placeholders.
  private mutating func forEachText(_ body: (inout String) -> Void) {
    func visit(_ settings: inout [Setting]) {
      for index in settings.indices { body(&settings[index].value) }
    }
    visit(&environment)
    if var name = hostname {
      body(&name)
      hostname = name
    }
    visit(&labels)
    for index in mounts.indices {
      body(&mounts[index].source)
      body(&mounts[index].target)
      if case .volume(var options) = mounts[index].kind {
        visit(&options)
        mounts[index].kind = .volume(driverOptions: options)
      }
    }
  }
}

/// A stretch of a text: a placeholder with its braces, or what stands between two of them.
private struct Piece {
  var text: Substring
  var isBraced = false

  var placeholder: Placeholder? {
    guard isBraced else { return nil }
    var inner = text.dropFirst(2).dropLast(2)
    while inner.first == " " { inner.removeFirst() }
    while inner.last == " " { inner.removeLast() }
    return Placeholder(rawValue: String(inner))
  }

  var isUnknown: Bool { isBraced && placeholder == nil }
}

/// Cuts a text at its placeholders. Of braces inside braces the innermost count; braces that are never closed
/// are text.
private func pieces(of text: String) -> [Piece] {
  let bytes = text.utf8
  var pieces: [Piece] = []
  var start = bytes.startIndex
  var open: String.Index?
  var index = start
  while index < bytes.endIndex {
    let next = bytes.index(after: index)
    if bytes[index...].starts(with: "{{".utf8) { open = index }
    if let brace = open, bytes[index...].starts(with: "}}".utf8) {
      let end = bytes.index(after: next)
      pieces.append(Piece(text: text[start..<brace]))
      pieces.append(Piece(text: text[brace..<end], isBraced: true))
      (start, open, index) = (end, nil, end)
    } else {
      index = next
    }
  }
  pieces.append(Piece(text: text[start...]))
  return pieces
}
