public import Foundation

/// Why a certificate or key could not be made, read or written.
public enum AuthorityError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A cluster's, manager's or operator's name that cannot stand in a certificate.
  case badName(kind: String, name: String, rule: String)
  /// Neither an IP address nor a DNS name.
  case badAddress(String)
  /// Text that is not the PEM it should be.
  case unreadable(what: String, reason: String)
  /// A private key that belongs to another certificate.
  case keyDoesNotMatch
  /// A certificate that is not valid yet, or no longer.
  case outOfDate(from: Date, until: Date, at: Date)
  /// An authority that did not issue the certificate.
  case foreignAuthority
  /// A certificate that the cluster's authority did not make for a manager or an operator.
  case noIdentity(reason: String)
  /// The machine could not make a key or certificate.
  case cannotIssue(reason: String)
  /// A file that could not be written; nothing of it is left behind.
  case cannotWrite(path: String, reason: String)
  /// A file that is there already and would have been overwritten.
  case exists(path: String)

  public var description: String {
    switch self {
    case .badName(let kind, let name, let rule):
      "'\(name)' cannot be the name of a \(kind): \(rule)"
    case .badAddress(let address):
      "'\(address)' is neither an IP address nor a DNS name; give the address under which others reach the manager"
    case .unreadable(let what, let reason):
      "the \(what) cannot be read (\(reason)); use the files that `tercet bootstrap` made"
    case .keyDoesNotMatch:
      "the private key does not belong to the certificate; use the two files that were made together"
    case .outOfDate(let from, let until, let moment):
      "it is valid from \(from.ISO8601Format()) to \(until.ISO8601Format()), and the clock of this machine says "
        + "\(moment.ISO8601Format())"
    case .foreignAuthority:
      "the authority did not issue the certificate; use the two files that were made together"
    case .noIdentity(let reason):
      "the certificate names neither a manager nor an operator (\(reason)); "
        + "use one that the cluster's authority issued"
    case .cannotIssue(let reason):
      "no certificate could be made: \(reason)"
    case .cannotWrite(let path, let reason):
      "\(path) cannot be written: \(reason)"
    case .exists(let path):
      "\(path) is there already and is not overwritten; move it away if it is no longer needed"
    }
  }
}
