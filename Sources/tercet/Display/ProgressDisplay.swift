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
    terminal.write(text(for: items))
    shown = items
  }

  /// What brings the output from what is shown to what is to be.
  func text(for items: [Item]) -> String {
    terminal.isTerminal ? redrawn(items) : changes(to: items)
  }

  private func redrawn(_ items: [Item]) -> String {
    let up = shown.isEmpty ? "" : "\u{1b}[\(lines(shown).count)A"
    return up + "\u{1b}[J" + lines(items).map { $0 + "\n" }.joined()
  }

  private func changes(to items: [Item]) -> String {
    items.filter { item in !shown.contains(item) }.map { "\($0.name): \($0.text)\n" }.joined()
  }

  /// As many lines, and as wide, as the terminal can show: otherwise the way back up would be miscounted.
  private func lines(_ items: [Item]) -> [String] {
    let width = items.map(\.name.count).max() ?? 0
    let lines = items.map { $0.name + String(repeating: " ", count: width - $0.name.count + 2) + $0.text }
    let room = max(1, terminal.rows - 2)
    let kept = lines.count <= room ? lines : lines.prefix(room) + ["… and \(lines.count - room) more"]
    return kept.map { String($0.prefix(terminal.columns - 1)) }
  }
}
