import Cluster
import ClusterAuthority
import Foundation
import ManagerAPI

/// The folder of a manager that joins a cluster that exists.
struct JoiningManager {
  let id: UInt64
  let manager: ManagerArgument
  let others: [(id: UInt64, manager: ManagerArgument)]
  let cluster: String
  let dataFolder: String
  let path: String

  var member: ManagerMember {
    ManagerMember(
      id: id, name: manager.name, zone: manager.zone, address: manager.address,
      peersPort: DaemonConfigurationText.peersPort, operatorsPort: DaemonConfigurationText.operatorsPort)
  }

  /// - Parameter authority: the folder with the authority's certificate and key.
  /// - Throws: `CommandFailure`.
  func write(authority folder: String) throws {
    guard !FileManager.default.fileExists(atPath: path) else {
      throw CommandFailure(
        .error, "\(path) is there already and is not overwritten; name another folder with --output")
    }
    do {
      let authority = try Authority(
        certificatePEM: try text("\(folder)/authority.pem"), keyPEM: try text("\(folder)/authority.key"))
      guard authority.cluster == cluster else {
        throw CommandFailure(.error, "\(folder) is the authority of \(authority.cluster), not of \(cluster)")
      }
      let credentials = try authority.issueManager(name: manager.name, id: id, addresses: [manager.address])
      let known = (others + [(id, manager)]).sorted { $0.id < $1.id }
      var configuration = DaemonConfigurationText(
        cluster: cluster, manager: manager, managers: known.map(\.manager), dataFolder: dataFolder)
      configuration.ids = known.map(\.id)
      configuration.isJoining = true
      try ClusterFolder.write(credentials, as: "manager", to: path)
      try ClusterFolder.write(configuration.text, to: "\(path)/tercetd.yaml")
    } catch let failure as CommandFailure {
      throw failure
    } catch let error as AuthorityError {
      throw CommandFailure(.error, "\(folder): \(error.description)")
    } catch {
      throw CommandFailure(.error, "\(path) cannot be made: \(error.localizedDescription)")
    }
  }

  private func text(_ file: String) throws -> String {
    do {
      return try String(contentsOfFile: file, encoding: .utf8)
    } catch {
      throw CommandFailure(
        .error,
        "\(file) cannot be read; name the authority's folder that `tercet bootstrap` made with --authority")
    }
  }

  /// Asks for it, and says what is left to do by hand.
  func submit(_ intent: OperatorIntent, with client: OperatorClient, cluster options: ClusterOptions)
    async throws
  {
    let reply: IntentReply
    do {
      reply = try await client.submit(intent)
    } catch {
      // An identity that the cluster did not take must not lie around.
      if case .refused = error { try? FileManager.default.removeItem(atPath: path) }
      throw error
    }
    Terminal.standardOutput.line(
      options.json
        ? JSON.text(reply)
        : """
        \(manager.name) may join as manager \(id). On \(manager.address):
          stop tercetd, and move the old data folder \(dataFolder) away if there is one;
          copy \(path)/ to /etc/tercet/, and take over from the old tercetd.yaml what is managed there;
          start tercetd.
        `tercet manager ls` shows how it catches up and takes its place.
        """)
  }
}
