import ArgumentParser
import Cluster
import ManagerAPI

struct PlanCommand: ClusterCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Shows what a deployment would change, and changes nothing.",
    discussion: """
      Exit codes: 0 nothing would change, 2 something would, 1 error.

      Example:
        tercet plan shop/stack.yml
      """)

  @OptionGroup var file: StackArgument
  @OptionGroup var cluster: ClusterOptions

  func run(with client: OperatorClient) async throws {
    let wanted = try file.read()
    let plan = Plan(from: try await client.stack(named: wanted.name), to: wanted)
    let terminal = Terminal.standardOutput
    terminal.write(cluster.json ? JSON.text(plan) + "\n" : plan.text(terminal))
    if !plan.isEmpty { throw CommandFailure(.changes, nil) }
  }
}
