package import Cluster

/// Takes the secrets of an environment out of a text. Which variable is a secret cannot be known: names that sound
/// like one count, with values of three characters or more, and of the others every value of eight or more, except
/// where the name is one that every container has.
package struct Redaction {
  private static let plainNames: Set<String> = [
    "PATH", "HOME", "HOSTNAME", "PWD", "LANG", "LANGUAGE", "TERM", "TZ", "SHELL", "USER",
  ]

  /// The longest first, so that no part of one is left when another is within it.
  private let secrets: [String]

  package init(_ environment: [Setting]) {
    var secrets: Set<String> = []
    for setting in environment where !Self.plainNames.contains(setting.name) {
      if setting.value.count >= (Setting.soundsSecret(setting.name) ? 3 : 8) { secrets.insert(setting.value) }
      secrets.formUnion(Self.passwords(in: setting.value))
    }
    self.secrets = secrets.sorted { ($1.count, $0) < ($0.count, $1) }
  }

  package func apply(to text: String) -> String {
    secrets.reduce(text) { text, secret in text.replacing(secret, with: "***") }
  }

  /// Passwords inside a value: `password=…` of a connection string, and `scheme://user:…@host`.
  private static func passwords(in value: String) -> [String] {
    var found: [String] = []
    if let start = value.firstRange(of: "password=")?.upperBound {
      let rest = value[start...]
      let quoted = rest.first == "'" || rest.first == "\""
      let word = quoted ? rest.dropFirst().prefix { $0 != rest.first } : rest.prefix { !" ;&".contains($0) }
      found.append(String(word))
    }
    if let scheme = value.firstRange(of: "://"), let at = value[scheme.upperBound...].lastIndex(of: "@"),
      let colon = value[scheme.upperBound..<at].firstIndex(of: ":")
    {
      found.append(String(value[value.index(after: colon)..<at]))
    }
    return found.filter { $0.count >= 3 }
  }
}
