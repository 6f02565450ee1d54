internal import Cluster
internal import Logging
internal import Synchronization

extension Steps {
  /// Copies the primary's data beside what is there, and takes it into use only when it is whole.
  func clone(_ action: DatabaseAction, from upstream: DatabaseAction.Upstream, _ tools: Tools) async throws {
    try check(standbyName: upstream.standbyName)
    // Refuses a running primary before anything is copied over the network.
    _ = try await startedStandby()
    if isFreshCopy(for: upstream, action) { return }
    let target = folder.cloning
    try ServerProcess.kill(allIn: target)
    try Folder.remove(target)
    try Folder.make(target, mode: 0o700, owner: tools.owner)
    // Certificates are needed to connect.
    let role = ServerSettings.Role.standby(upstream: upstream)
    let settings = settings(action, role: role)
    try copyCertificates(owner: tools.owner)
    do {
      try await copy(from: upstream, to: target, settings, tools)
    } catch {
      // The tool has a second process, which outlives it by a moment and would still write here.
      try ServerProcess.kill(allIn: target)
      // The next attempt begins anew, and until then the disk has better uses.
      try? Folder.remove(target)
      throw error
    }
    try await finish(target, action, role, tools)
    // It served what it had while the copy was made.
    if try await startedStandby() != nil { try await stop() }
    try ServerProcess.kill(allIn: folder.data)
    try folder.adopt(target, epoch: action.epoch, timestamp: timestamp())
    try folder.removeOldKept()
    logger.info("database \(database): cloned from \(upstream.address):\(upstream.port)")
  }

  /// A copy for this very standby that no server has run on yet: the step was carried out before.
  private func isFreshCopy(for upstream: DatabaseAction.Upstream, _ action: DatabaseAction) -> Bool {
    guard folder.isMarkedAsStandby, DurableFile.text(folder.data + "/backup_label") != nil else {
      return false
    }
    let expected = try? settings(action, role: .standby(upstream: upstream)).text()
    return expected != nil && DurableFile.text(folder.data + "/tercet.conf") == expected
  }

  private func copy(
    from upstream: DatabaseAction.Upstream, to target: String, _ settings: ServerSettings, _ tools: Tools
  ) async throws {
    // A copy must never count as the standby that commits wait for.
    var source = upstream
    source.standbyName = "tercet_copy"
    let progress = ProgressLog(logger: logger, database: database)
    try await tools.run(
      "pg_basebackup",
      [
        "--pgdata", target, "--dbname", settings.connectionText(to: source), "--wal-method", "stream",
        "--slot", slotName(for: upstream.standbyName), "--checkpoint", "fast", "--progress", "--no-password",
      ], in: target
    ) { progress.note($0) }
  }

  private func finish(
    _ target: String, _ action: DatabaseAction, _ role: ServerSettings.Role, _ tools: Tools
  ) async throws {
    let found = try await tools.controlData(of: target).systemIdentifier
    if let expected = action.systemIdentifier, expected != found {
      throw PostgresError.foreignData(folder: target, expected: expected, found: found)
    }
    try configure(target, for: action, role: role, owner: tools.owner)
    try DurableFile.remove(target + "/tercet.initialized")
    try DurableFile.write("", to: target + "/standby.signal", mode: 0o600, owner: tools.owner)
  }
}

/// Logs a copy's progress, at most each ten seconds.
private final class ProgressLog: Sendable {
  private let logger: Logger
  private let database: String
  private let last = Mutex<ContinuousClock.Instant?>(nil)

  init(logger: Logger, database: String) {
    self.logger = logger
    self.database = database
  }

  func note(_ line: String) {
    let isDue = last.withLock { last in
      let now = ContinuousClock.now
      if let last, now - last < .seconds(10) { return false }
      last = now
      return true
    }
    if isDue { logger.info("database \(database): copying: \(line)") }
  }
}
