import ArgumentParser
import Cluster
import ManagerAPI

struct Deploy: ClusterCommand {
  static let configuration = CommandConfiguration(
    abstract: "Makes a stack what its file says.",
    discussion: """
      Waits until every task of every service is at work, no rollout moves any more, and every database takes \
      writes. Exit codes: 3 when a service was rolled back, 4 when it was not finished in time or a rollout is paused.

      Examples:
        tercet deploy shop/stack.yml
        tercet deploy stack.yml --stack shop --timeout 5m
        tercet deploy stack.yml --detach
      """)

  @OptionGroup var file: StackArgument
  @OptionGroup var waiting: WaitOptions
  @OptionGroup var cluster: ClusterOptions

  func run(with client: OperatorClient) async throws {
    let stack = try file.read()
    try await Change(client: client, cluster: cluster, waiting: waiting, stack: stack.name).make(
      .deploy(stack), interrupted: "the deployment of \(stack.name) goes on; see `tercet ps \(stack.name)`"
    ) { reply in
      DeployGoal(
        services: ServicesGoal(index: reply.index, names: stack.services.map { "\(stack.name)/\($0.name)" }),
        databases: stack.databases.map(\.name))
    }
  }
}
