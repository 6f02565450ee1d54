internal import Cluster
internal import Dispatch
internal import Glibc

/// Looks at one database of this node, on a thread of its own: neither a frozen server nor a long step keeps
/// it from looking.
actor Observer {
  private let database: String
  private let folder: DatabaseFolder
  private let configuration: PostgresServer.Configuration
  private nonisolated let executor: QueueExecutor
  /// Kept from look to look: a new connection costs the server a process.
  private var connection: (server: ServerProcess.Identity, connection: Connection)?
  /// What the control file said when it had this state.
  private var control: (state: FileState, shutdown: LSN?, data: ControlData)?

  private var tidiedAt: ContinuousClock.Instant?
  /// The signs when the last look began.
  private var signAtLook: Sign?
  /// A server that was ready, and the state of the file that told so: need not be read again. Its end rings the bell.
  private var ready: (file: FileState, server: ServerProcess, end: ProcessEnd?)?
  private nonisolated let bell = DispatchSemaphore(value: 0)

  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  init(database: String, configuration: PostgresServer.Configuration) {
    self.database = database
    self.configuration = configuration
    folder = DatabaseFolder(dataFolder: configuration.dataFolder, database: database)
    executor = QueueExecutor(label: "postgres.observer.\(database)")
  }

  /// Waits until another look is worth it: a server has come or gone since the last, someone woke this, or the time
  /// is over. A server that is ready tells of its end; else this looks for signs ten times a second, on its own thread:
  /// asleep in a task, each of these would wake three threads. Meanwhile it answers nobody else: who wants something of
  /// it wakes it.
  func rest(atMost limit: Duration) {
    let end = ContinuousClock.now + limit
    while ContinuousClock.now < end {
      let step = ready?.end == nil ? .milliseconds(100) : end - .now
      if bell.wait(timeout: .now() + .nanoseconds(Int(step / .nanoseconds(1)))) == .success {
        // One look serves all who rang.
        while bell.wait(timeout: .now()) == .success {}
        return
      }
      if sign() != signAtLook { return }
    }
  }

  /// Ends the present rest, or the next.
  nonisolated func wake() { bell.signal() }

  /// What changes when a server comes or goes.
  private func sign() -> Sign {
    Sign(
      server: runningServer(), isMarkedAsStandby: folder.isMarkedAsStandby,
      isPresent: Folder.exists(folder.data))
  }

  private func runningServer() -> ServerProcess? {
    let file = FileState(folder.data + "/postmaster.pid")
    if let ready, ready.file == file, ready.server.works(in: folder.data) { return ready.server }
    let server = ServerProcess.running(in: folder.data)
    ready = nil
    if let file, let server, server.status == "ready" {
      let end = ProcessEnd(of: server.pid) { [bell] in bell.signal() }
      // It may have ended before, and its number be another process's.
      if server.works(in: folder.data) { ready = (file, server, end) }
    }
    return server
  }

  private struct Sign: Hashable, Sendable {
    var server: ServerProcess?
    var isMarkedAsStandby: Bool
    var isPresent: Bool
  }

  /// The database as it is now. Throws when it cannot be told, as with a damaged data folder.
  func look() async throws -> DatabaseObservation {
    signAtLook = sign()
    try tidy()
    let epoch = try folder.epoch()
    func observation(
      _ data: DatabaseObservation.Data, _ server: DatabaseObservation.Server
    ) -> DatabaseObservation {
      DatabaseObservation(database: database, data: data, server: server, epoch: epoch)
    }
    guard !folder.isEmpty else {
      connection = nil
      return observation(.absent, .stopped)
    }
    guard let server = ServerProcess.running(in: folder.data) else {
      connection = nil
      let isFree = ServerProcess.all(in: folder.data).isEmpty
      return observation(try await storedData(isStopped: isFree), isFree ? .stopped : .busy)
    }
    if server.status == "ready", let state = answer(of: server) {
      let data = DatabaseObservation.Data.present(
        systemIdentifier: state.systemIdentifier, timeline: state.timeline,
        standby: folder.isMarkedAsStandby, shutdown: nil)
      return observation(data, state.server)
    }
    return observation(try await storedData(isStopped: false), .busy)
  }

  private func tidy() throws {
    let now = ContinuousClock.now
    if let tidiedAt, now - tidiedAt < .seconds(600) { return }
    tidiedAt = now
    try folder.removeOldLogs()
  }

  func close() { connection = nil }

  /// The server's own words; nil when it does not answer in time, or refuses.
  private func answer(of server: ServerProcess) -> ServerState? {
    do {
      let present: Connection
      if let connection, connection.server == server.identity {
        present = connection.connection
      } else {
        present = try Connection(to: server)
        connection = (server.identity, present)
      }
      let rows = try present.query(ServerState.query, within: .seconds(1))
      return try ServerState(rows) { folder.hasPassedBarrier($0, of: server) }
    } catch {
      connection = nil
      return nil
    }
  }

  /// What the control file tells, read again only when it has changed.
  private func storedData(isStopped: Bool) async throws -> DatabaseObservation.Data {
    let path = folder.data + "/global/pg_control"
    guard let state = FileState(path) else {
      throw PostgresError.unreadableData(
        folder: folder.data, reason: "it has no control file (global/pg_control)")
    }
    let tools = Tools(binaries: configuration.binaries, owner: try Tools.owner(user: configuration.user))
    if control?.state != state {
      let data = try await tools.controlData(of: folder.data)
      let shutdown = data.isCleanlyShutDown ? try await tools.endOfShutdown(data, in: folder.data) : nil
      control = (state, shutdown, data)
    }
    guard let control else { throw PostgresError.noData(folder: folder.data) }
    return .present(
      systemIdentifier: control.data.systemIdentifier, timeline: control.data.timeline,
      standby: folder.isMarkedAsStandby, shutdown: isStopped ? control.shutdown : nil)
  }
}

/// Tells two contents of a file apart without reading it.
struct FileState: Hashable, Sendable {
  var inode: UInt64
  var seconds: Int
  var nanoseconds: Int

  init?(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    inode = UInt64(status.st_ino)
    seconds = status.st_mtim.tv_sec
    nanoseconds = status.st_mtim.tv_nsec
  }
}

extension ServerProcess {
  struct Identity: Hashable, Sendable {
    var pid: pid_t
    var started: String
  }

  var identity: Identity { Identity(pid: pid, started: started) }
}

extension Tools {
  /// The end of the shutdown checkpoint's record. A standby that has received so much has everything; nil when
  /// the record cannot be read.
  func endOfShutdown(_ control: ControlData, in folder: String) async throws -> LSN? {
    let output: String
    do {
      output = try await run(
        "pg_waldump",
        [
          "--path", folder + "/pg_wal", "--timeline", String(control.timeline), "--start",
          control.checkpoint.description, "--limit", "1",
        ], in: "/")
    } catch PostgresError.toolFailed {
      return nil
    }
    // rmgr: XLOG        len (rec/tot):    114/   114, tx: …, desc: CHECKPOINT_SHUTDOWN …
    guard output.contains("CHECKPOINT_SHUTDOWN"),
      let slash = output.range(ofFirst: "/", after: "len (rec/tot):"),
      let bytes = UInt64(output[slash...].drop { $0 == " " }.prefix { $0.isNumber })
    else { return nil }
    return endOfRecord(at: control.checkpoint, bytes: bytes, walSegmentBytes: control.walSegmentBytes)
  }
}

extension String {
  /// The index after the first occurrence of a character behind a marker.
  fileprivate func range(ofFirst character: Character, after marker: String) -> Index? {
    guard let start = firstRange(of: marker)?.upperBound, let found = self[start...].firstIndex(of: character)
    else { return nil }
    return index(after: found)
  }
}
