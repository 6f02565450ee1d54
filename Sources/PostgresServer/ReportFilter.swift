package import Cluster

/// Decides which looks are worth a report: each change at once, mere progress of log positions now and then.
package struct ReportFilter: Sendable {
  private var reported: DatabaseObservation?
  private var reportedAt: ContinuousClock.Instant?
  private var last: DatabaseObservation?
  /// When something other than a position changed.
  private(set) var changedAt: ContinuousClock.Instant?

  /// Whether to report the observation; the filter takes it that it is reported then.
  ///
  /// - Parameter interval: the least time between two reports of mere progress. Progress that has come to its
  ///   end is reported at once: others wait for the last position.
  package init() {}

  package mutating func isWorthReporting(
    _ observation: DatabaseObservation, at now: ContinuousClock.Instant, progressInterval interval: Duration
  ) -> Bool {
    defer { last = observation }
    guard observation != reported else { return false }
    let isMereProgress = reported.map { $0.withoutPositions == observation.withoutPositions } ?? false
    if isMereProgress {
      let isDue = reportedAt.map { now - $0 >= interval } ?? true
      guard isDue || observation == last else { return false }
    } else {
      changedAt = now
    }
    reported = observation
    reportedAt = now
    return true
  }

  /// The next look is reported whatever it shows.
  mutating func forget() { reported = nil }
}

extension DatabaseObservation {
  /// Equal for two looks between which only log positions moved.
  fileprivate var withoutPositions: DatabaseObservation {
    var copy = self
    switch server {
    case .primary(_, let synchronousStandby, let standbys):
      let still = standbys.map { standby in
        var standby = standby
        standby.flushed = LSN(0)
        return standby
      }
      copy.server = .primary(position: LSN(0), synchronousStandby: synchronousStandby, standbys: still)
    case .standby(_, _, let streaming, let name, let upstream):
      copy.server = .standby(
        received: LSN(0), replayed: LSN(0), streaming: streaming, name: name, upstream: upstream)
    case .stopped, .busy: break
    }
    return copy
  }
}
