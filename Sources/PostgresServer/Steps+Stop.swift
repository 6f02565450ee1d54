internal import Glibc
internal import Logging

extension Steps {
  /// Shuts the server down. Afterwards no process of it is left, whatever it took.
  func stop() async throws {
    if let server = ServerProcess.running(in: folder.data) {
      writeCheckpoint(of: server)
      try await shutDown(server, in: folder.data)
    } else {
      try ServerProcess.kill(allIn: folder.data)
    }
  }

  /// Makes the shutdown checkpoint short. A server that does not answer is shut down all the same.
  private func writeCheckpoint(of server: ServerProcess) {
    do {
      let connection = try Connection(to: server)
      _ = try connection.query("CHECKPOINT", within: .seconds(30))
    } catch {
      logger.notice("database \(database): no checkpoint before the stop: \(error)")
    }
  }

  /// Disconnects all clients, writes the shutdown checkpoint and waits for the end; ends it hard, and says so,
  /// when that takes too long.
  func shutDown(_ server: ServerProcess, in data: String) async throws {
    server.signal(SIGINT)
    let began = ContinuousClock.now
    while let server = ServerProcess.running(in: data) {
      let waited = ContinuousClock.now - began
      // One that has not even taken note is frozen: its clients must not wait for the longer limit.
      let limit =
        server.status == "stopping" ? configuration.stopTimeout : min(.seconds(5), configuration.stopTimeout)
      if waited > limit {
        try await endHard(server, in: data)
        throw PostgresError.stoppedHard(
          database: database,
          reason: server.status == "stopping"
            ? "not done after \(limit)" : "no reaction within \(limit), as if frozen")
      }
      try await Task.sleep(for: .milliseconds(10))
    }
    try ServerProcess.kill(allIn: data)
  }

  private func endHard(_ server: ServerProcess, in data: String) async throws {
    server.signal(SIGQUIT)
    let deadline = ContinuousClock.now + .seconds(2)
    while !ServerProcess.all(in: data).isEmpty, ContinuousClock.now < deadline {
      try await Task.sleep(for: .milliseconds(10))
    }
    try ServerProcess.kill(allIn: data)
  }
}
