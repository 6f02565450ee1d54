import Foundation
import Logging

/// Log lines as `time=… level=… message="…" key=value`, one write to standard error each, so that nothing is lost
/// in a buffer when the process is killed.
struct LogfmtHandler: LogHandler {
  let label: String
  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]

  init(label: String, logLevel: Logger.Level) {
    self.label = label
    self.logLevel = logLevel
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var line = Self.beginning(event.level, "\(event.message)")
    let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
    for key in all.keys.sorted() {
      line += " \(key)=\(Self.quoted("\(all[key] ?? "")"))"
    }
    line += "\n"
    LogOutput.standardError.write(line) { lost in
      Self.beginning(.warning, "log lines could not be written and are lost") + " lines=\(lost)\n"
    }
  }

  private static func beginning(_ level: Logger.Level, _ message: String) -> String {
    "time=\(timestamp()) level=\(level) message=\(quoted(message))"
  }

  /// In UTC, whatever the machine's time zone.
  private static func timestamp() -> String {
    Date.now.formatted(.iso8601.year().month().day().time(includingFractionalSeconds: true)) + "Z"
  }

  /// Bare words stay bare; anything else is quoted on one line.
  static func quoted(_ text: String) -> String {
    let isBare =
      !text.isEmpty
      && text.utf8.allSatisfy {
        $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "=")
      }
    if isBare { return text }
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\r": quoted += "\\r"
      case "\t": quoted += "\\t"
      case _ where scalar.value < 0x20 || scalar.value == 0x7f:
        quoted += "\\u{\(String(scalar.value, radix: 16))}"
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
