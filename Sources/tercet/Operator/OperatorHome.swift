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
    for (place, manager) in file.managers.enumerated() {
      guard let port = manager.operators, !(1...65_535).contains(port) else { continue }
      throw CommandFailure(
        .error,
        "\(path)/operator.yaml: managers[\(place)].operators must be a port from 1 to 65535, not \(port)")
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
    let file = "\(path)/operator.yaml"
    do {
      return try YAMLDecoder().decode(File.self, from: text)
    } catch let error as DecodingError {
      guard case .dataCorrupted(let context) = error, let yaml = context.underlyingError as? YamlError else {
        throw CommandFailure(.error, "\(file): \(error.place)")
      }
      throw CommandFailure(.error, Self.complaint(of: file, yaml))
    } catch {
      throw CommandFailure(.error, "\(file): \(error)")
    }
  }

  /// What the parser says, on one line and at its place.
  private static func complaint(of file: String, _ error: YamlError) -> String {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      "\(file):\(mark.line):\(mark.column): error: no valid YAML: \(problem)"
    default: "\(file): error: no valid YAML: \(error)"
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
