/// Finds in a server's log why it did not start.
enum ServerLog {
  /// How long each log file is at a moment.
  typealias Mark = [String: Int]

  static func mark(in folder: String) -> Mark {
    var mark: Mark = [:]
    for name in Folder.names(in: folder) where name.hasPrefix("postgres-") {
      mark[name] = (try? DurableFile.read(folder + "/" + name))?.count ?? 0
    }
    return mark
  }

  /// The last lines since the mark that tell of trouble, in one line of text.
  static func complaints(since mark: Mark, in folder: String) -> String {
    var lines: [Substring] = []
    for name in Folder.names(in: folder) {
      guard let content = try? DurableFile.read(folder + "/" + name) else { continue }
      let text = String(decoding: content.dropFirst(mark[name] ?? 0), as: UTF8.self)
      lines += text.split(separator: "\n").filter(isComplaint)
    }
    return lines.suffix(6).map { withoutPrefix($0) }.joined(separator: "; ")
  }

  private static func isComplaint(_ line: Substring) -> Bool {
    ["FATAL:", "PANIC:", "ERROR:", "could not", "HINT:", "WARNING:"].contains { line.contains($0) }
  }

  /// Without the time and the pid.
  private static func withoutPrefix(_ line: Substring) -> Substring {
    guard let bracket = line.firstIndex(of: "]") else { return line }
    return line[line.index(after: bracket)...].drop { $0 == " " }
  }
}
