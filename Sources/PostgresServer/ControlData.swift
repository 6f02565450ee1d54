package import Cluster

/// What `pg_controldata` says of a data folder.
package struct ControlData: Hashable, Sendable {
  package var systemIdentifier: UInt64
  package var timeline: UInt64
  /// Postgres' own words: `shut down`, `in production`, `shut down in recovery` and so on.
  package var state: String
  /// Where the record of the last checkpoint begins.
  package var checkpoint: LSN
  package var walSegmentBytes: UInt64

  /// Stopped with a shutdown checkpoint while it was a primary.
  package var isCleanlyShutDown: Bool { state == "shut down" }

  /// Reads the tool's output in the C locale; nil when a field is missing.
  package init?(_ output: String) {
    var fields: [Substring: String] = [:]
    for line in output.split(separator: "\n") {
      guard let colon = line.firstIndex(of: ":") else { continue }
      let value = line[line.index(after: colon)...].drop { $0 == " " }
      fields[line[..<colon]] = String(value)
    }
    guard let identifier = fields["Database system identifier"].flatMap({ UInt64($0) }),
      let state = fields["Database cluster state"],
      let checkpoint = fields["Latest checkpoint location"].flatMap({ LSN($0) }),
      let timeline = fields["Latest checkpoint's TimeLineID"].flatMap({ UInt64($0) }),
      let segment = fields["Bytes per WAL segment"].flatMap({ UInt64($0) })
    else { return nil }
    systemIdentifier = identifier
    self.state = state
    self.checkpoint = checkpoint
    walSegmentBytes = segment
    let recovered = fields["Min recovery ending loc's timeline"].flatMap { UInt64($0) } ?? 0
    self.timeline = max(timeline, recovered)
  }
}

/// Where a WAL record ends: the first byte after it, aligned as Postgres counts.
package func endOfRecord(at start: LSN, bytes: UInt64, walSegmentBytes: UInt64) -> LSN {
  let pageBytes: UInt64 = 8192
  var position = start.rawValue
  var rest = bytes
  while true {
    let room = pageBytes - position % pageBytes
    if rest <= room { return LSN((position + rest + 7) / 8 * 8) }
    rest -= room
    position += room
    // Each further page begins with a header; the first of a segment has the long one (access/xlog_internal.h).
    position += position % walSegmentBytes == 0 ? 40 : 24
  }
}
