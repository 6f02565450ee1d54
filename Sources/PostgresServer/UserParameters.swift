internal import Cluster

extension ServerSettings {
  /// Refuses a parameter of a stack file that would break what the manager relies on.
  static func check(_ parameter: Setting) throws {
    let name = parameter.name.lowercased()
    let isName =
      !name.isEmpty
      && name.utf8.allSatisfy { byte in
        UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
          || "_.".utf8.contains(byte)
      }
    guard isName else {
      throw PostgresError.parameterRefused(name: parameter.name, reason: "this is not a parameter's name")
    }
    if isManaged(name) {
      throw PostgresError.parameterRefused(
        name: name, reason: "the manager sets it; remove it from the stack file")
    }
    let value = parameter.value.lowercased()
    if name == "synchronous_commit", value != "on", value != "remote_apply" {
      throw PostgresError.parameterRefused(
        name: name, reason: "only on and remote_apply keep acknowledged commits when a zone is lost")
    }
  }

  /// Whether the manager alone sets the parameter.
  static func isManaged(_ name: String) -> Bool {
    managed.contains(name) || managedPrefixes.contains { name.hasPrefix($0) }
  }

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
