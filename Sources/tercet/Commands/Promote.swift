import ArgumentParser
import ManagerAPI

struct Promote: ClusterCommand {
  static let configuration = CommandConfiguration(
    abstract: "Makes a database's secondary its primary, without losing a commit.",
    discussion: """
      The old primary stops cleanly, the secondary receives all it wrote and takes over, and the old primary \
      follows it. Writes wait for about a second. If the secondary is not in step, it is refused.

      Example:
        tercet promote plone
      """)

  @Argument(help: "The database's name.")
  var database: String

  @OptionGroup var waiting: WaitOptions
  @OptionGroup var cluster: ClusterOptions

  func run(with client: OperatorClient) async throws {
    // A manager that is behind may show the nodes the other way round, and the switchover would seem to be given up.
    let before = try await client.status(isCurrent: true).databases.first { $0.name == database }
    let target = before?.secondary ?? ""
    try await Change(client: client, cluster: cluster, waiting: waiting).make(
      .promote(database: database),
      interrupted: "the switchover of \(database) goes on; see `tercet status`"
    ) { PromotionGoal(index: $0.index, database: database, target: target) }
  }
}
