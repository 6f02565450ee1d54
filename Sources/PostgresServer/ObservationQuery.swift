internal import Cluster

/// A running server's state, by one query.
struct ServerState: Hashable, Sendable {
  var systemIdentifier: UInt64
  var timeline: UInt64
  var server: DatabaseObservation.Server

  /// One row for each connected standby, or one without.
  static let query = """
    SELECT pg_is_in_recovery(),
      (SELECT system_identifier FROM pg_control_system()),
      CASE WHEN pg_is_in_recovery() THEN greatest(
          (SELECT timeline_id FROM pg_control_checkpoint()),
          (SELECT min_recovery_end_timeline FROM pg_control_recovery()),
          (SELECT received_tli FROM pg_stat_wal_receiver))
        ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END,
      CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END,
      greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()),
      (SELECT status = 'streaming' FROM pg_stat_wal_receiver),
      current_setting('synchronous_standby_names'),
      current_setting('primary_conninfo'),
      application_name, state = 'streaming', sync_state IN ('sync', 'quorum'), flush_lsn
    FROM (SELECT) AS one LEFT JOIN pg_stat_replication ON application_name LIKE 'tercet\\_%\\_%'
    ORDER BY application_name
    """

  /// - Parameter hasPassedBarrier: whether every commit is known to wait for the standby of that name.
  init(_ rows: [Connection.Row], hasPassedBarrier: (String) -> Bool) throws {
    guard let row = rows.first, row.count == 12, let identifier = row[1].flatMap({ UInt64($0) }),
      let timeline = row[2].flatMap({ UInt64($0) })
    else { throw PostgresError.connectionFailed("an answer of unknown form") }
    systemIdentifier = identifier
    self.timeline = timeline
    let position = row[3].flatMap { LSN($0) } ?? LSN(0)
    guard row[0] != "t" else {
      let upstream = ConnectionText.parse(row[7] ?? "")
      server = .standby(
        received: row[4].flatMap { LSN($0) } ?? position, replayed: position, streaming: row[5] == "t",
        name: upstream["application_name"] ?? "", upstream: upstream["host"] ?? "")
      return
    }
    // A name that is set but not yet proven to be in force protects nothing.
    let synchronous = standbyName(in: row[6] ?? "").flatMap { hasPassedBarrier($0) ? $0 : nil }
    let standbys = rows.compactMap { row in
      row[8].map { name in
        DatabaseObservation.Standby(
          name: name, isStreaming: row[9] == "t", isSynchronous: row[10] == "t",
          flushed: row[11].flatMap { LSN($0) } ?? LSN(0))
      }
    }
    server = .primary(position: position, synchronousStandby: synchronous, standbys: standbys)
  }
}
