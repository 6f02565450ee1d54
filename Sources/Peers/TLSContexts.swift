import ClusterAuthority
import NIOSSL

/// TLS 1.3 in both directions, with the cluster's authority as the only root (or with both, while it is replaced). Host names are not compared:
/// who a peer is stands in its certificate's identity, wherever its address may have moved.
struct TLSContexts: Sendable {
  let client: NIOSSLContext
  let server: NIOSSLContext

  init(_ credentials: Credentials) throws(PeersError) {
    do {
      // An old one and its successor stand in one file for a while.
      let authority = try NIOSSLCertificate.fromPEMBytes(Array(credentials.authorityPEM.utf8))
      let certificate = try NIOSSLCertificate(bytes: Array(credentials.certificatePEM.utf8), format: .pem)
      let key = try NIOSSLPrivateKey(bytes: Array(credentials.keyPEM.utf8), format: .pem)
      var server = TLSConfiguration.makeServerConfiguration(
        certificateChain: [.certificate(certificate)], privateKey: .privateKey(key))
      var client = TLSConfiguration.makeClientConfiguration()
      client.certificateChain = server.certificateChain
      client.privateKey = server.privateKey
      Self.harden(&server, authority)
      Self.harden(&client, authority)
      self.server = try NIOSSLContext(configuration: server)
      self.client = try NIOSSLContext(configuration: client)
    } catch {
      // NIOSSL's errors name what failed and never carry key material.
      throw .badCredentials("\(error)")
    }
  }

  private static func harden(_ configuration: inout TLSConfiguration, _ authority: [NIOSSLCertificate]) {
    configuration.minimumTLSVersion = .tlsv13
    configuration.trustRoots = .certificates(authority)
    configuration.certificateVerification = .noHostnameVerification
  }
}
