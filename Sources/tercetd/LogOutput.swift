import StandardStreams
import Synchronization

/// The daemon's log lines on standard error.
///
/// Lines come from every thread, the manager's loop among them: a reader that is slow or stands still must not hold it
/// up, and a disk that is full must not end it. What cannot be written is lost, and how much was is told as soon as
/// something can be. A line costs the loop one write(2) and, once in a second at most, the wait for a reader that lags.
final class LogOutput: Sendable {
  static let standardError = LogOutput()

  /// For a reader that only lags behind a burst; far less than the time between two heartbeats.
  private static let patienceMilliseconds: CInt = 20

  /// A reader that always just keeps up would otherwise cost the loop a wait a line.
  private static let betweenWaits = Duration.seconds(1)

  private struct Losses {
    var lines = 0
    /// Before this time nobody is waited for.
    var isPatientFrom = ContinuousClock.now
    /// Whether the last thing that was written is the beginning of a line.
    var isWithinLine = false
  }

  /// Guards what is lost, and keeps each line whole among those of other threads.
  private let losses = Mutex(Losses())

  /// - Parameters:
  ///   - line: with its end.
  ///   - notice: a line that tells how many were lost before.
  func write(_ line: String, notice: (_ lost: Int) -> String) {
    losses.withLock { losses in
      if losses.lines > 0 {
        let told = (losses.isWithinLine ? "\n" : "") + notice(losses.lines)
        guard Self.isWritten(told, after: &losses) else {
          losses.lines += 1
          return
        }
        losses.lines = 0
      }
      if !Self.isWritten(line, after: &losses) { losses.lines += 1 }
    }
  }

  private static func isWritten(_ text: String, after losses: inout Losses) -> Bool {
    let began = ContinuousClock.now
    let isPatient = losses.lines == 0 && began >= losses.isPatientFrom
    let written = StandardStream.error.write(text, waitingAtMost: isPatient ? patienceMilliseconds : 0)
    let ended = ContinuousClock.now
    if ended - began > .milliseconds(1) { losses.isPatientFrom = ended + betweenWaits }
    let isWhole = written.bytes == text.utf8.count
    if written.bytes > 0 { losses.isWithinLine = !isWhole }
    return isWhole
  }
}
