import ArgumentParser
import ManagerAPI

struct Drain: ClusterCommand {
  static let configuration = CommandConfiguration(
    abstract: "Empties a node, for a planned reboot.",
    discussion: """
      Its tasks move start-first, its databases switch over, and another manager leads. Waits until nothing is \
      left there that is needed elsewhere. Exit code 4 if a database has no other zone to go to.

      Example:
        tercet drain a && ssh a reboot; tercet activate a
      """)

  @Argument(help: "The node's name.")
  var node: String

  @OptionGroup var waiting: WaitOptions
  @OptionGroup var cluster: ClusterOptions

  func run(with client: OperatorClient) async throws {
    try await Change(client: client, cluster: cluster, waiting: waiting).make(
      .drain(node: node),
      interrupted: "\(node) is being emptied further; `tercet activate \(node)` takes it back"
    ) { DrainGoal(index: $0.index, node: node, handsLeadershipOn: client.managers.count > 1) }
  }
}

struct Activate: ClusterCommand {
  static let configuration = CommandConfiguration(
    abstract: "Lets a drained node take tasks again.",
    discussion: """
      Example:
        tercet activate a
      """)

  @Argument(help: "The node's name.")
  var node: String

  @OptionGroup var cluster: ClusterOptions

  func run(with client: OperatorClient) async throws {
    let reply = try await client.submit(.activate(node: node))
    Terminal.standardOutput.line(
      cluster.json ? JSON.text(reply) : "\(node) takes tasks again; services are spread anew after a while")
  }
}
