import Cluster
import Foundation
import LoadBalancer
import Logging
import NIOPosix
import Testing

/// A real haproxy on the loopback for the length of one test.
struct HAProxy {
  let folder: URL

  static func run(_ body: (HAProxy, LoadBalancer) async throws -> Void) async throws {
    try await inFolder { haproxy in
      try await haproxy.running { balancer in try await body(haproxy, balancer) }
    }
  }

  /// One that does not run yet.
  static func inFolder(_ body: (HAProxy) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "haproxy-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let haproxy = HAProxy(folder: folder)
    try haproxy.writeFirstFile()
    try await body(haproxy)
  }

  /// Starts it, and kills it afterwards.
  func running(_ body: (LoadBalancer) async throws -> Void) async throws {
    let process = try start()
    do {
      let balancer = balancer()
      try await eventually("HAProxy answers") { (try? await balancer.servers()) != nil }
      try await body(balancer)
    } catch {
      await end(process)
      throw error
    }
    await end(process)
  }

  /// As another tercetd would see the same HAProxy.
  func balancer() -> LoadBalancer {
    LoadBalancer(
      configuration: configuration, group: MultiThreadedEventLoopGroup.singleton,
      logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
  }

  var configuration: LoadBalancer.Configuration {
    LoadBalancer.Configuration(
      file: file, masterSocket: folder.appending(path: "master.sock").path,
      adminSocket: folder.appending(path: "admin.sock").path, bind: "127.0.0.1",
      user: getuid() == 0 ? "haproxy" : nil)
  }

  var file: String { folder.appending(path: "haproxy.cfg").path }

  /// What HAProxy would start with.
  func text() throws -> String { try String(contentsOfFile: file, encoding: .utf8) }

  private func writeFirstFile() throws {
    try "global\n  stats socket \(configuration.adminSocket) mode 600 level admin expose-fd listeners\n"
      .write(
        toFile: file, atomically: true, encoding: .utf8)
  }

  private func start() throws -> Process {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/sbin/haproxy")
    process.arguments = ["-W", "-S", configuration.masterSocket, "-f", file]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    return process
  }

  /// Children of a Swift thread inherit its signal mask, which blocks SIGTERM; workers end with their master.
  private func end(_ process: Process) async {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    while process.isRunning { await pause() }
  }
}

/// Waits until a condition holds; fails the test after a minute.
func eventually(_ what: String, _ condition: () async throws -> Bool) async throws {
  let deadline = ContinuousClock.now + .seconds(60)
  while try await !condition() {
    try #require(ContinuousClock.now < deadline, "\(what): not within a minute")
    await pause()
  }
}

func pause() async { try? await _Concurrency.Task.sleep(for: .milliseconds(10)) }
