import ArgumentParser
import Cluster
import Foundation
import LogStore
import Manager
import NIOCore
import NIOPosix
import Raft
import StandardStreams

/// `tercetd recover`: an operator's act on a stopped manager's log, when a majority of the managers is lost for good.
struct Recover: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Lets the cluster go on with this manager alone, after a majority of them was lost for good.",
    discussion: """
      Without --accept-lost-entries it only shows how far this manager's log goes, and what would be given up. Entries \
      that only the lost managers had are lost for ever, though the cluster had acknowledged them. The act stands in \
      the log: see `tercet log`.

      The manager must be stopped, its log sound, and none of the others reachable. Its configuration is named as for \
      tercetd itself.

      Example:
        tercetd recover --configuration /etc/tercet/tercetd.yaml

      Exit codes: 0 done, 1 refused, 64 usage, 78 the configuration is wrong.
      """)

  /// Its option `--configuration` is taken before and after the word `recover`.
  @ParentCommand var daemon: Daemon

  @Option(
    help: ArgumentHelp(
      "Go on, and accept that entries may be lost. The cluster's name, as it is shown without this.",
      valueName: "cluster"))
  var acceptLostEntries: String?

  @Option(
    name: .customLong("operator"), help: ArgumentHelp("Who does it, as the log will show.", valueName: "name")
  )
  var operatorName: String?

  @Option(help: ArgumentHelp("Why, as the log will show.", valueName: "text"))
  var reason: String?

  func validate() throws {
    guard acceptLostEntries != nil else { return }
    guard let operatorName, isValidName(operatorName), let reason, !reason.isEmpty else {
      throw ValidationError("say who does it with --operator, and why with --reason: the log keeps it")
    }
  }

  @concurrent
  func run() async throws {
    let file = daemon.configurationFile
    let configuration = try DaemonConfiguration.read(file: file)
    let log = try StoppedLog(
      folder: configuration.dataFolder,
      identity: StoreIdentity(cluster: configuration.cluster, node: configuration.id))
    let lost = LostMajority(node: configuration.id, restored: log.restored)
    let given = GivenUp(lost, configuration)
    // Before it is shown: a log that cannot be gone on with must not be the one that is chosen.
    let recovered = try lost.recovered(
      by: "operator/\(operatorName ?? "")", because: reason ?? "",
      wallClockMilliseconds: Int64(Date().timeIntervalSince1970 * 1_000))
    guard !given.members.isEmpty else {
      throw RecoveryRefusal(description: "\(configuration.name) is the only manager: start it")
    }
    try await given.checkUnreachable()
    guard let acceptLostEntries else {
      Daemon.output.line(Self.prospect(lost, given, configuration, file: file))
      return
    }
    guard acceptLostEntries == configuration.cluster else {
      throw RecoveryRefusal(
        description: "this is a manager of \(configuration.cluster), not of \(acceptLostEntries)")
    }
    try log.extend(to: recovered)
    Daemon.output.line(Self.nextSteps(given, configuration))
  }

  private static func prospect(
    _ lost: LostMajority, _ given: GivenUp, _ configuration: DaemonConfiguration, file: String
  ) -> String {
    let newest = lost.newest.map { index, proposal in
      let seconds = Double(proposal.wallClockMilliseconds) / 1_000
      return
        "\nThe newest intent in it, entry \(index), is of \(Date(timeIntervalSince1970: seconds).ISO8601Format()): "
        + "\(proposal.origin), \(proposal.intent.summary)."
    }
    return """
      Manager \(configuration.name) of cluster \(configuration.cluster): its log ends at entry \(lost.last.index) of \
      term \(lost.last.term).\(newest ?? "")
      Given up would be \(given.names). What they acknowledged beyond this log would be lost.

      Nothing was changed. Look at every manager that is left in this way, and go on with the one whose log ends last: \
      in the highest term, then at the highest entry. Make sure that no other starts again with its old data folder. Then:
        tercetd recover --configuration \(file) --accept-lost-entries \(configuration.cluster) --operator NAME --reason WHY
      """
  }

  private static func nextSteps(_ given: GivenUp, _ configuration: DaemonConfiguration) -> String {
    let replacing = given.members.map {
      "  tercet manager replace \($0.name) --authority FOLDER --output FOLDER"
    }
    return """
      The cluster goes on with \(configuration.name) alone, without \(given.names). Now start tercetd here; `tercet log` \
      shows what was done. Move the old data folders of the others away. Then, one after the other:
      \(replacing.joined(separator: "\n"))
      Until two of them vote the cluster does not survive the loss of this manager.
      """
  }
}

/// The managers that the cluster goes on without, as far as this one knows them.
private struct GivenUp {
  struct Member {
    var name: String
    var address: String?
    var port = 0
  }

  let members: [Member]

  init(_ lost: LostMajority, _ configuration: DaemonConfiguration) {
    let joined = lost.joined
    members = lost.others.map { id in
      if let member = joined.last(where: { $0.node == id }) {
        return Member(name: member.name, address: member.address, port: member.peersPort)
      }
      guard let member = configuration.managers.first(where: { $0.id == id }) else {
        return Member(name: "\(id.rawValue)")
      }
      return Member(name: member.name, address: member.address, port: member.peers)
    }
  }

  var names: String { members.map(\.name).joined(separator: " and ") }

  /// - Throws: if one of them answers, for then it is not lost.
  func checkUnreachable() async throws {
    for member in members {
      guard let address = member.address,
        let channel = try? await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
          .connectTimeout(.seconds(2)).connect(host: address, port: member.port).get()
      else { continue }
      try? await channel.close()
      throw RecoveryRefusal(
        description:
          "\(member.name) answers at \(address) port \(member.port), so it is not lost: with it there may be "
          + "a majority. If it must be given up all the same, stop it first")
    }
  }
}

/// Why nothing was done.
private struct RecoveryRefusal: Error, CustomStringConvertible {
  let description: String
}
