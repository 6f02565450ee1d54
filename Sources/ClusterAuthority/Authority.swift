/// ClusterAuthority: the cluster's own certificate authority. It says who is a manager and who is an
/// operator; nobody else's word counts.
///
/// `tercet bootstrap` makes one authority a cluster and issues a certificate to each manager and operator.
/// The authority's key is needed only to issue; it stays with the operator and never lies on a manager.
/// All keys are P-256: the one curve that TLS 1.3, Postgres 15 and every other tool of the cluster speaks.
import Crypto
import FoundationEssentials
import SwiftASN1
import X509

/// A certificate authority with its private key.
public struct Authority: Sendable {
  /// The cluster's identity, as it stands in every certificate.
  public let cluster: String
  private let certificate: Certificate
  private let key: P256.Signing.PrivateKey

  /// Makes a new authority, valid for 20 years.
  ///
  /// - Parameter cluster: the cluster's identity, 1 to 40 letters, digits and inner hyphens.
  /// - Throws: `AuthorityError.badName`.
  public static func create(cluster: String) throws(AuthorityError) -> Authority {
    try Name.check(cluster, is: .cluster)
    return try rethrowing {
      let key = P256.Signing.PrivateKey()
      let subject = try DistinguishedName { CommonName(commonNamePrefix + cluster) }
      let certificate = try Certificate(
        version: .v3,
        serialNumber: Certificate.SerialNumber(),
        publicKey: Certificate.PublicKey(key.publicKey),
        notValidBefore: Validity.start,
        notValidAfter: Validity.authority.end,
        issuer: subject,
        subject: subject,
        signatureAlgorithm: .ecdsaWithSHA256,
        extensions: Certificate.Extensions {
          Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
          Critical(KeyUsage(keyCertSign: true, cRLSign: true))
          SubjectKeyIdentifier(hash: Certificate.PublicKey(key.publicKey))
        },
        issuerPrivateKey: Certificate.PrivateKey(key))
      return Authority(cluster: cluster, certificate: certificate, key: key)
    }
  }

  /// Reads an authority that was made before.
  ///
  /// - Parameters:
  ///   - certificatePEM: what `certificatePEM` gave.
  ///   - keyPEM: what `keyPEM` gave; PKCS #8 or SEC 1.
  /// - Throws: `AuthorityError.unreadable` when either is not PEM of the right kind, or the certificate is
  ///   not an authority of Tercet; `.keyDoesNotMatch` when the key belongs to another certificate.
  public init(certificatePEM: String, keyPEM: String) throws(AuthorityError) {
    let certificate = try Authority.reading("authority's certificate") {
      try Certificate(pemEncoded: certificatePEM)
    }
    let key = try Authority.reading("authority's key") {
      try P256.Signing.PrivateKey(pemRepresentation: keyPEM)
    }
    guard certificate.publicKey == Certificate.PublicKey(key.publicKey) else {
      throw .keyDoesNotMatch
    }
    self.init(cluster: try Authority.cluster(of: certificate), certificate: certificate, key: key)
  }

  private init(cluster: String, certificate: Certificate, key: P256.Signing.PrivateKey) {
    self.cluster = cluster
    self.certificate = certificate
    self.key = key
  }

  /// The authority's certificate: what every manager and client trusts. Not a secret.
  public var certificatePEM: String {
    get throws(AuthorityError) {
      try Authority.rethrowing { try certificate.serializeAsPEM().pemString } + "\n"
    }
  }

  /// The authority's private key in PKCS #8. Whoever holds it can make managers and operators: write it with
  /// `SecretFile` and keep it off the managers.
  public var keyPEM: String { key.pemRepresentation + "\n" }

  /// Makes a manager's certificate, valid as server and as client, with a new key.
  ///
  /// It names the manager by its name, by `NAME.CLUSTER.tercet`, by its addresses, and by the URI from which
  /// `PeerIdentity` reads who it is. The common name is `tercet-manager-NAME`, for Postgres' `pg_ident.conf`.
  ///
  /// - Parameters:
  ///   - name: the manager's name, 1 to 48 letters, digits and inner hyphens and dots.
  ///   - id: the manager's number in the cluster.
  ///   - addresses: IP addresses and DNS names under which clients reach it.
  ///   - validity: ten years unless told otherwise, because a certificate that runs out takes all zones down
  ///     at once; a manager is shut out by removing it from the members. Never longer than the authority's.
  /// - Throws: `AuthorityError.badName`, `.badAddress`.
  public func issueManager(
    name: String, id: UInt64, addresses: [String], validity: Validity = .years(10)
  ) throws(AuthorityError) -> Credentials {
    try Name.check(name, is: .manager)
    var names: [GeneralName] = [.dnsName(name), .dnsName("\(name).\(cluster).tercet")]
    for address in addresses {
      let name = try GeneralName(address: address)
      if !names.contains(name) { names.append(name) }
    }
    return try issue(
      commonName: "tercet-manager-\(name)",
      identity: .manager(cluster: cluster, id: id, name: name),
      names: names,
      usages: [.serverAuth, .clientAuth],
      validity: validity)
  }

  /// Makes an operator's certificate, valid as client, with a new key. The common name is
  /// `tercet-operator-NAME`.
  ///
  /// - Parameters:
  ///   - name: the operator's name, 1 to 48 letters, digits and inner hyphens, dots and underscores.
  ///   - validity: two years unless told otherwise, never longer than the authority's.
  /// - Throws: `AuthorityError.badName`.
  public func issueOperator(
    name: String, validity: Validity = .years(2)
  ) throws(AuthorityError) -> Credentials {
    try Name.check(name, is: .operator)
    return try issue(
      commonName: "tercet-operator-\(name)",
      identity: .operator(cluster: cluster, name: name),
      names: [],
      usages: [.clientAuth],
      validity: validity)
  }

  private func issue(
    commonName: String, identity: PeerIdentity, names: [GeneralName], usages: [ExtendedKeyUsage.Usage],
    validity: Validity
  ) throws(AuthorityError) -> Credentials {
    let authorityPEM = try certificatePEM
    return try Authority.rethrowing {
      let leafKey = P256.Signing.PrivateKey()
      let leaf = try Certificate(
        version: .v3,
        serialNumber: Certificate.SerialNumber(),
        publicKey: Certificate.PublicKey(leafKey.publicKey),
        notValidBefore: max(Validity.start, certificate.notValidBefore),
        notValidAfter: min(validity.end, certificate.notValidAfter),
        issuer: certificate.subject,
        subject: DistinguishedName { CommonName(commonName) },
        signatureAlgorithm: .ecdsaWithSHA256,
        extensions: Certificate.Extensions {
          Critical(BasicConstraints.notCertificateAuthority)
          Critical(KeyUsage(digitalSignature: true))
          try ExtendedKeyUsage(usages)
          SubjectAlternativeNames(names + [.uniformResourceIdentifier(identity.uri)])
          SubjectKeyIdentifier(hash: Certificate.PublicKey(leafKey.publicKey))
          try AuthorityKeyIdentifier(
            keyIdentifier: certificate.extensions.subjectKeyIdentifier?.keyIdentifier)
        },
        issuerPrivateKey: Certificate.PrivateKey(key))
      return Credentials(
        authorityPEM: authorityPEM,
        certificatePEM: try leaf.serializeAsPEM().pemString + "\n",
        keyPEM: leafKey.pemRepresentation + "\n")
    }
  }

  private static let commonNamePrefix = "Tercet authority "

  private static func cluster(of certificate: Certificate) throws(AuthorityError) -> String {
    for part in certificate.subject {
      for attribute in part where attribute.type == .RDNAttributeType.commonName {
        guard let text = String(attribute.value), text.hasPrefix(commonNamePrefix) else { continue }
        let cluster = String(text.dropFirst(commonNamePrefix.count))
        try Name.check(cluster, is: .cluster)
        return cluster
      }
    }
    throw .unreadable(
      what: "authority's certificate", reason: "its subject is \(certificate.subject), not a Tercet authority"
    )
  }

  private static func reading<Value>(
    _ what: String, _ body: () throws -> Value
  ) throws(AuthorityError) -> Value {
    do {
      return try body()
    } catch {
      throw .unreadable(what: what, reason: "\(error)")
    }
  }

  /// What fails here can only be the encoding of a name that passed `Name.check`, or the machine's source of
  /// randomness.
  private static func rethrowing<Value>(_ body: () throws -> Value) throws(AuthorityError) -> Value {
    do {
      return try body()
    } catch {
      throw .cannotIssue(reason: "\(error)")
    }
  }
}
