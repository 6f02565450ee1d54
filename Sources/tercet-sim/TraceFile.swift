import Foundation
import Simulation

/// A file with a line for each run: its seed and its trace hash. Two processes that live through the same seeds write
/// the same lines.
struct TraceFile {
  private let file: FileHandle

  /// - Throws: `Scenario.FileFailure` if the file cannot be made.
  init(path: String) throws {
    guard FileManager.default.createFile(atPath: path, contents: nil),
      let file = FileHandle(forWritingAtPath: path)
    else { throw Scenario.FileFailure(text: "\(path) cannot be written") }
    self.file = file
  }

  func add(_ outcome: ScenarioRun.Outcome) {
    file.write(Data("\(outcome.seed) \(outcome.traceText)\n".utf8))
  }
}
