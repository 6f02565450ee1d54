import Foundation
import Testing

@Suite("The daemon's log lines")
struct LogLineTests {
  /// Starts a daemon that must fail because its data folder, of this name, is a file, and gives its lines.
  ///
  /// - Parameter quoted: the same in the file, if it has to be written otherwise.
  private func lines(dataFolder: String, quoted: String? = nil) async throws -> [String] {
    let text = ManagerFolder.sound.replacingOccurrences(
      of: "dataFolder: log", with: "dataFolder: \(quoted ?? dataFolder)")
    return try await ManagerFolder.with(text) { folder in
      try folder.write("no folder", to: dataFolder)
      let daemon = try await DaemonProgram.run("--configuration", folder.configuration)
      #expect(daemon.code == 1)
      #expect(daemon.output.isEmpty)
      return daemon.errorLines
    }
  }

  @Test("a daemon that cannot start says why in one critical line and exits with 1")
  func failsLoudly() async throws {
    let lines = try await lines(dataFolder: "taken")
    #expect(lines.count == 2, "\(lines)")
    let first = try #require(lines.first)
    #expect(first.contains(" level=info message=starting cluster=portal "))
    let last = try #require(lines.last)
    #expect(last.contains(" level=critical message=stopped "))
    #expect(last.contains("/taken"))
  }

  @Test("newlines, quotes and control characters stay on one line, escaped")
  func quoting() async throws {
    let lines = try await lines(
      dataFolder: "a\nlevel=info \"b\"\t\u{1b}[31m\\c", quoted: #""a\nlevel=info \"b\"\t\e[31m\\c""#)
    #expect(lines.count == 2, "\(lines)")
    let last = try #require(lines.last)
    #expect(last.hasPrefix("time="))
    #expect(last.contains(#"/a\nlevel=info"#), "\(last)")
    #expect(last.contains(#"\"b\""#), "\(last)")
    #expect(last.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f }, "\(last)")
  }

  @Test("each line begins with a time that sorts and a level")
  func shape() async throws {
    for line in try await lines(dataFolder: "taken") {
      #expect(
        line.wholeMatch(of: /time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z level=\w+ message=.*/) != nil,
        "\(line)")
    }
  }
}
