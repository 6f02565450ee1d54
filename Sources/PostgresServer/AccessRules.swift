internal import Cluster

/// Who may connect to a server: the contents of `pg_hba.conf` and `pg_ident.conf`. Whoever no line names is
/// refused.
package struct AccessRules: Hashable, Sendable {
  var usesTLS: Bool
  /// System users who may become the superuser through the server's socket.
  var localUsers: [String]
  /// Nodes whose servers may replicate.
  package var members: [String]
  /// Networks in CIDR form whose clients log in with a password.
  var clientNetworks: [String]

  package init(usesTLS: Bool, localUsers: [String], members: [String], clientNetworks: [String]) {
    self.usesTLS = usesTLS
    self.localUsers = localUsers
    self.members = members
    self.clientNetworks = clientNetworks
  }

  package func hostRules() throws -> String {
    var lines = [
      "# Written by tercetd, which overwrites it.",
      "local all postgres peer map=tercet",
    ]
    if usesTLS {
      lines.append("hostssl replication \(replicationRole) all cert map=tercet_members")
    } else {
      lines += ["127.0.0.0/8", "::1/128"].map { "host replication \(replicationRole) \($0) trust" }
    }
    // They have no password; this also keeps them from ever logging in with one.
    lines.append("host all postgres,\(replicationRole) all reject")
    lines += try clientNetworks.map { "host all all \(try Self.checked(network: $0)) scram-sha-256" }
    return lines.joined(separator: "\n") + "\n"
  }

  package func identities() throws -> String {
    var lines = ["# Written by tercetd, which overwrites it."]
    lines += localUsers.map { "tercet \"\($0)\" postgres" }
    lines += try members.map { node in
      guard isValidName(node) else {
        throw PostgresError.invalid(field: "the node name “\(node)”", reason: "is not a valid name")
      }
      return "tercet_members \"tercet-manager-\(node)\" \(replicationRole)"
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// A network is written into a line of words: it must not bring words of its own.
  private static func checked(network: String) throws -> String {
    guard isNetwork(network) else {
      throw PostgresError.invalid(
        field: "the client network “\(network)”", reason: "is not in the form 10.0.0.0/8 or fd00::/8")
    }
    return network
  }
}
