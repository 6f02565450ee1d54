import ArgumentParser
import Cluster
import Foundation
import ManagerAPI

struct Bootstrap: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Makes a new cluster's certificates and configurations.",
    discussion: """
      Writes one folder for each manager, one for operators, and one for the cluster's certificate authority. \
      Nothing is started or sent anywhere: copy each folder to its machine.

      Example:
        tercet bootstrap --output shop --cluster shop --operator ana \\
          --manager a@a=10.0.1.10 --manager b@b=10.0.2.10 --manager c@c=10.0.3.10
      """)

  @Option(help: ArgumentHelp("The folder to make; it must not exist.", valueName: "folder"))
  var output: String

  @Option(help: "The cluster's name; eight hexadecimal digits are added to make it unique.")
  var cluster: String

  @Option(
    name: .customLong("manager"),
    help: ArgumentHelp(
      "A manager, its zone and its IP address; once for each. Three in three zones survive the loss of one.",
      valueName: "name@zone=address"))
  var managers: [ManagerArgument]

  @Option(name: .customLong("operator"), help: "The name of the first operator, as the history will show it.")
  var operatorName = "admin"

  @Option(help: ArgumentHelp("Where managers keep the log.", valueName: "path"))
  var dataFolder = "/var/lib/tercet"

  @Flag(help: "Print a JSON document.")
  var json = false

  func validate() throws {
    guard Set(managers.map(\.name)).count == managers.count else {
      throw ValidationError("two managers have the same name")
    }
    guard Set(managers.map(\.address)).count == managers.count else {
      throw ValidationError("two managers have the same address")
    }
    let taken = [ClusterFolder.authorityName, ClusterFolder.operatorsName]
    if let manager = managers.first(where: { taken.contains($0.name) }) {
      throw ValidationError("a manager cannot be named \(manager.name): that folder is for something else")
    }
    guard dataFolder.hasPrefix("/"), !dataFolder.contains(where: \.isWhitespace) else {
      throw ValidationError("--data-folder must be an absolute path without spaces")
    }
  }

  @concurrent
  func run() async throws {
    let identity = "\(cluster)-\(Self.randomDigits())"
    let path = output.count > 1 && output.hasSuffix("/") ? String(output.dropLast()) : output
    let folder = ClusterFolder(
      path: path, cluster: identity, managers: managers, operatorName: operatorName, dataFolder: dataFolder)
    try folder.write()
    Terminal.standardOutput.line(json ? JSON.text(BootstrapReport(folder)) : Self.instructions(folder))
  }

  private static func randomDigits() -> String {
    let digits = String(UInt32.random(in: 0 ... .max), radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }

  private static func instructions(_ folder: ClusterFolder) -> String {
    var table = TextTable(["copy", "to", "as"])
    for manager in folder.managers {
      table.add(["\(folder.path)/\(manager.name)/", manager.address, "/etc/tercet/"])
    }
    table.add(["\(folder.path)/\(ClusterFolder.operatorsName)/", "operators' machines", "~/.tercet/"])
    let advice =
      folder.managers.count < 3
      ? "\nWith fewer than three managers the loss of one stops all changes.\n" : ""
    return """
      Cluster \(folder.cluster) is prepared.

      \(table.text)
      \(advice)
      Keep \(folder.path)/\(ClusterFolder.authorityName)/ off these machines: its key makes new managers and operators.
      Say in each tercetd.yaml what is managed there, then start all managers: systemctl start tercetd
      """
  }
}

/// What `tercet bootstrap --json` prints.
private struct BootstrapReport: Encodable {
  let cluster: String
  let folder: String
  let managers: [String]

  init(_ folder: ClusterFolder) {
    cluster = folder.cluster
    self.folder = folder.path
    managers = folder.managers.map(\.name)
  }
}
