package import Cluster

/// Everything that makes up a server's `tercet.conf`: equal values give equal files.
package struct ServerSettings: Hashable, Sendable {
  package enum Role: Hashable, Sendable {
    case primary(synchronousStandby: String?)
    /// Without an upstream it receives no WAL, not even after a restart: the state before a promotion.
    case standby(upstream: DatabaseAction.Upstream?)
  }

  var role: Role
  var address: String
  var port: Int
  var folder: DatabaseFolder
  var usesTLS: Bool
  var parameters: [Setting]

  package init(
    role: Role, address: String, port: Int, folder: DatabaseFolder, usesTLS: Bool, parameters: [Setting]
  ) {
    self.role = role
    self.address = address
    self.port = port
    self.folder = folder
    self.usesTLS = usesTLS
    self.parameters = parameters
  }

  /// The file's content.
  package func text() throws -> String {
    var lines = [
      "# Written by tercetd, which overwrites it. Parameters of your own belong into the stack file."
    ]
    for (name, value) in defaults where parameters[name] == nil { lines.append(line(name, value)) }
    for parameter in parameters {
      if let reason = DatabaseParameters.complaint(about: parameter) {
        throw PostgresError.parameterRefused(name: parameter.name, reason: reason)
      }
      lines.append(line(parameter.name, parameter.value))
    }
    for (name, value) in owned { lines.append(line(name, value)) }
    return lines.joined(separator: "\n") + "\n"
  }

  /// What a stack file may change.
  private var defaults: [(String, String)] {
    [
      ("shared_buffers", "128MB"), ("max_connections", "100"),
      // A slot must not fill the disk for a standby that never returns; it is cloned anew then.
      ("max_slot_wal_keep_size", "4GB"), ("wal_keep_size", "128MB"),
      ("log_timezone", "UTC"), ("timezone", "UTC"), ("synchronous_commit", "on"),
      // What a reader on the standby holds up, a promotion has to wait for.
      ("max_standby_streaming_delay", "1s"), ("max_standby_archive_delay", "1s"),
      ("log_line_prefix", "%m [%p] %q%u@%d "), ("log_checkpoints", "on"),
      ("tcp_keepalives_idle", "5"), ("tcp_keepalives_interval", "1"), ("tcp_keepalives_count", "3"),
      // It also ends a client that is there and takes nothing: `pg_dump` into a slow pipe, a copy onto a slow disk.
      ("tcp_user_timeout", "30s"),
    ]
  }

  /// What the manager's own working rests on.
  private var owned: [(String, String)] {
    [
      ("listen_addresses", address == "127.0.0.1" ? address : "127.0.0.1,\(address)"), ("port", String(port)),
      ("unix_socket_directories", folder.run),
      ("fsync", "on"), ("full_page_writes", "on"), ("wal_level", "replica"), ("wal_log_hints", "on"),
      ("hot_standby", "on"), ("max_wal_senders", "10"), ("max_replication_slots", "10"),
      // The default of 5 s is how long a promotion may sleep when its primary is gone.
      ("wal_retrieve_retry_interval", "50ms"),
      ("wal_sender_timeout", "2s"), ("wal_receiver_timeout", "2s"), ("wal_receiver_status_interval", "1s"),
      ("password_encryption", "scram-sha-256"),
      ("log_destination", "stderr"), ("logging_collector", "on"), ("log_directory", folder.log),
      ("log_filename", "postgres-%Y-%m-%dT%H%M%S.log"), ("log_rotation_age", "1d"),
      ("log_rotation_size", "16MB"), ("log_file_mode", "0640"),
    ] + tlsSettings + roleSettings
  }

  private var tlsSettings: [(String, String)] {
    guard usesTLS else { return [("ssl", "off")] }
    return [
      ("ssl", "on"), ("ssl_ca_file", folder.tls + "/authority.pem"),
      ("ssl_cert_file", folder.tls + "/certificate.pem"), ("ssl_key_file", folder.tls + "/key.pem"),
    ]
  }

  private var roleSettings: [(String, String)] {
    switch role {
    case .primary(let standby):
      [
        ("synchronous_standby_names", standby.map(synchronousNames(for:)) ?? ""), ("primary_conninfo", ""),
        ("primary_slot_name", ""),
      ]
    case .standby(let upstream):
      // A promoted standby that still had the primary's names would wait for a server that is gone.
      [
        ("synchronous_standby_names", ""), ("primary_conninfo", upstream.map(connectionText(to:)) ?? ""),
        ("primary_slot_name", upstream.map { slotName(for: $0.standbyName) } ?? ""),
      ]
    }
  }

  /// How this server connects to another one as a standby.
  func connectionText(to upstream: DatabaseAction.Upstream) -> String {
    connectionParameters(to: upstream).map { "\($0)=\(Self.connectionQuoted($1))" }.joined(separator: " ")
  }

  private func connectionParameters(to upstream: DatabaseAction.Upstream) -> [(String, String)] {
    var parameters = [
      ("host", upstream.address), ("port", String(upstream.port)), ("user", replicationRole),
      ("application_name", upstream.standbyName), ("connect_timeout", "2"), ("keepalives_idle", "2"),
      ("keepalives_interval", "1"), ("keepalives_count", "2"), ("tcp_user_timeout", "2000"),
    ]
    if usesTLS {
      parameters += [
        ("sslmode", "verify-ca"), ("sslrootcert", folder.tls + "/authority.pem"),
        ("sslcert", folder.tls + "/certificate.pem"), ("sslkey", folder.tls + "/key.pem"),
      ]
    }
    return parameters
  }

  private static func connectionQuoted(_ value: String) -> String {
    "'" + value.map { $0 == "'" || $0 == "\\" ? "\\\($0)" : String($0) }.joined() + "'"
  }

  private func line(_ name: String, _ value: String) -> String {
    let escaped = value.map { $0 == "'" ? "''" : $0 == "\\" ? "\\\\" : String($0) }.joined()
    return "\(name) = '\(escaped)'"
  }
}

/// The role under which standbys connect.
let replicationRole = "tercet_replication"

/// A standby name as a value of `synchronous_standby_names`.
func synchronousNames(for standby: String) -> String { "\"\(standby)\"" }

/// The replication slot of a standby: slot names have lower-case letters, digits and `_` only.
package func slotName(for standby: String) -> String {
  String(
    standby.lowercased().unicodeScalars.map { scalar in
      scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
        ? Character(scalar) : "_"
    })
}
