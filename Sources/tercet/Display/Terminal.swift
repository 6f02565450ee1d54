import Foundation
import StandardStreams

/// What standard output is.
struct Terminal {
  let isTerminal: Bool
  /// Whether colours are wanted (no-color.org).
  let hasColours: Bool
  let columns: Int
  let rows: Int

  static let standardOutput: Terminal = {
    let environment = ProcessInfo.processInfo.environment
    let isTerminal = isatty(STDOUT_FILENO) == 1 && environment["TERM"] != "dumb"
    var size = winsize()
    let isKnown = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    return Terminal(
      isTerminal: isTerminal, hasColours: isTerminal && (environment["NO_COLOR"] ?? "").isEmpty,
      columns: isKnown ? Int(size.ws_col) : 80, rows: isKnown ? Int(size.ws_row) : 24)
  }()

  enum Colour: String {
    case red = "31"
    case green = "32"
    case yellow = "33"
  }

  func paint(_ text: String, _ colour: Colour) -> String {
    hasColours ? "\u{1b}[\(colour.rawValue)m\(text)\u{1b}[0m" : text
  }

  /// Unlike `print`, it does not keep lines back when the output is a pipe. Does not return when it fails.
  func write(_ text: String) { Tercet.output.write(text) }

  func line(_ text: String) { write(text + "\n") }
}
