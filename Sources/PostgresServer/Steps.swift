internal import Cluster
internal import Glibc
internal import Logging

/// Carries out the steps on one database, one at a time. Each may have been carried out before, in whole or in
/// part, by this process or one that was killed: it looks at what is there and does the rest.
actor Steps {
  let database: String
  let folder: DatabaseFolder
  let configuration: PostgresServer.Configuration
  let logger: Logger
  /// Set on this node's server, as long as it is the primary.
  var passwordInForce: Password?
  private nonisolated let executor: QueueExecutor

  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  init(database: String, configuration: PostgresServer.Configuration, logger: Logger) {
    self.database = database
    self.configuration = configuration
    self.logger = logger
    folder = DatabaseFolder(dataFolder: configuration.dataFolder, database: database)
    executor = QueueExecutor(label: "postgres.steps.\(database)")
  }

  /// Carries out one step. The caller sees to it that no other one is under way.
  func perform(_ action: DatabaseAction) async throws {
    try check(action.specification)
    let owner = try Tools.owner(user: configuration.user)
    try prepareFolder(owner: owner)
    try folder.admit(epoch: action.epoch, of: database)
    let tools = Tools(binaries: configuration.binaries, owner: owner)
    switch action.step {
    case .initialize: try await initialize(action, tools)
    case .startPrimary(let standby): try await startPrimary(action, synchronousStandby: standby, tools)
    case .clone(let upstream): try await clone(action, from: upstream, tools)
    case .follow(let upstream): try await follow(action, upstream, tools)
    case .admit(let standby): try await admit(action, standby: standby, tools)
    case .synchronize(let standby): try await synchronize(action, standby: standby, tools)
    case .configure(let upstream): try await configure(action, following: upstream, tools)
    case .stop: try await stop()
    case .promote: try await promote(action, tools)
    }
  }

  // MARK: What most steps need

  /// The state in the data folder. Throws when there is none or it belongs to another database.
  func identifiedData(_ action: DatabaseAction, _ tools: Tools) async throws -> ControlData {
    guard !folder.isEmpty else { throw PostgresError.noData(folder: folder.data) }
    let control = try await tools.controlData(of: folder.data)
    if let expected = action.systemIdentifier, expected != control.systemIdentifier {
      throw PostgresError.foreignData(
        folder: folder.data, expected: expected, found: control.systemIdentifier)
    }
    return control
  }

  /// The server that runs on the data, once it has come up.
  func runningServer() async throws -> ServerProcess? {
    let deadline = ContinuousClock.now + configuration.startTimeout
    while let server = ServerProcess.running(in: folder.data) {
      if server.status == "ready" { return server }
      guard ContinuousClock.now < deadline else {
        throw PostgresError.stillStarting(database: database, folder: folder.log)
      }
      try await Task.sleep(for: .milliseconds(10))
    }
    return nil
  }

  /// A connection to the running primary.
  func connectToPrimary() async throws -> (ServerProcess, Connection) {
    guard let server = try await runningServer() else { throw PostgresError.notRunning(database: database) }
    let connection = try Connection(to: server, within: .seconds(5))
    guard try !connection.isInRecovery() else {
      throw PostgresError.wrongRole(
        database: database, reason: "its server here is a standby, not the primary")
    }
    return (server, connection)
  }

  private func check(_ specification: DatabaseSpecification) throws {
    guard isValidName(specification.name) else {
      throw PostgresError.invalid(
        field: "the database name “\(specification.name)”",
        reason: "must be 1 to 63 letters, digits, “-”, “_” or “.”")
    }
    if let reason = specification.complaint {
      throw PostgresError.invalid(field: "database \(specification.name):", reason: reason)
    }
    guard 1...65_535 ~= specification.port else {
      throw PostgresError.invalid(
        field: "the port of database \(specification.name)", reason: "must be between 1 and 65535")
    }
    let socket = folder.run + "/.s.PGSQL.\(specification.port)"
    guard socket.utf8.count <= 107 else {
      throw PostgresError.invalid(
        field: "the data folder \(configuration.dataFolder)",
        reason: "is too long: the socket \(socket) may have 107 bytes; choose a shorter folder")
    }
  }

  private func prepareFolder(owner: Owner?) throws {
    try folder.make(owner: owner)
    guard let owner else { return }
    var parent = ""
    for part in folder.path.split(separator: "/") {
      parent += "/" + part
      var status = stat()
      guard stat(parent, &status) == 0 else {
        throw PostgresError.file(operation: "look at", path: parent, code: errno)
      }
      let bit: mode_t =
        status.st_uid == owner.user ? S_IXUSR : status.st_gid == owner.group ? S_IXGRP : S_IXOTH
      guard status.st_mode & bit != 0 else {
        throw PostgresError.folderClosed(folder: parent, user: configuration.user ?? "\(owner.user)")
      }
    }
  }
}

extension Tools {
  /// Reads a data folder's control file.
  func controlData(of folder: String) async throws -> ControlData {
    let output: String
    do {
      output = try await run("pg_controldata", ["-D", folder], in: "/")
    } catch PostgresError.toolFailed(_, _, let message) {
      throw PostgresError.unreadableData(folder: folder, reason: message)
    }
    guard !output.contains("WARNING: Calculated CRC checksum does not match"),
      let control = ControlData(output)
    else {
      throw PostgresError.unreadableData(folder: folder, reason: "its control file is damaged")
    }
    return control
  }
}

extension Connection {
  func isInRecovery() throws -> Bool { try query("SELECT pg_is_in_recovery()").first?.first == "t" }

  func setting(_ name: String) throws -> String {
    try query("SELECT current_setting($1)", [name]).first?.first.flatMap { $0 } ?? ""
  }
}
