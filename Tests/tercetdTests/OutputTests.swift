import Foundation
import Testing

/// What becomes of a daemon whose log, or whose answer, cannot be written.
@Suite("The daemon's output", .timeLimit(.minutes(2)))
struct OutputTests {
  /// Runs a daemon that can do all but elect a leader, at addresses of its own, and gives what the script printed.
  ///
  /// - Parameters:
  ///   - before: bash, run first.
  ///   - log: where standard error goes.
  ///   - after: bash, run when the daemon listens; then it gets SIGTERM, and `ended with` its code is printed.
  private func run(before: String = "", log: String, after: String = "") async throws -> DaemonProgram {
    let address = "127.\(Int.random(in: 1...254)).\(Int.random(in: 0...254)).1"
    let text = ManagerFolder.sound.replacingOccurrences(of: "127.0.0.1:174", with: "\(address):174")
      .split(separator: "\n").filter { !$0.hasPrefix("varnish:") && !$0.hasPrefix("docker:") }
      .joined(separator: "\n")
    return try await ManagerFolder.with(text) { folder in
      try await DaemonProgram.bash(
        """
        cd \(folder.path); mkfifo pipe; \(before)
        "$1" -c \(folder.configuration) 2>\(log) & daemon=$!
        for try in {1..200}; do
          (: </dev/tcp/\(address)/17480) 2>/dev/null && break
          kill -0 $daemon 2>/dev/null || break
          sleep 0.05
        done
        kill -0 $daemon && echo "it lives"
        \(after)
        kill -TERM $daemon
        wait $daemon
        echo "ended with $?"
        """)
    }
  }

  @Test("a full disk under the log loses lines, not the manager")
  func fullDisk() async throws {
    let daemon = try await run(log: "/dev/full")
    #expect(daemon.output == "it lives\nended with 0\n", "\(daemon.errors)")
  }

  @Test("a log whose reader has gone loses lines, not the manager")
  func readerGone() async throws {
    let daemon = try await run(before: "exec 3<>pipe 4>pipe 3<&-", log: "&4")
    #expect(daemon.output == "it lives\nended with 0\n", "\(daemon.errors)")
  }

  @Test("a reader that stands still does not hold the manager up, and is told later how many lines it missed")
  func readerStandsStill() async throws {
    let daemon = try await run(
      before: "exec 3<>pipe; head -c 65536 /dev/zero >&3", log: "&3",
      after: "head -c 65536 <&3 >/dev/null; kill -TERM $daemon; wait $daemon; timeout 1 cat <&3")
    #expect(daemon.output.hasPrefix("it lives\ntime="), "\(daemon.output)")
    let lines = daemon.output.split(separator: "\n")
    #expect(
      lines.dropFirst().first?.contains(
        "level=warning message=\"log lines could not be written and are lost\" lines=") == true,
      "\(daemon.output)")
    #expect(daemon.output.contains("message=stopped\n"))
  }

  @Test("without standard error no other file gets the log's lines")
  func noStandardError() async throws {
    let daemon = try await run(
      log: "&-", after: "grep --text --recursive --files-with-matches 'level=info message=' log; ls log")
    #expect(daemon.output.hasPrefix("it lives\n"))
    #expect(daemon.output.contains(".sqlite") && !daemon.output.contains("log/"), "\(daemon.output)")
  }

  @Test("an answer that cannot be written is no success: a sentence and 1, or 141 when nobody reads it")
  func answer() async throws {
    try await ManagerFolder.with { folder in
      let full = try await DaemonProgram.bash(
        "cd \(folder.path); \"$1\" -c \(folder.configuration) --check >/dev/full")
      #expect(full.code == 1)
      #expect(full.errors == "tercetd: standard output cannot be written: No space left on device\n")
      let gone = try await DaemonProgram.bash(
        "cd \(folder.path); mkfifo p; exec 3<>p 4>p 3<&-; \"$1\" -c \(folder.configuration) --check >&4")
      #expect(gone.code == 141 && gone.errors.isEmpty, "\(gone)")
      // The exit code is all that is left.
      let silent = try await DaemonProgram.bash("\"$1\" -c /nonexistent --check 2>/dev/full")
      #expect(silent.code == 78)
      let help = try await DaemonProgram.bash("\"$1\" --help >/dev/full")
      #expect(help.code == 1)
    }
  }
}
