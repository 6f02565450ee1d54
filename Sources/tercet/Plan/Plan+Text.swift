extension Plan {
  /// For people; one line for each key that changes.
  func text(_ terminal: Terminal) -> String {
    guard !changes.isEmpty else { return "Stack \(stack) is as the file says.\n" }
    let summary =
      "Stack \(stack): \(count(.add)) to add, \(count(.change)) to change, \(count(.remove)) to remove\n"
    return summary + changes.map { "\n" + $0.text(terminal) }.joined()
  }
}

extension Plan.Change {
  fileprivate func text(_ terminal: Terminal) -> String {
    let head = terminal.paint("\(action.sign) \(kind.rawValue) \(name)", action.colour) + "\n"
    let width = keys.map(\.key.count).max() ?? 0
    let note = effect.map { "    (\($0))\n" } ?? ""
    return head + keys.map { $0.text(width: width, isNew: action == .add, terminal) }.joined() + note
  }
}

extension Plan.KeyChange {
  fileprivate func text(width: Int, isNew: Bool, _ terminal: Terminal) -> String {
    let padding = String(repeating: " ", count: width - key.count)
    let values =
      switch (old, new) {
      case (let old?, let new?) where old == new: "\(new), changed"
      case (let old?, let new?): "\(old) → \(new)"
      case (let old?, nil): old
      case (nil, let new?): new
      case (nil, nil): ""
      }
    let sign = isNew ? " " : action.sign
    return "  " + terminal.paint(sign, action.colour) + " \(key): \(padding)\(values)"
      + (isDefault ? " (default)" : "") + "\n"
  }
}

extension Plan.Action {
  fileprivate var sign: String {
    switch self {
    case .add: "+"
    case .change: "~"
    case .remove: "-"
    case .keep: "="
    }
  }

  fileprivate var colour: Terminal.Colour {
    switch self {
    case .add: .green
    case .change, .keep: .yellow
    case .remove: .red
    }
  }
}
