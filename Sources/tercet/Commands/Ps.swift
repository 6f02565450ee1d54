import ArgumentParser
import Foundation
import ManagerAPI

struct Ps: ClusterCommand {
  static let configuration = CommandConfiguration(
    abstract: "Lists the tasks of all services, or of one stack's.",
    discussion: """
      Examples:
        tercet ps
        tercet ps shop
      """)

  @Argument(help: "The stack's name; all stacks if left out.")
  var stack: String?

  @OptionGroup var cluster: ClusterOptions

  func run(with client: OperatorClient) async throws {
    let list = try await client.services(ofStack: stack)
    AgeWarning.show(list.answeredBy, list.unconfirmedMilliseconds)
    let now = Int64(Date().timeIntervalSince1970 * 1_000)
    Terminal.standardOutput.line(cluster.json ? JSON.text(list) : Self.table(list, now: now).text)
  }

  static func table(_ list: ServiceList, now: Int64) -> TextTable {
    var table = TextTable(["task", "node", "image", "state", "age", "message"])
    for task in list.services.flatMap(\.tasks) {
      table.add([
        "\(task.service).\(task.slot)", task.node, task.image,
        task.wanted ? task.phase.rawValue : "\(task.phase.rawValue), to go",
        age(task.placedMilliseconds, now: now),
        task.message ?? "",
      ])
    }
    for service in list.services where service.tasks.count < service.wanted {
      table.add([
        service.name, "-", service.image, "waiting", "",
        "\(service.wanted - service.tasks.count) of \(service.wanted) tasks have no place yet",
      ])
    }
    return table
  }

  /// In the largest unit that says something.
  static func age(_ since: Int64?, now: Int64) -> String {
    guard let since else { return "-" }
    let seconds = max(0, (now - since) / 1_000)
    switch seconds {
    case ..<120: return "\(seconds)s"
    case ..<7_200: return "\(seconds / 60)m"
    case ..<172_800: return "\(seconds / 3_600)h"
    default: return "\(seconds / 86_400)d"
    }
  }
}
