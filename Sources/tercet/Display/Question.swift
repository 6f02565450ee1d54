import Foundation

/// Asks before something is destroyed.
enum Question {
  /// - Throws: `CommandFailure` unless the answer is yes, or when nobody can be asked.
  static func confirm(_ question: String) throws {
    guard isatty(STDIN_FILENO) == 1 else {
      throw CommandFailure(.error, "\(question) Nobody can be asked here: say so with -y")
    }
    Terminal.standardOutput.write("\(question) [y/N] ")
    let answer = readLine()?.lowercased() ?? ""
    guard ["y", "yes"].contains(answer) else { throw CommandFailure(.error, "nothing was changed") }
  }
}
