import Foundation
import Simulation
import StandardStreams

/// A file with a line for each run: its seed and its trace hash. Two processes that live through the same seeds write
/// the same lines.
struct TraceFile {
  private let path: String
  private let file: FileHandle

  /// - Throws: `Scenario.FileFailure` if the file cannot be made.
  init(path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw Scenario.FileFailure(text: "\(path) cannot be written: \(String(cString: strerror(errno)))")
    }
    self.path = path
    // Not by its path: Foundation would put a new file in the place of a device.
    file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }

  func add(_ outcome: ScenarioRun.Outcome) {
    do {
      try file.write(contentsOf: Data("\(outcome.seed) \(outcome.traceText)\n".utf8))
    } catch {
      // Compared with another process's file, one that is too short would tell of a difference that is none.
      console.complaint("tercet-sim: \(path) cannot be written: \(error.localizedDescription)")
      Foundation.exit(1)
    }
  }
}
