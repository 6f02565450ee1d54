import Logging
import NIOCore
import Synchronization

/// A warning that is written at most every ten seconds: a flood of requests must not become one of lines.
final class RareNotice: Sendable {
  private let logger: Logger
  /// Guards when the next may be written, against the event loops.
  private let next = Mutex(NIODeadline.uptimeNanoseconds(0))

  init(_ logger: Logger) { self.logger = logger }

  func tell(_ message: Logger.Message, _ metadata: @autoclosure () -> Logger.Metadata) {
    let isDue = next.withLock { next in
      guard NIODeadline.now() >= next else { return false }
      next = .now() + .seconds(10)
      return true
    }
    if isDue { logger.warning(message, metadata: metadata()) }
  }
}
