import ClusterAuthority
import Foundation

/// The files of a new cluster: one folder a manager, one for operators, one for the authority.
struct ClusterFolder {
  /// Its path; it must not exist yet.
  let path: String
  let cluster: String
  let managers: [ManagerArgument]
  let operatorName: String
  let dataFolder: String

  static let authorityName = "authority"
  static let operatorsName = "operator"

  /// Makes the authority, all certificates and configurations. The folder appears whole or not at all.
  ///
  /// - Throws: `CommandFailure`.
  func write() throws {
    guard !FileManager.default.fileExists(atPath: path) else {
      throw CommandFailure(
        .error, "\(path) is there already and is not overwritten; name another folder with --output")
    }
    // Beside the target, so that the rename stays in one file system.
    let temporary = "\(path).\(getpid()).new"
    do {
      try writeAll(to: temporary)
      try FileManager.default.moveItem(atPath: temporary, toPath: path)
    } catch {
      try? FileManager.default.removeItem(atPath: temporary)
      if let error = error as? AuthorityError { throw CommandFailure(.error, error.description) }
      throw CommandFailure(.error, "\(path) cannot be made: \(error.localizedDescription)")
    }
  }

  private func writeAll(to root: String) throws {
    let authority = try Authority.create(cluster: cluster)
    try Self.makeFolder(root)
    try Self.makeFolder("\(root)/\(Self.authorityName)")
    try Self.write(try authority.certificatePEM, to: "\(root)/\(Self.authorityName)/authority.pem")
    try SecretFile.write(authority.keyPEM, to: "\(root)/\(Self.authorityName)/authority.key")
    for (ordinal, manager) in managers.enumerated() {
      let id = UInt64(ordinal + 1)
      let credentials = try authority.issueManager(name: manager.name, id: id, addresses: [manager.address])
      let folder = "\(root)/\(manager.name)"
      try Self.write(credentials, as: "manager", to: folder)
      let configuration = DaemonConfigurationText(
        cluster: cluster, manager: manager, managers: managers, dataFolder: dataFolder)
      try Self.write(configuration.text, to: "\(folder)/tercetd.yaml")
    }
    let folder = "\(root)/\(Self.operatorsName)"
    try Self.write(try authority.issueOperator(name: operatorName), as: "operator", to: folder)
    try Self.write(
      OperatorConfigurationText(cluster: cluster, operatorName: operatorName, managers: managers).text,
      to: "\(folder)/operator.yaml")
  }

  static func write(_ credentials: Credentials, as name: String, to folder: String) throws {
    try Self.makeFolder(folder)
    try write(credentials.authorityPEM, to: "\(folder)/authority.pem")
    try write(credentials.certificatePEM, to: "\(folder)/\(name).pem")
    try SecretFile.write(credentials.keyPEM, to: "\(folder)/\(name).key")
  }

  private static func makeFolder(_ path: String) throws {
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
  }

  static func write(_ text: String, to path: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
  }
}
