/// Shows how things go on: on a terminal in place, elsewhere one line for each change.
struct ProgressDisplay {
  /// One thing that is watched: its name, and how it is.
  struct Item: Equatable {
    let name: String
    let text: String
  }

  private let terminal: Terminal
  private let isSilent: Bool
  private var shown: [Item] = []

  /// - Parameter isSilent: show nothing, as JSON follows at the end.
  init(_ terminal: Terminal = .standardOutput, isSilent: Bool) {
    self.terminal = terminal
    self.isSilent = isSilent
  }

  mutating func show(_ items: [Item]) {
    guard !isSilent, items != shown else { return }
    terminal.write(terminal.isTerminal ? redrawn(items) : changes(to: items))
    shown = items
  }

  /// The text that brings a terminal from what is shown to what is to be.
  func redrawn(_ items: [Item]) -> String {
    let up = shown.isEmpty ? "" : "\u{1b}[\(shown.count)A"
    // What is wider would wrap, and the way up would be miscounted.
    return up + "\u{1b}[J" + Self.lines(items).map { String($0.prefix(terminal.columns - 1)) + "\n" }.joined()
  }

  func changes(to items: [Item]) -> String {
    items.filter { item in !shown.contains(item) }.map { "\($0.name): \($0.text)\n" }.joined()
  }

  private static func lines(_ items: [Item]) -> [String] {
    let width = items.map(\.name.count).max() ?? 0
    return items.map { $0.name + String(repeating: " ", count: width - $0.name.count + 2) + $0.text }
  }
}
