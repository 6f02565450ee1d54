internal import Foundation

/// The logins that `docker login` wrote down. Read anew for each pull: tokens of registries change.
package struct RegistryCredentials: Sendable {
  let file: String

  package init(file: String) { self.file = file }

  private struct Configuration: Decodable {
    let auths: [String: Login]?

    struct Login: Decodable {
      /// `user:password` in base64.
      let auth: String?
    }
  }

  private struct Header: Encodable {
    let username: String
    let password: String
    let serveraddress: String
  }

  /// The header `X-Registry-Auth` for the image's registry; nil without a login for it.
  package func header(forImage image: String) -> String? {
    guard let data = FileManager.default.contents(atPath: file),
      let logins = try? JSONDecoder().decode(Configuration.self, from: data).auths
    else { return nil }
    let registry = Self.registry(ofImage: image)
    guard let auth = logins[registry]?.auth ?? logins["https://\(registry)"]?.auth,
      let decoded = Data(base64Encoded: auth)
    else { return nil }
    let login = String(decoding: decoded, as: UTF8.self).split(separator: ":", maxSplits: 1).map(String.init)
    guard login.count == 2,
      let json = try? JSONEncoder().encode(
        Header(username: login[0], password: login[1], serveraddress: registry))
    else { return nil }
    return json.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
  }

  /// The first part of the name when it looks like a host, otherwise Docker's own registry.
  package static func registry(ofImage image: String) -> String {
    let parts = image.split(separator: "/", maxSplits: 1)
    guard parts.count == 2, parts[0].contains(".") || parts[0].contains(":") || parts[0] == "localhost" else {
      return "https://index.docker.io/v1/"
    }
    return String(parts[0])
  }
}
