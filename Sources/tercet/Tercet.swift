import ArgumentParser
import Cluster
import Foundation
import StandardStreams

/// tercet: the operators' command. It says what someone wants, follows what becomes of it, and shows what is.
struct Tercet: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tercet",
    abstract: "Runs a Tercet cluster: deploys stacks, moves databases, purges caches, shows what is.",
    discussion: """
      Commands speak with any manager that can be reached, by the operator folder that `tercet bootstrap` made: \
      --home, or TERCET_HOME, or ~/.tercet.

      Exit codes: 0 done; 1 error or refused; 2 (plan) there are changes; 3 rolled back; 4 not finished in time \
      or paused; 5 no quorum; 64 usage; 130 interrupted, or 141 nobody reads the output, while the cluster goes on.
      """,
    version: Release.version,
    subcommands: [
      Bootstrap.self, PlanCommand.self, Deploy.self, Remove.self, Scale.self, Promote.self, PurgeCommand.self,
      CacheCommand.self, Drain.self, Activate.self, Forget.self, ManagerCommand.self, Status.self, Ps.self,
      LogCommand.self, Logs.self,
    ])

  @concurrent
  static func start() async {
    do {
      var command = try parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch let failure as CommandFailure {
      if let message = failure.message { StandardError.line("tercet: \(message)") }
      Foundation.exit(failure.code.rawValue)
    } catch {
      end(with: error)
    }
  }

  static let output = ProgramOutput(program: "tercet")

  /// Help and version are what was asked for; all else is a complaint.
  private static func end(with error: any Error) -> Never {
    let (text, code) = (fullMessage(for: error), exitCode(for: error))
    if !text.isEmpty { code.isSuccess ? output.line(text) : output.complaint(text) }
    Foundation.exit(code.rawValue)
  }
}
