/// What a manager or operator shows to prove who it is, and by whom it knows the others.
public struct Credentials: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
  /// The authority's certificate.
  public let authorityPEM: String
  /// Its own certificate.
  public let certificatePEM: String
  /// Its private key in PKCS #8; write it with `SecretFile`.
  public let keyPEM: String

  public init(authorityPEM: String, certificatePEM: String, keyPEM: String) {
    self.authorityPEM = authorityPEM
    self.certificatePEM = certificatePEM
    self.keyPEM = keyPEM
  }

  /// Whom the certificate names.
  public var identity: PeerIdentity {
    get throws(AuthorityError) { try PeerIdentity(certificatePEM: certificatePEM) }
  }

  /// Never shows the key, so that no log line can.
  public var description: String {
    let owner = (try? identity).map(\.uri) ?? "an unreadable certificate"
    return "credentials of \(owner)"
  }

  public var debugDescription: String { description }
}
