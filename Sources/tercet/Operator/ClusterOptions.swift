import ArgumentParser
import Foundation
import ManagerAPI

/// What all commands that speak with a cluster take.
struct ClusterOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The operator folder; otherwise TERCET_HOME, otherwise ~/.tercet.", valueName: "folder"))
  var home: String?

  @Option(help: ArgumentHelp("The manager to ask first.", valueName: "name"))
  var manager: String?

  @Flag(help: "Print JSON.")
  var json = false

  /// - Throws: `CommandFailure`.
  func client() throws -> OperatorClient {
    let configuration = try OperatorHome.find(home, environment: ProcessInfo.processInfo.environment).read()
    if let manager, !configuration.managers.contains(where: { $0.name == manager }) {
      let names = configuration.managers.map(\.name).joined(separator: ", ")
      throw CommandFailure(.error, "there is no manager \(manager); there are \(names)")
    }
    do throws(ClientError) {
      return try OperatorClient(configuration, beginningWith: manager)
    } catch {
      throw CommandFailure(.error, error.description)
    }
  }
}

/// A command that speaks with a cluster.
protocol ClusterCommand: AsyncParsableCommand {
  var cluster: ClusterOptions { get }

  /// - Throws: `ClientError`, `CommandFailure`.
  func run(with client: OperatorClient) async throws
}

extension ClusterCommand {
  @concurrent
  func run() async throws {
    let client = try cluster.client()
    do {
      try await run(with: client)
    } catch let error as ClientError {
      throw CommandFailure(error)
    }
    // The process ends here: to say goodbye on every connection would only take time.
    Foundation.exit(0)
  }
}

extension CommandFailure {
  init(_ error: ClientError) {
    if case .noQuorum = error {
      self.init(.noQuorum, error.description)
    } else {
      self.init(.error, error.description)
    }
  }
}
