internal import Cluster
internal import Glibc
internal import Logging

extension Steps {
  /// Makes an empty database. All of it — roles included — is made under another name first, so that a data
  /// folder is never half initialized.
  func initialize(_ action: DatabaseAction, _ tools: Tools) async throws {
    if folder.isEmpty {
      guard action.systemIdentifier == nil else { throw PostgresError.noData(folder: folder.data) }
      try await makeData(action, tools)
    } else if let expected = action.systemIdentifier {
      let found = try await tools.controlData(of: folder.data).systemIdentifier
      guard found == expected else {
        throw PostgresError.foreignData(folder: folder.data, expected: expected, found: found)
      }
    } else if folder.initializedEpoch != action.epoch {
      throw PostgresError.dataInTheWay(folder: folder.data, reason: "it holds data from before")
    }
    try await startPrimary(action, synchronousStandby: nil, tools)
  }

  /// Starts the server as the primary, or sets the synchronous name of one that runs.
  func startPrimary(_ action: DatabaseAction, synchronousStandby standby: String?, _ tools: Tools)
    async throws
  {
    try check(standbyName: standby)
    _ = try await identifiedData(action, tools)
    if try await runningServer() == nil {
      guard !folder.isMarkedAsStandby else {
        throw PostgresError.wrongRole(
          database: database,
          reason: "its data here is a standby's; it can be promoted, not started as the primary")
      }
      try configure(
        folder.data, for: action, role: .primary(synchronousStandby: standby), owner: tools.owner)
      try await start(tools)
    }
    // A server that has just started has told its checkpointer, but only the barrier proves it.
    try await synchronize(action, standby: standby, tools)
  }

  /// Starts the server as a standby, or points a running standby to its upstream.
  func follow(_ action: DatabaseAction, _ upstream: DatabaseAction.Upstream, _ tools: Tools) async throws {
    try check(standbyName: upstream.standbyName)
    // It comes with the primary's data, and may change there.
    passwordInForce = nil
    let control = try await identifiedData(action, tools)
    let role = ServerSettings.Role.standby(upstream: upstream)
    if let server = try await startedStandby() {
      try configure(folder.data, for: action, role: role, owner: tools.owner)
      reload(server)
      return
    }
    if !folder.isMarkedAsStandby {
      guard control.isCleanlyShutDown else {
        throw PostgresError.wrongRole(
          database: database,
          reason:
            "its data here is a former primary's that was not shut down cleanly; it must be cloned anew to follow"
        )
      }
      try DurableFile.write("", to: folder.data + "/standby.signal", mode: 0o600, owner: tools.owner)
    }
    try configure(folder.data, for: action, role: role, owner: tools.owner)
    try await start(tools)
  }

  /// Starts the server on the data folder and waits until it is up.
  ///
  /// - Parameter overrides: settings for the command line, which win over the files.
  func start(_ tools: Tools, data: String? = nil, overrides: String = "") async throws {
    let data = data ?? folder.data
    // After a postmaster's violent end its children may live on and finish what they were doing.
    try ServerProcess.kill(allIn: data)
    try removeStaleLocks(data)
    let mark = ServerLog.mark(in: folder.log)
    let first = folder.log + "/start.log"
    try DurableFile.write("", to: first, mode: 0o640, owner: tools.owner)
    do {
      try await tools.run(
        "pg_ctl",
        [
          "start", "--silent", "--wait", "--timeout", String(configuration.startTimeout.components.seconds),
          "--pgdata", data, "--log", first, "--options", overrides,
        ], in: data)
    } catch PostgresError.toolFailed(_, _, let message) {
      if ServerProcess.running(in: data) != nil {
        throw PostgresError.stillStarting(database: database, folder: folder.log)
      }
      await untilLogIsWritten(data)
      let log = ServerLog.complaints(since: mark, in: folder.log)
      throw PostgresError.startFailed(database: database, log: log.isEmpty ? message : log)
    }
  }

  /// The process that writes a server's log outlives the server for a moment, in which the reason comes.
  private func untilLogIsWritten(_ data: String) async {
    let deadline = ContinuousClock.now + .seconds(2)
    while !ServerProcess.all(in: data).isEmpty, ContinuousClock.now < deadline, !Task.isCancelled {
      try? await Task.sleep(for: .milliseconds(10))
    }
  }

  /// A standby that is up or recovering; nil when no server runs.
  func startedStandby() async throws -> ServerProcess? {
    guard let server = ServerProcess.running(in: folder.data) else { return nil }
    // One that recovers takes no connections yet; the folder's mark tells what it is.
    if server.status == "standby" || (server.status == "starting" && folder.isMarkedAsStandby) {
      return server
    }
    guard let server = try await runningServer() else { return nil }
    guard try Connection(to: server).isInRecovery() else {
      throw PostgresError.wrongRole(
        database: database,
        reason: "its server here runs as a primary; it must be stopped before it can follow")
    }
    return server
  }

  func check(standbyName name: String?) throws {
    guard let name else { return }
    let isPlain = name.utf8.allSatisfy { byte in
      UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
        || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || byte == UInt8(ascii: "_")
    }
    // Postgres cuts names at 63 bytes, and a cut name would count for another standby.
    guard isPlain, 1...63 ~= name.utf8.count else {
      throw PostgresError.invalid(
        field: "the standby name “\(name)”",
        reason: "must be 1 to 63 letters, digits or “_”; shorten the node's name")
    }
  }

  /// No server works here: what says otherwise holds a pid that is another process's by now, or a zombie's,
  /// and would keep Postgres from starting.
  private func removeStaleLocks(_ data: String) throws {
    try DurableFile.remove(data + "/postmaster.pid")
    for name in Folder.names(in: folder.run) where name.hasPrefix(".s.PGSQL.") {
      try DurableFile.remove(folder.run + "/" + name)
    }
  }

  // MARK: A new database

  private func makeData(_ action: DatabaseAction, _ tools: Tools) async throws {
    let target = folder.initializing
    try ServerProcess.kill(allIn: target)
    try Folder.remove(target)
    try Folder.make(target, mode: 0o700, owner: tools.owner)
    try await tools.run(
      "initdb",
      [
        "--pgdata", target, "--username", "postgres", "--encoding", "UTF8", "--locale", "C.UTF-8",
        "--data-checksums", "--auth-local", "peer", "--auth-host", "scram-sha-256", "--no-instructions",
      ], in: target)
    try configure(target, for: action, role: .primary(synchronousStandby: nil), owner: tools.owner)
    // Nobody but this process may see the database before it is whole.
    try await start(tools, data: target, overrides: "-c listen_addresses=")
    guard let server = ServerProcess.running(in: target) else {
      throw PostgresError.notRunning(database: database)
    }
    try makeRoles(action.specification, Connection(to: server, within: .seconds(5)))
    try await shutDown(server, in: target)
    try DurableFile.write(
      "\(action.epoch)\n", to: target + "/tercet.initialized", mode: 0o600, owner: tools.owner)
    if Folder.exists(folder.data) { try Folder.remove(folder.data) }
    try Folder.move(target, to: folder.data)
    logger.info("database \(database): initialized \(folder.data)")
  }

  private func makeRoles(_ specification: DatabaseSpecification, _ connection: Connection) throws {
    let owner = try connection.quoted(identifier: specification.owner)
    _ = try connection.query("CREATE ROLE \(replicationRole) LOGIN REPLICATION")
    _ = try connection.query("CREATE ROLE \(owner) LOGIN")
    try setPassword(specification, connection)
    let name = try connection.quoted(identifier: specification.name)
    let verb =
      specification.name == "postgres" ? "ALTER DATABASE \(name) OWNER TO" : "CREATE DATABASE \(name) OWNER"
    _ = try connection.query("\(verb) \(owner)", within: .seconds(60))
  }
}
