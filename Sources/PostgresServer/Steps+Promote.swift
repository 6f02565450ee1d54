internal import Cluster
internal import Glibc
internal import Logging

extension Steps {
  /// Makes the standby the primary without losing what it received. Once it no longer receives, no commit on
  /// the old primary can be acknowledged any more: this is what keeps two primaries apart, not a clock.
  func promote(_ action: DatabaseAction, _ tools: Tools) async throws {
    _ = try await identifiedData(action, tools)
    let deaf = ServerSettings.Role.standby(upstream: nil)
    if ServerProcess.running(in: folder.data) == nil {
      guard folder.isMarkedAsStandby else {
        throw PostgresError.wrongRole(
          database: database,
          reason: "its data here is a former primary's, not a standby's: it cannot be promoted")
      }
      try configure(folder.data, for: action, role: deaf, owner: tools.owner)
      try await start(tools)
    }
    guard let server = try await runningServer() else { throw PostgresError.notRunning(database: database) }
    let connection = try Connection(to: server)
    if try connection.isInRecovery() {
      try configure(folder.data, for: action, role: deaf, owner: tools.owner)
      try await endReception(server, connection)
      try await awaitReplay(connection)
      try await leaveRecovery(connection)
    }
    try await settleAsPrimary(action, server, tools)
  }

  /// Ends the WAL receiver for good: without an upstream in its configuration no restart connects again.
  private func endReception(_ server: ServerProcess, _ connection: Connection) async throws {
    reload(server)
    try await awaitSetting("primary_conninfo", "", of: server)
    let began = ContinuousClock.now
    while let pid = try connection.walReceiver() {
      let waited = ContinuousClock.now - began
      // The startup process ends it only when it has replayed all there is; telling it directly is quicker.
      // One that was stopped (SIGSTOP) takes the signal when it goes on.
      kill(pid, SIGTERM)
      kill(pid, SIGCONT)
      guard waited < .seconds(5) else {
        throw PostgresError.timeout("the WAL receiver (pid \(pid)) of database \(database) does not end")
      }
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  /// Waits until what was received is replayed, as far as it goes forward. The promotion itself replays the
  /// rest before it ends: reception may have ended inside a record, which is never replayed.
  private func awaitReplay(_ connection: Connection) async throws {
    var last = try connection.receivedAndReplayed()
    var progressed = ContinuousClock.now
    logger.info("database \(database): received \(last.received), replayed \(last.replayed); promoting")
    while last.replayed < last.received, ContinuousClock.now - progressed < .milliseconds(100) {
      try await Task.sleep(for: .milliseconds(5))
      let position = try connection.receivedAndReplayed()
      if position.replayed > last.replayed { progressed = .now }
      last = position
    }
  }

  private func leaveRecovery(_ connection: Connection) async throws {
    _ = try connection.query("SELECT pg_promote(false)")
    let deadline = ContinuousClock.now + .seconds(60)
    while try connection.isInRecovery() {
      guard ContinuousClock.now < deadline else {
        throw PostgresError.timeout(
          "database \(database): still in recovery 60 s after its promotion; see \(folder.log)")
      }
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  private func settleAsPrimary(_ action: DatabaseAction, _ server: ServerProcess, _ tools: Tools) async throws
  {
    try configure(folder.data, for: action, role: .primary(synchronousStandby: nil), owner: tools.owner)
    reload(server)
    try await awaitSetting("synchronous_standby_names", "", of: server)
    requestCheckpoint(of: server)
  }

  /// Until the first checkpoint on the new timeline the control file still tells the old one, which misleads
  /// whoever compares the two servers. It may take long, and nobody waits for it.
  private func requestCheckpoint(of server: ServerProcess) {
    QueueExecutor.detach(label: "postgres.checkpoint.\(database)") { [logger, database] in
      do {
        _ = try Connection(to: server).query("CHECKPOINT", within: .seconds(600))
      } catch {
        logger.notice("database \(database): no checkpoint after the promotion yet: \(error)")
      }
    }
  }
}

extension Connection {
  fileprivate func walReceiver() throws -> pid_t? {
    // pg_stat_wal_receiver does not show one that is still connecting.
    try query("SELECT pid FROM pg_stat_activity WHERE backend_type = 'walreceiver'").first?.first
      .flatMap { $0 }.flatMap { pid_t($0) }
  }

  fileprivate func receivedAndReplayed() throws -> (received: LSN, replayed: LSN) {
    let row = try query(
      """
      SELECT coalesce(pg_last_wal_receive_lsn(), '0/0'),
        coalesce(pg_last_wal_replay_lsn(), '0/0')
      """
    ).first
    let positions = (row ?? []).map { $0.flatMap { LSN($0) } ?? LSN(0) }
    guard positions.count == 2 else { throw PostgresError.connectionFailed("an answer without positions") }
    return (positions[0], positions[1])
  }
}
