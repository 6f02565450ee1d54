public import Foundation
import SwiftASN1
import X509

extension Credentials {
  /// Which of the three does not fit the others.
  public enum Part: Sendable {
    case authority
    case certificate
    case key
  }

  /// The first part that cannot be used with the others, and why.
  ///
  /// With a key of another certificate TLS does not begin at all. With a foreign authority it does, and then refuses
  /// every peer: neither may be found out only when a manager runs.
  ///
  /// - Returns: nil when the key is the certificate's, and the authority has issued that.
  public func misfit() -> (part: Part, reason: AuthorityError)? {
    do {
      let certificate = try read(.certificate) { try Certificate(pemEncoded: certificatePEM) }
      let key = try read(.key) { try Certificate.PrivateKey(pemEncoded: keyPEM) }
      guard key.publicKey == certificate.publicKey else { return (.key, .keyDoesNotMatch) }
      let authorities = try read(.authority) {
        try PEMDocument.parseMultiple(pemString: authorityPEM).map { try Certificate(pemDocument: $0) }
      }
      guard !authorities.isEmpty else {
        return (.authority, .unreadable(what: "authority", reason: "it holds no certificate in PEM"))
      }
      let isIssued = authorities.contains {
        $0.publicKey.isValidSignature(certificate.signature, for: certificate)
      }
      return isIssued ? nil : (.authority, .foreignAuthority)
    } catch {
      return (error.part, error.reason)
    }
  }

  /// Why the certificate, or all authorities, cannot be used at a moment; nil while they can. Peers refuse it then.
  ///
  /// - Returns: nil, too, for what cannot be read: that is a `misfit`.
  public func expiry(at moment: Date = Date()) -> (part: Part, reason: AuthorityError)? {
    guard let certificate = try? Certificate(pemEncoded: certificatePEM),
      let authorities = try? PEMDocument.parseMultiple(pemString: authorityPEM).map(
        Certificate.init(pemDocument:))
    else { return nil }
    if let expired = certificate.expiry(at: moment) { return (.certificate, expired) }
    let expired = authorities.map { $0.expiry(at: moment) }
    return expired.contains { $0 == nil } ? nil : expired.first.flatMap { $0 }.map { (.authority, $0) }
  }

  private struct Unreadable: Error {
    let part: Part
    let reason: AuthorityError
  }

  private func read<Value>(_ part: Part, _ body: () throws -> Value) throws(Unreadable) -> Value {
    do {
      return try body()
    } catch {
      throw Unreadable(part: part, reason: .unreadable(what: "\(part)", reason: "\(error)"))
    }
  }
}

extension Certificate {
  fileprivate func expiry(at moment: Date) -> AuthorityError? {
    moment >= notValidBefore && moment <= notValidAfter
      ? nil : .outOfDate(from: notValidBefore, until: notValidAfter, at: moment)
  }
}
