/// `postgresql.conf` as a stack file may set it: not what replication and its safety rest on, which the manager sets.
public enum DatabaseParameters {
  /// Why a parameter cannot be so, as a sentence; nil if Postgres alone has to judge it.
  public static func complaint(about parameter: Setting) -> String? {
    let name = parameter.name
    guard !name.isEmpty, name.utf8.allSatisfy(isNameByte) else {
      return name.lowercased() != name && name.lowercased().utf8.allSatisfy(isNameByte)
        ? "the parameter \(name) has to be written in small letters" : "`\(name)` is no parameter's name"
    }
    if isManaged(name) { return "the parameter \(name) is not yours to set: \(reasons[name] ?? common)" }
    if name == "synchronous_commit", !["on", "remote_apply"].contains(parameter.value.lowercased()) {
      return
        "synchronous_commit can be on or remote_apply: a commit that does not wait for the secondary's disk can be lost in a failover"
    }
    // The file has one line for each.
    guard !parameter.value.unicodeScalars.contains(where: { $0.value < 32 }) else {
      return "the value of the parameter \(name) has a line break or control character"
    }
    return nil
  }

  /// Whether the manager alone sets the parameter.
  public static func isManaged(_ name: String) -> Bool {
    managed.contains(name) || managedPrefixes.contains { name.hasPrefix($0) }
  }

  /// Limits that a standby needs as high as its primary, with Postgres' defaults: it does not start, or cannot be
  /// promoted, with less.
  static let neverLowered = [
    Setting("max_connections", "100"), Setting("max_locks_per_transaction", "64"),
    Setting("max_prepared_transactions", "0"), Setting("max_worker_processes", "8"),
  ]

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"),
      UInt8(ascii: "."):
      true
    default: false
    }
  }

  private static let common = "the manager sets it"

  private static let reasons = [
    "synchronous_standby_names": "the manager decides whom commits wait for",
    "primary_conninfo": "the manager decides whom a standby follows",
    "primary_slot_name": "the manager decides whom a standby follows",
    "port": "write it as the database's `port`",
    "listen_addresses": "the server listens on its node's address",
    "fsync": "it is on; without it a crash destroys the database",
    "full_page_writes": "it is on; without it a crash can tear pages",
    "wal_level": "it is replica, which standbys need",
    "hot_standby": "the manager watches standbys through connections to them",
    "default_transaction_read_only": "a primary takes writes; set it for a role instead",
  ]

  private static let managed: Set<String> = [
    "listen_addresses", "port", "fsync", "full_page_writes", "wal_level", "wal_log_hints", "hot_standby",
    "max_wal_senders", "max_replication_slots", "wal_retrieve_retry_interval", "wal_sender_timeout",
    "wal_receiver_timeout", "wal_receiver_status_interval", "password_encryption", "log_destination",
    "logging_collector", "log_directory", "log_filename", "log_file_mode", "log_truncate_on_rotation",
    "synchronous_standby_names", "restore_command", "archive_cleanup_command", "promote_trigger_file",
    "data_directory", "config_file", "hba_file", "ident_file", "external_pid_file", "include",
    "include_dir", "include_if_exists", "restart_after_crash", "default_transaction_read_only",
    "data_sync_retry", "cluster_name", "wal_recycle", "wal_init_zero", "zero_damaged_pages",
    "ignore_system_indexes", "krb_server_keyfile", "db_user_namespace", "bonjour", "event_source",
  ]

  private static let managedPrefixes = ["unix_socket_", "ssl", "primary_", "recovery_", "log_rotation_"]
}
