import Foundation
import Synchronization

/// A Docker engine of the tests' own, started once for all of them by `Tests/Support/docker-engine`, which also cleans
/// up when this process ends, however it ends.
final class EngineFixture: Sendable {
  struct CannotStart: Error, CustomStringConvertible {
    let description: String
  }

  /// Namespaces, mounts and containers need root; the programs come with Debian's docker.io and busybox-static.
  static let isPossible =
    geteuid() == 0
    && ["/usr/sbin/dockerd", "/usr/bin/unshare", "/usr/bin/curl", "/bin/busybox"].allSatisfy {
      FileManager.default.isExecutableFile(atPath: $0)
    }

  static let image = "example/shop:1"

  private static let starting = Task { try EngineFixture() }

  static var shared: EngineFixture {
    get async throws { try await starting.value }
  }

  let folder: String
  private let process: Process
  private let input: FileHandle
  private let output: FileHandle

  var socket: String { "\(folder)/docker.sock" }

  private init() throws {
    folder = "/tmp/tercet-docker-\(getpid())"
    let script = URL(filePath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Support/docker-engine").path
    let (commands, answers) = (Pipe(), Pipe())
    // Other programs that this process starts must not hold the pipe open.
    _ = fcntl(commands.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
    input = commands.fileHandleForWriting
    output = answers.fileHandleForReading
    process = Process()
    process.executableURL = URL(filePath: script)
    process.arguments = [folder]
    process.standardInput = commands
    process.standardOutput = answers
    try process.run()
    Self.running.withLock { $0 = self }
    atexit { EngineFixture.end() }
    try expectAnswer("ready")
  }

  /// Stops the engine in good order, its containers with it.
  func stop() throws { try steer("stop", expecting: "stopped") }

  func start() throws { try steer("start", expecting: "ready") }

  private func steer(_ command: String, expecting answer: String) throws {
    try input.write(contentsOf: Data((command + "\n").utf8))
    try expectAnswer(answer)
  }

  private func expectAnswer(_ expected: String) throws {
    var line: [UInt8] = []
    while let byte = try output.read(upToCount: 1)?.first, byte != UInt8(ascii: "\n") { line.append(byte) }
    let answer = String(decoding: line, as: UTF8.self)
    guard answer == expected else { throw CannotStart(description: "docker-engine: \(answer)") }
  }

  private static let running = Mutex<EngineFixture?>(nil)

  private static func end() {
    guard let fixture = running.withLock({ $0 }) else { return }
    try? fixture.input.close()
    fixture.process.waitUntilExit()
  }
}
