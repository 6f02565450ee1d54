import ArgumentParser
import Cluster
import Glibc

/// `--manager NAME@ZONE=ADDRESS`.
struct ManagerArgument: ExpressibleByArgument, Equatable {
  let name: String
  let zone: String
  let address: String

  init(name: String, zone: String, address: String) {
    self.name = name
    self.zone = zone
    self.address = address
  }

  init?(argument: String) {
    guard let equals = argument.firstIndex(of: "="),
      let at = argument[..<equals].firstIndex(of: "@")
    else { return nil }
    let name = String(argument[..<at])
    let zone = String(argument[argument.index(after: at)..<equals])
    let address = String(argument[argument.index(after: equals)...])
    guard isValidName(name), isValidName(zone), Self.isAddress(address) else { return nil }
    self.init(name: name, zone: zone, address: address)
  }

  static var allValueStrings: [String] { [] }

  /// An address as it stands before a port.
  var host: String { address.contains(":") ? "[\(address)]" : address }

  /// The network that holds this address alone.
  var network: String { "\(address)/\(address.contains(":") ? 128 : 32)" }

  /// Names are not taken: a manager that cannot resolve the others' names while a zone is away is away itself.
  private static func isAddress(_ text: String) -> Bool {
    [AF_INET, AF_INET6].contains { family in
      var bytes = [UInt8](repeating: 0, count: 16)
      return inet_pton(family, text, &bytes) == 1
    }
  }
}
