internal import Cluster
internal import Logging

extension Steps {
  /// Lets a standby connect: its slot keeps the WAL it needs; slots of earlier ones would fill the disk.
  func admit(_ action: DatabaseAction, standby: String, _ tools: Tools) async throws {
    try check(standbyName: standby)
    let (server, connection) = try await connectToPrimary()
    let role = ServerSettings.Role.primary(
      synchronousStandby: standbyName(in: try connection.setting("synchronous_standby_names")))
    if try configure(folder.data, for: action, role: role, owner: tools.owner) { reload(server) }
    let slot = slotName(for: standby)
    try await dropSlots(otherThan: slot, connection)
    _ = try connection.query(
      """
      SELECT pg_create_physical_replication_slot($1, true)
      WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = $1)
      """, [slot])
    // WAL that a lost slot no longer keeps cannot come back; a new slot serves the copy that must follow.
    let isLost = try connection.query(
      "SELECT FROM pg_replication_slots WHERE slot_name = $1 AND wal_status = 'lost'", [slot])
    if !isLost.isEmpty {
      _ = try connection.query("SELECT pg_drop_replication_slot($1)", [slot])
      _ = try connection.query("SELECT pg_create_physical_replication_slot($1, true)", [slot])
    }
  }

  /// Sets whom commits wait for and proves that it is in force.
  func synchronize(_ action: DatabaseAction, standby: String?, _ tools: Tools) async throws {
    try check(standbyName: standby)
    let (server, connection) = try await connectToPrimary()
    let isProven = standby.map { folder.hasPassedBarrier($0, of: server) } ?? false
    if !isProven { try folder.forgetBarrier() }
    let changed = try configure(
      folder.data, for: action, role: .primary(synchronousStandby: standby), owner: tools.owner)
    if changed { reload(server) }
    let expected = standby.map(synchronousNames(for:)) ?? ""
    try await awaitSetting("synchronous_standby_names", expected, of: server)
    if isProven && !changed { return }
    // Backends wait only once the checkpointer has raised a flag in shared memory, and it looks at a reload
    // only between checkpoints: one that begins after the reload proves that it has looked.
    _ = try connection.query("CHECKPOINT", within: .seconds(600))
    try await awaitSetting("synchronous_standby_names", expected, of: server)
    if let standby { try folder.record(barrier: standby, of: server) }
  }

  /// Waits until new connections have the value.
  func awaitSetting(_ name: String, _ expected: String, of server: ServerProcess) async throws {
    let deadline = ContinuousClock.now + .seconds(5)
    while true {
      let connection = try Connection(to: server)
      let value = try connection.setting(name)
      if value == expected { return }
      guard ContinuousClock.now < deadline else {
        throw PostgresError.timeout(
          "\(name) is “\(value)” instead of “\(expected)” 5 s after the reload; set in \(try connection.source(of: name))"
        )
      }
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  private func dropSlots(otherThan slot: String, _ connection: Connection) async throws {
    let deadline = ContinuousClock.now + .seconds(5)
    while true {
      let others = try connection.query(
        """
        SELECT slot_name, active_pid FROM pg_replication_slots
        WHERE slot_type = 'physical' AND NOT temporary AND slot_name LIKE 'tercet\\_%' AND slot_name <> $1
        """, [slot])
      if others.isEmpty { return }
      guard ContinuousClock.now < deadline else {
        throw PostgresError.timeout("the slots of former standbys of database \(database) stay in use")
      }
      for other in others {
        if let pid = other[1] { _ = try connection.query("SELECT pg_terminate_backend($1::int)", [pid]) }
        // It may be in use again at once; the next round sees to it.
        _ = try? connection.query("SELECT pg_drop_replication_slot($1)", [other[0]])
      }
      try await Task.sleep(for: .milliseconds(10))
    }
  }
}

/// The standby that a value of `synchronous_standby_names` names.
func standbyName(in synchronousNames: String) -> String? {
  let name = synchronousNames.filter { $0 != "\"" }
  return name.isEmpty ? nil : name
}

extension Connection {
  fileprivate func source(of name: String) throws -> String {
    try query(
      "SELECT coalesce(sourcefile || ' line ' || sourceline, source) FROM pg_settings WHERE name = $1", [name]
    ).first?.first.flatMap { $0 } ?? "an unknown place"
  }
}
