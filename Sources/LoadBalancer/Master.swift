import NIOCore

/// HAProxy's master process, which replaces its worker on a reload (management guide, "Master CLI").
struct Master: Sendable {
  let socket: RuntimeSocket

  /// What `show proc` tells.
  struct Processes: Hashable {
    /// Since the master was started.
    var reloads = 0
    /// In a row, up to now.
    var failedReloads = 0
    var oldWorkers: [Int] = []
  }

  /// Starts a new worker with the file's configuration and waits until it is there.
  ///
  /// The answer to `reload` does not tell how it went before HAProxy 2.7: the master's counters do.
  func reload() async throws(LoadBalancerError) {
    let before = try await processes()
    _ = try await socket.ask("reload")
    let deadline = NIODeadline.now() + .milliseconds(Int64(socket.timeoutMilliseconds))
    while NIODeadline.now() < deadline {
      // The master starts itself anew and cannot be asked for a moment.
      if let now = try? await processes() {
        if now.failedReloads > before.failedReloads { throw .reloadFailed(socket: socket.path) }
        if now.reloads > before.reloads { return }
      }
      await pause(milliseconds: 10)
    }
    throw .timedOut(socket: socket.path, milliseconds: socket.timeoutMilliseconds)
  }

  /// The servers of workers that were replaced and still have requests.
  func serversOfOldWorkers() async throws(LoadBalancerError) -> [ServerState] {
    var servers: [ServerState] = []
    for worker in try await processes().oldWorkers {
      let answer = try await socket.ask("@!\(worker) \(ServerState.question)")
      // A worker may end between the two questions.
      servers += (try? ServerState.read(answer, from: socket.path)) ?? []
    }
    return servers
  }

  private func processes() async throws(LoadBalancerError) -> Processes {
    let answer = try await socket.ask("show proc")
    guard let processes = Processes(answer) else { throw .unexpectedAnswer(socket: socket.path, answer) }
    return processes
  }
}

extension Master.Processes {
  /// Reads a table of lines such as
  ///
  ///     29402   master   1 [failed: 0]   0d00h00m03s   2.6.12
  ///     # old workers
  ///     29430   worker   1               0d00h00m03s   2.6.12
  init?(_ table: String) {
    var hasMaster = false
    var areOld = false
    for line in table.split(separator: "\n") {
      if line.hasPrefix("#") { areOld = line.hasPrefix("# old workers") }
      let words = line.split(whereSeparator: { " []".contains($0) })
      guard words.count > 2, let process = Int(words[0]) else { continue }
      if words[1] == "master" {
        hasMaster = true
        reloads = Int(words[2]) ?? 0
        failedReloads = words.count > 4 && words[3] == "failed:" ? Int(words[4]) ?? 0 : 0
      } else if areOld {
        oldWorkers.append(process)
      }
    }
    if !hasMaster { return nil }
  }
}
