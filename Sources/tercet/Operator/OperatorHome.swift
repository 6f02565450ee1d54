import Foundation
import ManagerAPI
import Yams

/// The operator's folder: `operator.yaml` and the certificates that it names.
struct OperatorHome {
  let path: String

  /// The folder that is told, else `TERCET_HOME`, else `~/.tercet`.
  static func find(_ told: String?, environment: [String: String]) -> OperatorHome {
    let home = environment["HOME"] ?? "/root"
    return OperatorHome(path: told ?? environment["TERCET_HOME"] ?? "\(home)/.tercet")
  }

  private struct File: Decodable {
    struct Certificates: Decodable {
      let authority: String
      let certificate: String
      let key: String
    }

    struct Manager: Decodable {
      let name: String
      let zone: String
      let address: String
      let operators: Int?
    }

    let cluster: String
    let certificates: Certificates
    let managers: [Manager]
  }

  /// - Throws: `CommandFailure` with the file and what is wrong with it.
  func read() throws -> OperatorClient.Configuration {
    let file = try decode(try text(of: "operator.yaml"))
    guard !file.managers.isEmpty else {
      throw CommandFailure(.error, "\(path)/operator.yaml names no managers")
    }
    return OperatorClient.Configuration(
      cluster: file.cluster,
      managers: file.managers.map {
        .init(
          name: $0.name, zone: $0.zone, address: $0.address,
          port: $0.operators ?? DaemonConfigurationText.operatorsPort)
      },
      authorityPEM: try text(of: file.certificates.authority),
      certificatePEM: try text(of: file.certificates.certificate), keyPEM: try text(of: file.certificates.key)
    )
  }

  private func decode(_ text: String) throws -> File {
    do {
      return try YAMLDecoder().decode(File.self, from: text)
    } catch let error as DecodingError {
      throw CommandFailure(.error, "\(path)/operator.yaml: \(error.place)")
    } catch {
      throw CommandFailure(.error, "\(path)/operator.yaml: \(error)")
    }
  }

  private func text(of name: String) throws -> String {
    let file = name.hasPrefix("/") ? name : "\(path)/\(name)"
    do {
      return try String(contentsOfFile: file, encoding: .utf8)
    } catch {
      throw CommandFailure(
        .error,
        "\(file) cannot be read; name the operator folder that `tercet bootstrap` made with --home or TERCET_HOME"
      )
    }
  }
}
