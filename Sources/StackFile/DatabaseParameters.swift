internal import Cluster

/// postgresql.conf as a stack file may set it: not what replication and its safety rest on, which the manager sets.
enum DatabaseParameters {
  /// Sorted by name.
  static func read(_ element: Element) -> [Setting] {
    for field in element.fields() ?? [] { check(field) }
    return element.settings()
  }

  private static func check(_ field: Field) {
    let name = field.key.lowercased()
    if name != field.key {
      field.keyElement.error("parameters are written in small letters", remedy: "write `\(name)`")
    } else if !name.utf8.allSatisfy(isNameByte) {
      field.keyElement.error("`\(name)` is no parameter's name")
    } else if let reason = owned[name] ?? (name.hasPrefix("recovery_target") ? recovery : nil) {
      field.keyElement.error("the parameter is not yours to set", remedy: reason)
    } else if let rule = restricted[name], let value = field.value.text()?.lowercased(),
      !rule.allowed.contains(value)
    {
      field.value.error("`\(value)` is not allowed for this parameter", remedy: rule.reason)
    }
  }

  private static let recovery = "the manager decides what a standby replays"
  private static let place = "the manager decides where the server keeps its files"

  private static let owned = [
    "synchronous_standby_names": "the manager decides whom commits wait for",
    "primary_conninfo": "the manager decides whom a standby follows",
    "primary_slot_name": "the manager decides whom a standby follows",
    "cluster_name": "it is the standby's name, which the manager gives",
    "promote_trigger_file": "promotion is the manager's decision",
    "restore_command": recovery,
    "archive_cleanup_command": recovery,
    "recovery_end_command": recovery,
    "listen_addresses": "the server listens on its node's address, which the manager sets",
    "port": "write it as the database's `port`",
    "hot_standby": "the manager watches standbys through connections to them",
    "wal_log_hints": "a former primary can be rewound only with it, so the manager sets it",
    "data_directory": place, "config_file": place, "hba_file": place, "ident_file": place,
    "external_pid_file": place, "unix_socket_directories": place,
    "default_transaction_read_only": "a primary takes writes; set it for a role instead",
  ]

  private static let yes: Set<String> = ["on", "true", "yes", "1"]

  private static let restricted: [String: (allowed: Set<String>, reason: String)] = [
    "wal_level": (["replica", "logical"], "a standby needs at least `replica`"),
    "fsync": (yes, "without it a crash destroys the database"),
    "full_page_writes": (yes, "without it a crash can tear pages, and no rewind is possible"),
    "synchronous_commit": (
      ["on", "true", "yes", "1", "remote_apply"],
      "a commit that does not wait for the secondary's disk can be lost in a failover"
    ),
  ]

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"),
      UInt8(ascii: "."):
      true
    default: false
    }
  }
}
