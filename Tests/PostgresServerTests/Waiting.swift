import Dispatch
import Foundation
import PostgresServer
import Synchronization

/// Waits for a condition; throws after the limit.
func eventually(within limit: Duration = .seconds(60), _ condition: () throws -> Bool) async throws {
  let deadline = ContinuousClock.now + limit
  while try !condition() {
    guard ContinuousClock.now < deadline else { throw LabError("the awaited did not come within \(limit)") }
    try await Task.sleep(for: .milliseconds(5))
  }
}

/// Looks for a word in the command lines of all processes, as fast as it can, until asked.
final class ProcessListWatcher: Sendable {
  private let state = Mutex<(isEnded: Bool, found: Set<String>)>((false, []))
  private let queue = DispatchQueue(label: "process list")

  init(for word: String) {
    queue.async { [self] in
      while state.withLock({ !$0.isEnded }) {
        for name in Folder.names(in: "/proc") where name.first?.isNumber == true {
          if let line = DurableFile.text("/proc/\(name)/cmdline"), line.contains(word) {
            state.withLock { _ = $0.found.insert(line) }
          }
        }
      }
    }
  }

  func sightings() async -> [String] {
    state.withLock { $0.isEnded = true }
    return state.withLock { $0.found.sorted() }
  }
}
