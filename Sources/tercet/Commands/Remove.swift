import ArgumentParser
import ManagerAPI

struct Remove: ClusterCommand {
  static let configuration = CommandConfiguration(
    abstract: "Removes a stack's services with their containers.",
    discussion: """
      A stack that holds a database is refused: Tercet does not delete data.

      Example:
        tercet remove shop
      """)

  @Argument(help: "The stack's name.")
  var stack: String

  @Flag(name: [.customShort("y"), .customLong("yes")], help: "Do not ask.")
  var isSure = false

  @OptionGroup var cluster: ClusterOptions

  func run(with client: OperatorClient) async throws {
    let services = try await client.services(ofStack: stack).services
    let count = services.reduce(0) { $0 + $1.tasks.count }
    if !isSure {
      try Question.confirm(
        "Remove stack \(stack) with \(services.count) services and \(count) running tasks?")
    }
    let reply = try await client.submit(.remove(stack: stack))
    Terminal.standardOutput.line(
      cluster.json ? JSON.text(reply) : "removed; the nodes stop what is left of its containers")
  }
}
