import ArgumentParser
import ClusterAuthority
import Foundation
import ManagerAPI

struct ManagerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "manager",
    abstract: "Shows the managers, and changes who they are.",
    subcommands: [List.self, Add.self, Replace.self, Withdraw.self])

  struct List: ClusterCommand {
    static let configuration = CommandConfiguration(commandName: "ls", abstract: "Shows the managers.")

    @OptionGroup var cluster: ClusterOptions

    func run(with client: OperatorClient) async throws {
      let status = try await cluster.currentStatus(client)
      guard !cluster.json else { return Terminal.standardOutput.line(JSON.text(status.managers)) }
      var table = TextTable(["id", "manager", "zone", "part", "applied", "remark"])
      for manager in status.managers {
        table.add([
          manager.id.map(String.init) ?? "-", manager.name, manager.zone, manager.part ?? "-",
          manager.appliedIndex.map(String.init) ?? "-",
          manager.complaint ?? (manager.reachable ? "" : "not reachable from \(status.answeredBy)"),
        ])
      }
      Terminal.standardOutput.line(table.text)
    }
  }

  struct Add: ClusterCommand {
    static let configuration = CommandConfiguration(
      abstract: "Adds a manager.",
      discussion: """
        Makes its folder, and asks the cluster to take it in: it learns the log first, and votes once it has caught \
        up. Managers should be three or five: an even number survives no more losses than one less.

        Example:
          tercet manager add d@c=10.0.3.11 --authority shop/authority --output shop/d
        """)

    @Argument(help: ArgumentHelp("The manager, its zone and its IP address.", valueName: "name@zone=address"))
    var manager: ManagerArgument

    @OptionGroup var folder: JoiningOptions
    @OptionGroup var cluster: ClusterOptions

    func run(with client: OperatorClient) async throws {
      let status = try await cluster.currentStatus(client)
      guard !status.managers.contains(where: { $0.name == manager.name }) else {
        throw CommandFailure(
          .error,
          "there is a manager \(manager.name); `tercet manager replace \(manager.name)` puts one in its place"
        )
      }
      let joining = try folder.prepare(manager, in: status)
      try await joining.submit(.addManager(joining.member), with: client, cluster: cluster)
    }
  }

  struct Replace: ClusterCommand {
    static let configuration = CommandConfiguration(
      abstract: "Puts a new manager in the place of one that lost its disk.",
      discussion: """
        Makes the new one's folder, with an identity of its own, and asks the cluster to take it in: it learns the \
        log, and takes the old one's place once it has caught up. The machine's containers and servers run on.

        Example:
          tercet manager replace a --authority shop/authority --output shop/a-2
        """)

    @Argument(help: "The manager's name.")
    var name: String

    @Option(help: "The new one's IP address, if it is another one.")
    var address: String?

    @OptionGroup var folder: JoiningOptions
    @OptionGroup var cluster: ClusterOptions

    func run(with client: OperatorClient) async throws {
      let status = try await cluster.currentStatus(client)
      let old = try status.manager(named: name)
      guard let address = address ?? status.nodes.first(where: { $0.name == name })?.address else {
        throw CommandFailure(.error, "the cluster does not know where \(name) is; say it with --address")
      }
      guard let manager = ManagerArgument(argument: "\(name)@\(old.zone)=\(address)") else {
        throw CommandFailure(.error, "\(address) is no IP address")
      }
      let joining = try folder.prepare(manager, in: status, without: old.id)
      try await joining.submit(
        .replaceManager(id: old.id ?? 0, by: joining.member), with: client, cluster: cluster)
    }
  }

  struct Withdraw: ClusterCommand {
    static let configuration = CommandConfiguration(
      commandName: "remove",
      abstract: "Removes a manager, or takes back that one is to join.",
      discussion: """
        It is refused when a majority of those left cannot be reached. Drain the node before, and stop its tercetd \
        afterwards.

        Example:
          tercet drain d && tercet manager remove d
        """)

    @Argument(help: "The manager's name.")
    var name: String

    @Option(help: "Its identity, if two have the name: see `tercet manager ls`.")
    var id: UInt64?

    @OptionGroup var cluster: ClusterOptions

    func run(with client: OperatorClient) async throws {
      let status = try await cluster.currentStatus(client)
      let manager = try status.manager(named: name, id: id)
      let reply = try await client.submit(.removeManager(id: manager.id ?? 0))
      Terminal.standardOutput.line(
        cluster.json
          ? JSON.text(reply)
          : "\(name) is being removed; when `tercet manager ls` does not show it any more, stop its tercetd")
    }
  }
}

/// What is needed to make a manager's folder.
struct JoiningOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("The authority's folder that `tercet bootstrap` made.", valueName: "folder"))
  var authority: String

  @Option(help: ArgumentHelp("The new manager's folder to make; it must not exist.", valueName: "folder"))
  var output: String

  @Option(help: ArgumentHelp("Where it keeps the log.", valueName: "path"))
  var dataFolder = "/var/lib/tercet"

  /// Makes the folder.
  ///
  /// - Parameter old: the identity in whose place it comes.
  /// - Throws: `CommandFailure`.
  func prepare(
    _ manager: ManagerArgument, in status: ClusterStatus, without old: UInt64? = nil
  ) throws -> JoiningManager {
    guard let id = status.nextManagerID else {
      throw CommandFailure(
        .error, "\(status.answeredBy) runs a version that cannot change managers: upgrade it first")
    }
    let joining = JoiningManager(
      id: id, manager: manager, others: try status.arguments(without: old), cluster: status.cluster,
      dataFolder: dataFolder, path: output)
    try joining.write(authority: authority)
    return joining
  }
}

extension ClusterOptions {
  /// What a manager says that takes part: one that stands aside knows nothing of the others.
  ///
  /// - Throws: `ClientError`, `CommandFailure`.
  fileprivate func currentStatus(_ client: OperatorClient) async throws -> ClusterStatus {
    var status = try await client.status()
    for name in status.managers.map(\.name) where !status.isCurrent && manager == nil {
      var options = self
      options.manager = name
      guard let other = try? options.client() else { continue }
      status = (try? await other.status()) ?? status
    }
    guard status.isCurrent || manager != nil else {
      throw CommandFailure(.noQuorum, "no manager that can be reached takes part; see `tercet status`")
    }
    return status
  }
}

extension ClusterStatus {
  /// - Throws: `CommandFailure` if there is none of the name, or more than one and no identity.
  fileprivate func manager(named name: String, id: UInt64? = nil) throws -> Manager {
    let found = managers.filter { $0.name == name && (id == nil || $0.id == id) }
    guard let first = found.first, first.id != nil else {
      let names = managers.map(\.name).joined(separator: ", ")
      throw CommandFailure(.error, "there is no such manager \(name); there are \(names)")
    }
    guard found.count == 1 else {
      let ids = found.compactMap(\.id).map(String.init).joined(separator: " and ")
      throw CommandFailure(
        .error,
        "\(name) is the name of \(ids): a change is under way. Wait for it, or remove the one that joins with --id"
      )
    }
    return first
  }

  /// The managers as bootstrap knew them, with their identities.
  fileprivate func arguments(without old: UInt64?) throws -> [(id: UInt64, manager: ManagerArgument)] {
    try managers.filter { $0.id != old }.map { manager in
      guard let id = manager.id,
        let address = manager.address ?? nodes.first(where: { $0.name == manager.name })?.address
      else {
        throw CommandFailure(.error, "the cluster has not heard where \(manager.name) is; start it first")
      }
      return (id, ManagerArgument(name: manager.name, zone: manager.zone, address: address))
    }
  }
}
