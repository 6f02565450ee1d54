internal import Cluster

extension Steps {
  /// Brings what a specification says of a running server into force; its part in replication stays.
  func configure(
    _ action: DatabaseAction, following upstream: DatabaseAction.Upstream?, _ tools: Tools
  ) async throws {
    if let upstream {
      try await configureStandby(action, upstream, tools)
    } else {
      try await configurePrimary(action, tools)
    }
  }

  private func configurePrimary(_ action: DatabaseAction, _ tools: Tools) async throws {
    let (server, connection) = try await connectToPrimary()
    let role = ServerSettings.Role.primary(
      synchronousStandby: standbyName(in: try connection.setting("synchronous_standby_names")))
    if try configure(folder.data, for: action, role: role, owner: tools.owner) { reload(server) }
    try setPassword(action.specification, connection)
    let waiting = try parametersThatWait(connection)
    guard waiting.isEmpty else {
      throw PostgresError.restartNeeded(database: database, parameters: waiting)
    }
  }

  /// A standby with lower limits than its primary's cannot be promoted: it is started anew, before its primary ever is.
  private func configureStandby(
    _ action: DatabaseAction, _ upstream: DatabaseAction.Upstream, _ tools: Tools
  ) async throws {
    try check(standbyName: upstream.standbyName)
    passwordInForce = nil
    guard let server = try await startedStandby() else {
      throw PostgresError.notRunning(database: database)
    }
    if try configure(folder.data, for: action, role: .standby(upstream: upstream), owner: tools.owner) {
      reload(server)
    }
    guard try !parametersThatWait(Connection(to: server)).isEmpty else { return }
    try await stop()
    try await start(tools)
  }

  /// The parameters in the server's file that only a new start brings into force.
  ///
  /// - Throws: `PostgresError.parameterRefused` when Postgres takes one not at all: with it, no server would start.
  private func parametersThatWait(_ connection: Connection) throws -> [String] {
    // Reading the file marks, in this session too, what waits for a start.
    let unsettled = try connection.query(
      "SELECT name, setting FROM pg_file_settings WHERE error IS NOT NULL ORDER BY name")
    let waiting = try connection.query("SELECT name FROM pg_settings WHERE pending_restart ORDER BY name")
      .compactMap { $0[0] }
    for row in unsettled {
      guard let name = row[0] else { continue }
      guard waiting.contains(where: { $0.lowercased() == name.lowercased() }) else {
        throw PostgresError.parameterRefused(
          name: name,
          reason: "Postgres does not take “\(row[1] ?? "")”; without a correction no server starts again")
      }
    }
    return waiting
  }

  /// Once for each password and life of this process: it is a new secret to Postgres every time.
  func setPassword(_ specification: DatabaseSpecification, _ connection: Connection) throws {
    let password = Password(owner: specification.owner, text: specification.password)
    guard passwordInForce != password else { return }
    let owner = try connection.quoted(identifier: specification.owner)
    if specification.password.isEmpty {
      _ = try connection.query("ALTER ROLE \(owner) PASSWORD NULL")
    } else {
      let verifier = try connection.scramVerifier(password: specification.password, user: specification.owner)
      _ = try connection.query("ALTER ROLE \(owner) PASSWORD \(connection.quoted(literal: verifier))")
    }
    passwordInForce = password
  }

  struct Password: Hashable {
    var owner: String
    var text: String
  }
}
