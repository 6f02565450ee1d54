import Glibc
import PostgresServer

/// A cluster's certificates, made by openssl.
enum TestCertificates {
  static func files(in folder: String, node: String) -> PostgresServer.TLS {
    PostgresServer.TLS(
      authority: folder + "/authority.pem", certificate: folder + "/\(node).pem", key: folder + "/\(node).key"
    )
  }

  static func make(in folder: String, nodes: [String]) async throws {
    let openssl = Tools(binaries: "/usr/bin", owner: nil)
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    try await openssl.run(
      "openssl",
      ["req", "-x509"] + key + [
        "-keyout", "authority.key", "-out", "authority.pem", "-subj", "/CN=tercet-authority", "-days", "2",
      ], in: folder)
    for node in nodes {
      try await openssl.run(
        "openssl",
        ["req"] + key + [
          "-keyout", "\(node).key", "-out", "\(node).csr", "-subj", "/CN=tercet-manager-\(node)",
        ],
        in: folder)
      try await openssl.run(
        "openssl",
        [
          "x509", "-req", "-in", "\(node).csr", "-CA", "authority.pem", "-CAkey", "authority.key",
          "-CAcreateserial", "-out", "\(node).pem", "-days", "2",
        ], in: folder)
    }
  }
}
