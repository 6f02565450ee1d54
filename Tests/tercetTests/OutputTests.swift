import Cluster
import FakeManager
import Foundation
import ManagerAPI
import Testing

/// What becomes of commands whose output cannot be written.
@Suite("The command's output", .timeLimit(.minutes(2)))
struct OutputTests {
  /// A pipe at descriptor 4 whose reader has gone.
  private static let gone = "mkfifo pipe; exec 3<>pipe 4>pipe 3<&-"

  /// Runs bash in a folder of its own; `$1` is the program.
  private static func bash(
    _ script: String, program: String = "tercet", home: String = "/nonexistent"
  ) async throws -> CommandLineTool {
    try await withFolder { folder in
      try await CommandLineTool.run(
        ["-c", "cd \(folder); \(script)", "bash", try CommandLineTool.path(program)],
        environment: ["TERCET_HOME": home], executable: "/bin/bash")
    }
  }

  private static func scene() -> FakeManager {
    let manager = FakeManager()
    manager.registerNodes()
    return manager
  }

  @Test(
    "a command whose reader has gone ends without a word, and not as if it were done",
    arguments: ["status", "log", "ps --json", "cache ls", "drain a"])
  func readerGone(_ command: String) async throws {
    try await Operator.withManager(Self.scene()) { ana async throws in
      let tool = try await Self.bash("\(Self.gone); \"$1\" \(command) >&4", home: ana.home)
      #expect(tool.code == 141 && tool.errors.isEmpty, "\(tool)")
    }
  }

  @Test(
    "a result that cannot be written is an error with its reason", arguments: ["status", "log", "drain a"])
  func fullDisk(_ command: String) async throws {
    try await Operator.withManager(Self.scene()) { ana async throws in
      let tool = try await Self.bash("\"$1\" \(command) >/dev/full", home: ana.home)
      #expect(tool.code == 1)
      #expect(tool.errors == "tercet: standard output cannot be written: No space left on device\n")
    }
  }

  @Test("a complaint that cannot be written leaves the exit code")
  func complaint() async throws {
    #expect(try await Self.bash("\"$1\" status 2>/dev/full").code == 1)
    #expect(try await Self.bash("\"$1\" explode 2>/dev/full").code == 64)
    #expect(try await Self.bash("\(Self.gone); \"$1\" status 2>&4").code == 1)
  }

  @Test("help that cannot be written is no success, nor are new certificates that nobody is told of")
  func help() async throws {
    #expect(try await Self.bash("\"$1\" --help >/dev/full").code == 1)
    let made = "bootstrap --output cluster --cluster shop --manager a@a=10.0.0.1"
    #expect(try await Self.bash("\"$1\" \(made) >/dev/full").code == 1)
    #expect(try await Self.bash("\(Self.gone); \"$1\" \(made) >&4").code == 141)
  }

  @Test("a slow reader gets all, through a pipe that does not let the writer wait, too")
  func slowReader() async throws {
    let manager = Self.scene()
    manager.decide(.deploy(FakeManager.webStack(replicas: 1_000)))
    await manager.place(ServiceName(stack: "shop", service: "web"))
    try await Operator.withManager(manager) { ana async throws in
      let process = Process()
      process.executableURL = URL(fileURLWithPath: try CommandLineTool.path())
      process.arguments = ["ps", "--json", "--home", ana.home]
      let output = Pipe()
      let descriptor = output.fileHandleForWriting.fileDescriptor
      #expect(fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) == 0)
      process.standardOutput = output
      try process.run()
      try output.fileHandleForWriting.close()
      // More than a pipe takes is written, so the command has to wait.
      try await _Concurrency.Task.sleep(for: .milliseconds(500))
      let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
      try await eventually { !process.isRunning }
      #expect(process.terminationReason == .exit && process.terminationStatus == 0)
      #expect(text.utf8.count > 65_536 && text.hasSuffix("}\n"))
      #expect(text.ranges(of: "\"slot\":").count == 1_000)
    }
  }

  @Test("what the simulator finds is not lost in silence")
  func simulator() async throws {
    let full = try await Self.bash("\"$1\" explore --seeds 1 --jobs 1 >/dev/full", program: "tercet-sim")
    #expect(full.code == 1 && full.errors.contains("tercet-sim: standard output cannot be written"))
    let silent = try await Self.bash("\"$1\" shrink --seed 1 2>/dev/full", program: "tercet-sim")
    #expect(silent.code == 1)
  }
}
