import Dispatch
import Foundation

/// Ctrl-C ends the watching, not the work: say so, and end with 130.
enum Interrupt {
  /// - Parameter message: what goes on without this command.
  static func announce(_ message: String) {
    signal(SIGINT, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
    source.setEventHandler {
      StandardError.line("\ntercet: \(message)")
      Foundation.exit(CommandFailure.Code.interrupted.rawValue)
    }
    source.activate()
    // It has to last as long as the process.
    sources.withLock { $0.append(source) }
  }

  private static let sources = SourceList()

  /// Guards the sources against commands that announce twice.
  private final class SourceList: @unchecked Sendable {
    private let lock = NSLock()
    private var sources: [any DispatchSourceSignal] = []

    func withLock(_ body: (inout [any DispatchSourceSignal]) -> Void) {
      lock.lock()
      defer { lock.unlock() }
      body(&sources)
    }
  }
}
