import ClusterAuthority
import Subprocess
import Testing

/// The certificates are for Postgres, curl and others too: OpenSSL is the judge.
@Suite("certificates in the eyes of OpenSSL")
struct OpenSSLTests {
  @Test(
    "a manager's certificate is valid as server and as client under all of its names",
    arguments: [
      ["-purpose", "sslserver"], ["-purpose", "sslclient"],
      ["-verify_hostname", "zone-a"], ["-verify_hostname", "zone-a.portal.tercet"],
      ["-verify_ip", "10.0.0.1"],
      ["-verify_ip", "fd00::1"],
    ])
  func manager(check: [String]) async throws {
    let files = try Files()
    #expect(try await files.verify(files.manager, check))
  }

  @Test("a manager's certificate is not valid under another name")
  func managerUnderAnotherName() async throws {
    let files = try Files()
    #expect(try await !files.verify(files.manager, ["-verify_hostname", "zone-b"]))
    #expect(try await !files.verify(files.manager, ["-verify_ip", "10.0.0.2"]))
  }

  @Test("an operator's certificate is valid as client and not as server")
  func operatorIsClientOnly() async throws {
    let files = try Files()
    #expect(try await files.verify(files.operator, ["-purpose", "sslclient"]))
    #expect(try await !files.verify(files.operator, ["-purpose", "sslserver"]))
  }

  @Test("another cluster's authority does not vouch for the certificate")
  func foreignAuthority() async throws {
    let files = try Files()
    #expect(try await !files.verify(files.manager, [], authority: files.foreign))
  }

  @Test("the common names are the ones that pg_ident.conf maps")
  func commonNames() async throws {
    let files = try Files()
    #expect(try await files.subject(files.manager) == "subject=CN = tercet-manager-zone-a\n")
    #expect(try await files.subject(files.operator) == "subject=CN = tercet-operator-jane\n")
    #expect(try await files.subject(files.authority) == "subject=CN = Tercet authority portal\n")
  }

  @Test("the key that is written belongs to the certificate")
  func keyBelongs() async throws {
    let files = try Files()
    let ofCertificate = try await openssl(["x509", "-in", files.manager, "-noout", "-pubkey"])
    let ofKey = try await openssl(["pkey", "-in", files.managerKey, "-pubout"])
    #expect(ofCertificate.output == ofKey.output)
    #expect(ofKey.output.hasPrefix("-----BEGIN PUBLIC KEY-----"))
  }
}

/// One authority, a manager's and an operator's certificate, and a foreign authority, on disk.
private struct Files {
  private let folder: TemporaryFolder
  var authority: String { folder.file("authority.pem") }
  var foreign: String { folder.file("foreign.pem") }
  var manager: String { folder.file("manager.pem") }
  var managerKey: String { folder.file("manager-key.pem") }
  var `operator`: String { folder.file("operator.pem") }

  init() throws {
    folder = try TemporaryFolder()
    let made = try Authority.create(cluster: "portal")
    let zoneA = try made.issueManager(name: "zone-a", id: 1, addresses: ["10.0.0.1", "fd00::1"])
    try SecretFile.write(made.certificatePEM, to: authority)
    try SecretFile.write(zoneA.certificatePEM, to: manager)
    try SecretFile.write(zoneA.keyPEM, to: managerKey)
    try SecretFile.write(made.issueOperator(name: "jane").certificatePEM, to: `operator`)
    try SecretFile.write(Authority.create(cluster: "portal").certificatePEM, to: foreign)
  }

  func verify(_ certificate: String, _ checks: [String], authority: String? = nil) async throws -> Bool {
    try await openssl(
      ["verify", "-x509_strict", "-CAfile", authority ?? self.authority] + checks + [certificate]
    ).succeeded
  }

  func subject(_ certificate: String) async throws -> String {
    try await openssl(["x509", "-in", certificate, "-noout", "-subject"]).output
  }
}

private func openssl(_ arguments: [String]) async throws -> (succeeded: Bool, output: String) {
  let result = try await run(
    .name("openssl"), arguments: Arguments(arguments), output: .string(limit: 1 << 16),
    error: .string(limit: 1 << 16))
  return (result.terminationStatus.isSuccess, result.standardOutput)
}
