/// Which names may stand in a certificate.
enum Name {
  case cluster
  case manager
  case `operator`

  /// A common name holds at most 64 characters (RFC 5280, appendix A.1: `ub-common-name`), its prefix
  /// included; a cluster's name must also be one DNS label.
  var maximumLength: Int { self == .cluster ? 40 : 48 }

  private var kind: String {
    switch self {
    case .cluster: "cluster"
    case .manager: "manager"
    case .operator: "operator"
    }
  }

  private var inner: [Character] {
    switch self {
    case .cluster: ["-"]
    case .manager: ["-", "."]
    case .operator: ["-", ".", "_"]
    }
  }

  private var rule: String {
    let marks = inner.map { "'\($0)'" }.joined(separator: ", ")
    return "use 1 to \(maximumLength) ASCII letters and digits, with single \(marks) between them"
  }

  /// Refuses a name that is empty, too long, or has other characters than the kind allows.
  static func check(_ name: String, is kind: Name) throws(AuthorityError) {
    guard kind.allows(name) else {
      throw .badName(kind: kind.kind, name: String(name.prefix(80)), rule: kind.rule)
    }
  }

  func allows(_ name: String) -> Bool {
    guard (1...maximumLength).contains(name.utf8.count) else { return false }
    let words = name.split(omittingEmptySubsequences: false) { inner.contains($0) }
    return words.allSatisfy { word in
      !word.isEmpty && word.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) }
    }
  }
}
