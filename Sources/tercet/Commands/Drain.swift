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

struct Forget: ClusterCommand {
  static let configuration = CommandConfiguration(
    abstract: "Forgets a node that is lost for good, and its cache.",
    discussion: """
      Until then purges are kept for its cache. Refused while the node is there, or while a task or a database has no \
      other place. Should it come back after all, it is taken in anew. Its manager is another matter: see `tercet \
      manager remove` and `tercet manager replace`.

      Example:
        tercet forget d
      """)

  @Argument(help: "The node's name.")
  var node: String

  @OptionGroup var cluster: ClusterOptions

  func run(with client: OperatorClient) async throws {
    let reply = try await client.submit(.forget(node: node))
    Terminal.standardOutput.line(
      cluster.json
        ? JSON.text(reply)
        : reply.outcome == .unchanged ? "no node is called \(node)" : "\(node) is forgotten")
  }
}
