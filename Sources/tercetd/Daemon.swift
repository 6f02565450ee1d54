import ArgumentParser
import Foundation
import Logging
import ManagerAPI
import ManagerRuntime
import NIOCore
import NIOPosix
import ServiceLifecycle
import StandardStreams
import UnixSignals

import enum Cluster.Release

struct Daemon: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tercetd",
    abstract: "The manager of one zone of a Tercet cluster.",
    discussion: """
      Reads its configuration, joins the other managers, and runs the zone's containers, databases and cache \
      as the cluster's log wants them. SIGTERM stops it cleanly; containers and database servers run on.

      Exit codes: 0 stopped by a signal, 1 failed, 64 usage, 78 the configuration is wrong.
      """,
    version: Release.version, subcommands: [Recover.self])

  @Option(name: [.customLong("configuration"), .customShort("c")], help: "The configuration file.")
  var configurationFile = "/etc/tercet/tercetd.yaml"

  @Flag(help: "Only check the configuration, and that this machine has what it names; say what is wrong.")
  var check = false

  @concurrent
  static func start() async {
    do {
      var command = try parseAsRoot()
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch let error as ConfigurationError {
      output.complaint("\(error)")
      Foundation.exit(78)
    } catch {
      end(with: error)
    }
  }

  static let output = ProgramOutput(program: "tercetd")

  /// Help and version are what was asked for; all else is a complaint.
  private static func end(with error: any Error) -> Never {
    let (text, code) = (fullMessage(for: error), exitCode(for: error))
    if !text.isEmpty { code.isSuccess ? output.line(text) : output.complaint(text) }
    Foundation.exit(code.rawValue)
  }

  @concurrent
  mutating func run() async throws {
    let configuration = try DaemonConfiguration.read(file: configurationFile, isChecked: check)
    if check {
      Self.output.line(
        "\(configurationFile) is sound: manager \(configuration.name) of cluster \(configuration.cluster)")
      return
    }
    let level = configuration.logLevel
    LoggingSystem.bootstrap { LogfmtHandler(label: $0, logLevel: level) }
    let logger = Logger(label: "tercetd")
    logger.info(
      "starting",
      metadata: [
        "version": "\(Release.version)", "cluster": "\(configuration.cluster)",
        "node": "\(configuration.name)",
        "zone": "\(configuration.zone)",
      ])
    do {
      try await serve(configuration, logger: logger)
    } catch {
      logger.critical("stopped", metadata: ["reason": "\(error)"])
      throw ExitCode(1)
    }
    logger.info("stopped")
  }

  private func serve(_ configuration: DaemonConfiguration, logger: Logger) async throws {
    let group = MultiThreadedEventLoopGroup.singleton
    let registry = MetricsRegistry()
    try makeFolder(configuration.dataFolder, permissions: 0o700)
    // The servers' own user passes through it.
    if let postgres = configuration.postgres { try makeFolder(postgres.dataFolder, permissions: 0o755) }
    let drivers = configuration.drivers(group: group, logger: logger)
    let runtime: ManagerRuntime
    do {
      runtime = try await ManagerRuntime.start(
        configuration.manager(), dataFolder: configuration.dataFolder,
        peers: { configuration.peers(incarnation: $0) }, drivers: drivers, logger: logger)
    } catch {
      await drivers.close()
      throw error
    }
    let services: [any Service] = [
      RuntimeService(runtime: runtime),
      OperatorServer(
        configuration: try configuration.operatorServer(), gateway: runtime, registry: registry,
        logger: logger),
      DoorServer(
        configuration: configuration.doorServer(), gateway: runtime, registry: registry, logger: logger,
        group: group),
    ]
    let serviceGroup = ServiceGroup(
      configuration: .init(
        services: services.map { .init(service: $0, failureTerminationBehavior: .gracefullyShutdownGroup) },
        gracefulShutdownSignals: [.sigterm, .sigint],
        logger: logger))
    try await serviceGroup.run()
  }
}

/// Makes a folder at the first start, inside a folder that exists: one that is missing with its parent may
/// lie on a disk that is not mounted.
private func makeFolder(_ path: String, permissions: mode_t) throws {
  guard mkdir(path, permissions) != 0, errno != EEXIST else { return }
  throw FolderFailure(path: path, reason: String(cString: strerror(errno)))
}

private struct FolderFailure: Error, CustomStringConvertible {
  let path: String
  let reason: String
  var description: String {
    "the folder \(path) cannot be made: \(reason); make it for tercetd's user, or name another in the configuration"
  }
}

/// The manager among the daemon's services: first to start, last to end.
struct RuntimeService: Service {
  let runtime: ManagerRuntime

  func run() async throws {
    let observing = Task { [runtime] in await runtime.observe() }
    let trimming = Task { await Memory.trimRegularly() }
    defer { trimming.cancel() }
    let reason: String? = await cancelWhenGracefulShutdown { [runtime] in
      for await reason in runtime.halted { return reason }
      return nil
    }
    observing.cancel()
    await observing.value
    await runtime.shutdown()
    if let reason { throw Halt(reason: reason) }
  }

  /// The manager has stopped for good by itself; a restart is the operator's choice.
  struct Halt: Error, CustomStringConvertible {
    var reason: String
    var description: String { reason }
  }
}
