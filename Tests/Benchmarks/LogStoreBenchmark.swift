import ArgumentParser
import Foundation

/// How many entries a second the log store makes durable, beside what the disk allows at all.
struct LogStoreBenchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "log-store",
    abstract: "Durable appends a second, by the number of entries in one write.",
    discussion: """
      One write is under way at a time, as on an idle leader; the last line has 64 of one entry each, which \
      the store gathers into groups. The floor writes the same bytes to a plain file and syncs it. \
      The log is compacted every 10,000 entries.
      """)

  @Option(help: "Where the files are made and removed again: the disk to measure.")
  var folder = NSTemporaryDirectory()

  @Option(help: "Seconds a measurement takes; there are nine.")
  var seconds = 2.0

  @Option(help: "Bytes in an entry's command.")
  var payload = 256

  func validate() throws {
    guard seconds > 0, seconds <= 600 else { throw ValidationError("--seconds must be over 0, up to 600") }
    guard (1...1 << 20).contains(payload) else { throw ValidationError("--payload must be 1 to 1048576") }
  }

  func run() throws {
    let workspace = try Workspace(in: folder)
    defer { workspace.remove() }
    print("log store: \(payload)-byte commands, \(seconds) s each, in \(folder)")
    print(Row.title)
    for entries in [1, 16, 256, 1024] {
      let load = AppendLoad(entriesPerWrite: entries, writesInFlight: 1, payloadBytes: payload)
      let measured = try load.run(in: workspace.subfolder("batch-\(entries)"), seconds: seconds)
      let floor = try syncFloor(
        in: workspace.path, bytesPerSync: entries * payload, seconds: seconds)
      print(Row(name: "\(entries)", measured: measured, floor: floor * Double(entries)))
    }
    let grouped = AppendLoad(entriesPerWrite: 1, writesInFlight: 64, payloadBytes: payload)
    print(
      Row(
        name: "64 × 1", measured: try grouped.run(in: workspace.subfolder("group"), seconds: seconds),
        floor: nil))
  }
}

/// One line of the table.
private struct Row: CustomStringConvertible {
  var name: String
  var measured: AppendResult
  /// Appends a second that the disk alone allows.
  var floor: Double?

  static let title = line([
    "entries/write", "appends/s", "p50 ms", "p99 ms", "entries/sync", "floor appends/s",
  ])

  var description: String {
    Row.line([
      name, String(Int(measured.appendsPerSecond)), String(format: "%.3f", measured.milliseconds(at: 0.5)),
      String(format: "%.3f", measured.milliseconds(at: 0.99)),
      String(format: "%.1f", measured.entriesPerSync),
      floor.map { String(Int($0)) } ?? "",
    ])
  }

  private static func line(_ cells: [String]) -> String {
    cells.map { String(repeating: " ", count: max(0, 16 - $0.count)) + $0 }.joined()
  }
}

/// A folder that is removed with all it holds.
struct Workspace {
  let path: String

  init(in folder: String) throws {
    path = URL(fileURLWithPath: folder).appendingPathComponent("benchmark-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  func subfolder(_ name: String) throws -> String {
    let folder = path + "/" + name
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    return folder
  }

  func remove() {
    // Nothing but disk space is lost if this fails.
    try? FileManager.default.removeItem(atPath: path)
  }
}
