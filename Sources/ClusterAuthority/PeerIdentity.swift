import SwiftASN1
public import X509

/// Who stands behind a certificate of the cluster's authority.
///
/// The identity is the certificate's one URI of the scheme `tercet`: `tercet://CLUSTER/manager/ID/NAME` or
/// `tercet://CLUSTER/operator/NAME`. Reading it says nothing about whether the certificate is genuine: that is
/// TLS's part, against the authority's certificate.
public enum PeerIdentity: Hashable, Sendable, CustomStringConvertible {
  /// A machine that runs `tercetd`. `id` is its number in the cluster.
  case manager(cluster: String, id: UInt64, name: String)
  /// A person, or a program that acts for one.
  case `operator`(cluster: String, name: String)

  /// The cluster whose authority issued the certificate.
  public var cluster: String {
    switch self {
    case .manager(let cluster, _, _): cluster
    case .operator(let cluster, _): cluster
    }
  }

  /// The name of the manager or operator.
  public var name: String {
    switch self {
    case .manager(_, _, let name): name
    case .operator(_, let name): name
    }
  }

  /// The identity as it stands in the certificate.
  public var uri: String {
    switch self {
    case .manager(let cluster, let id, let name): "tercet://\(cluster)/manager/\(id)/\(name)"
    case .operator(let cluster, let name): "tercet://\(cluster)/operator/\(name)"
    }
  }

  public var description: String {
    switch self {
    case .manager(let cluster, let id, let name): "manager \(name) (n\(id)) of \(cluster)"
    case .operator(let cluster, let name): "operator \(name) of \(cluster)"
    }
  }

  /// Reads the identity out of a certificate.
  ///
  /// - Throws: `AuthorityError.noIdentity` when there is not exactly one URI of the scheme, or it is not one
  ///   of the two forms.
  public init(parsing certificate: Certificate) throws(AuthorityError) {
    let names: SubjectAlternativeNames?
    do {
      names = try certificate.extensions.subjectAlternativeNames
    } catch {
      throw .noIdentity(reason: "its alternative names are malformed: \(error)")
    }
    let uris = (names ?? SubjectAlternativeNames()).compactMap { name -> String? in
      if case .uniformResourceIdentifier(let uri) = name, uri.hasPrefix(Self.scheme) { uri } else { nil }
    }
    guard uris.count == 1, let uri = uris.first else {
      throw .noIdentity(reason: "it has \(uris.count) names that begin with \(Self.scheme)")
    }
    try self.init(uri: uri)
  }

  /// Reads the identity out of a certificate in DER, as TLS libraries give it.
  ///
  /// - Throws: `AuthorityError.unreadable`, `.noIdentity`.
  public init(certificateDER: [UInt8]) throws(AuthorityError) {
    let certificate: Certificate
    do {
      certificate = try Certificate(derEncoded: certificateDER)
    } catch {
      throw .unreadable(what: "certificate", reason: "\(error)")
    }
    try self.init(parsing: certificate)
  }

  /// Reads the identity out of a certificate in PEM.
  ///
  /// - Throws: `AuthorityError.unreadable`, `.noIdentity`.
  public init(certificatePEM: String) throws(AuthorityError) {
    let certificate: Certificate
    do {
      certificate = try Certificate(pemEncoded: certificatePEM)
    } catch {
      throw .unreadable(what: "certificate", reason: "\(error)")
    }
    try self.init(parsing: certificate)
  }

  /// Reads the form that `uri` gives, and no other: equal identities have equal URIs.
  ///
  /// - Throws: `AuthorityError.noIdentity`.
  public init(uri: String) throws(AuthorityError) {
    guard uri.hasPrefix(Self.scheme), let identity = Self.identity(from: uri), identity.uri == uri else {
      throw .noIdentity(reason: "'\(uri.prefix(200))' has neither form of identity")
    }
    self = identity
  }

  private static let scheme = "tercet://"

  private static func identity(from uri: String) -> PeerIdentity? {
    let parts = uri.dropFirst(scheme.count).split(separator: "/", omittingEmptySubsequences: false)
      .map(String.init)
    guard let cluster = parts.first, Name.cluster.allows(cluster) else { return nil }
    switch (parts.dropFirst().first, parts.count) {
    case ("manager", 4):
      guard let id = UInt64(parts[2]), Name.manager.allows(parts[3]) else { return nil }
      return .manager(cluster: cluster, id: id, name: parts[3])
    case ("operator", 3):
      guard Name.operator.allows(parts[2]) else { return nil }
      return .operator(cluster: cluster, name: parts[2])
    default:
      return nil
    }
  }
}
