import ArgumentParser
import ManagerAPI

struct Status: ClusterCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows the cluster, first what is wrong with it.",
    discussion: """
      It is what the manager that answers knows. Exit code 0, whatever is wrong.

      Examples:
        tercet status
        tercet status --manager b --json
      """)

  @OptionGroup var cluster: ClusterOptions

  func run(with client: OperatorClient) async throws {
    let status = try await client.status()
    let terminal = Terminal.standardOutput
    terminal.write(
      cluster.json ? JSON.text(status) + "\n" : StatusText(status: status, terminal: terminal).text)
  }
}
