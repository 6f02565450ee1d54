import Cluster
import Foundation
import FreePorts
import Logging
import NIOPosix
import Testing
import VarnishCache

/// A real varnishd on the loopback with the rules of `deploy/varnish`, for the length of one test.
final class Varnish: Sendable {
  let folder: URL
  let publicPort: Int
  let purgePort: Int
  let commandLinePort: Int

  private let parameters: [String]

  private init(folder: URL, parameters: [String]) {
    self.folder = folder
    self.parameters = parameters
    (publicPort, purgePort, commandLinePort) = (FreePorts.take(), FreePorts.take(), FreePorts.take())
  }

  /// Runs varnishd in front of an origin, hands it to `body`, and ends it whatever happens.
  ///
  /// - Parameters:
  ///   - rules: the site's own, in front of Tercet's, where they should not be.
  ///   - site: the site's own rules, after Tercet's; in a file of their own if they begin with a version.
  ///   - hasKeys: with vmod xkey.
  ///   - parameters: further ones of varnishd, such as `http_req_size=256b`.
  static func run(
    before rules: String = "", site: String = "", hasKeys: Bool = true, parameters: [String] = [],
    _ body: (Varnish, Origin) async throws -> Void
  ) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "varnish-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let origin = try await Origin.start()
    do {
      let varnish = Varnish(folder: folder, parameters: parameters)
      try varnish.writeFiles(originPort: origin.port, before: rules, site: site, hasKeys: hasKeys)
      let process = try await varnish.start()
      do {
        try await body(varnish, origin)
      } catch {
        await process.end()
        throw error
      }
      await process.end()
    } catch {
      await origin.stop()
      throw error
    }
    await origin.stop()
  }

  var configuration: VarnishCache.Configuration {
    var configuration = VarnishCache.Configuration(
      name: "a", commandLine: Endpoint(host: "127.0.0.1", port: commandLinePort), secretFile: secretFile,
      purges: Endpoint(host: "127.0.0.1", port: purgePort))
    configuration.statistics = VarnishCache.Statistics(folder: folder.appending(path: "work").path)
    return configuration
  }

  func client() -> VarnishCache { makeClient(configuration) }

  /// The value of one of varnishd's parameters, with its unit.
  func parameter(_ name: String) async throws -> String {
    let log = folder.appending(path: "\(name).txt")
    let arguments = ["-n", folder.appending(path: "work").path, "param.show", name]
    let process = try RunningProcess("/usr/bin/varnishadm", arguments, log: log)
    var value: Substring?
    try await eventually("varnishadm tells \(name)") {
      let words = try String(contentsOf: log, encoding: .utf8)
      value = words.firstRange(of: "Value is: ").flatMap { range in
        words[range.upperBound...].firstIndex(of: "\n").map { words[range.upperBound..<$0] }
      }
      return value != nil
    }
    withExtendedLifetime(process) {}
    return value.map(String.init) ?? ""
  }

  var secretFile: String { folder.appending(path: "secret").path }

  /// Starts varnishd, also again after it has ended, at the same addresses; fails with its words when it ends.
  func start() async throws -> RunningProcess {
    let log = folder.appending(path: "varnishd.log")
    let process = try RunningProcess(
      "/usr/sbin/varnishd",
      [
        "-F", "-n", folder.appending(path: "work").path, "-i", "a", "-f",
        folder.appending(path: "test.vcl").path, "-a", "public=127.0.0.1:\(publicPort)", "-a",
        "tercet=127.0.0.1:\(purgePort)", "-T", "127.0.0.1:\(commandLinePort)", "-S", secretFile, "-s",
        "malloc,32m", "-p", "ban_lurker_age=0.1", "-p", "ban_lurker_sleep=0.001",
      ] + parameters.flatMap { ["-p", $0] }, log: log)
    let client = client()
    do {
      try await eventually("varnishd answers") {
        guard process.isRunning else {
          throw VarnishEnded(words: try String(contentsOf: log, encoding: .utf8))
        }
        return await client.observe().isReachable
      }
    } catch {
      await client.close()
      await process.end()
      throw error
    }
    await client.close()
    return process
  }

  private func writeFiles(originPort: Int, before: String, site: String, hasKeys: Bool) throws {
    // The worker runs as a user of its own and has to get through.
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path)
    try "a secret that no message may show\n".write(
      toFile: secretFile, atomically: true, encoding: .utf8)
    let shipped = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../deploy/varnish")
      .standardizedFileURL
    for name in ["tercet.vcl", "tercet-xkey.vcl"] {
      try FileManager.default.copyItem(at: shipped.appending(path: name), to: folder.appending(path: name))
    }
    let isFile = site.hasPrefix("vcl ")
    if isFile {
      try site.write(to: folder.appending(path: "site.vcl"), atomically: true, encoding: .utf8)
    }
    try """
    vcl 4.1;
    \(before)
    \(hasKeys ? #"include "./tercet-xkey.vcl";"# : "")
    include "./tercet.vcl";
    backend origin { .host = "127.0.0.1"; .port = "\(originPort)"; }
    \(isFile ? #"include "./site.vcl";"# : site)

    """.write(to: folder.appending(path: "test.vcl"), atomically: true, encoding: .utf8)
  }
}

struct VarnishEnded: Error {
  let words: String
}

func makeClient(_ configuration: VarnishCache.Configuration) -> VarnishCache {
  VarnishCache(
    configuration: configuration, group: MultiThreadedEventLoopGroup.singleton,
    logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
}

/// A child process that is always waited for.
final class RunningProcess: Sendable {
  private let process: Process

  /// - Parameter log: a file for what it writes.
  init(_ path: String, _ arguments: [String], log: URL) throws {
    try Data().write(to: log)
    let output = try FileHandle(forWritingTo: log)
    process = Process()
    process.executableURL = URL(filePath: path)
    process.arguments = arguments
    process.standardOutput = output
    process.standardError = output
    try process.run()
  }

  var isRunning: Bool { process.isRunning }

  /// Children of a Swift thread inherit its signal mask, which blocks SIGTERM; varnishd's worker ends by itself
  /// with its manager.
  func end() async {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    while process.isRunning { try? await _Concurrency.Task.sleep(for: .milliseconds(5)) }
  }
}

/// Waits until a condition holds; fails the test after a minute.
func eventually(_ what: String, _ condition: () async throws -> Bool) async throws {
  let deadline = ContinuousClock.now + .seconds(60)
  while try await !condition() {
    try #require(ContinuousClock.now < deadline, "\(what): not within a minute")
    try await _Concurrency.Task.sleep(for: .milliseconds(10))
  }
}
