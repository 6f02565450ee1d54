public import Cluster
internal import Glibc
public import Logging
internal import Synchronization

/// PostgresServer: the driver of a node's database servers. It carries out database actions and reports what
/// it observes; who is the primary, and when, is decided elsewhere.
///
/// Servers are nobody's children: they run on when this process ends, however it ends, and the next one finds
/// them through the `postmaster.pid` of their data folders. Only an action starts one.
public final class PostgresServer: Sendable {
  private let configuration: Configuration
  private let logger: Logger
  private let shared = Mutex(Shared())

  private struct Shared {
    var databases: [String: Watched] = [:]
    var report: (@Sendable (Observation) -> Void)?
    /// Told when a database is added.
    var additions: AsyncStream<Void>.Continuation?
    var isHurried = false
    var hasShutDown = false
    /// Reported last as the reason why nothing can be told of a database.
    var trouble: [String: String] = [:]
  }

  /// A database of this node. `last` is the newest step, done or not: the next one waits for it.
  private struct Watched {
    var steps: Steps
    var observer: Observer
    var filter = ReportFilter()
    var last: (epoch: UInt64, task: Task<ActionResult, Never>)?
    var running = 0
    var actedAt: ContinuousClock.Instant?
  }

  /// Makes the data folder when only it is missing.
  public init(configuration: Configuration, logger: Logger) {
    var configuration = configuration
    mkdir(configuration.dataFolder, 0o755)
    // Servers are found by the kernel's name of their folder, which has no links in it.
    if let path = realpath(configuration.dataFolder, nil) {
      configuration.dataFolder = String(cString: path)
      free(path)
    }
    self.configuration = configuration
    self.logger = logger
  }

  /// Makes these databases observed, in addition to those that have a folder or were acted on.
  public func watch(_ databases: [String]) {
    for database in databases { _ = watched(database) }
  }

  /// While hurried, each database is looked at every 20 ms: for moments in which others wait for what it says.
  public func hurry(_ isHurried: Bool) {
    let observers = shared.withLock { shared -> [Observer] in
      defer { shared.isHurried = isHurried }
      return isHurried && !shared.isHurried ? shared.databases.values.map(\.observer) : []
    }
    for observer in observers { observer.wake() }
  }

  /// Observes all databases and reports each change until cancelled.
  public func run(_ report: @escaping @Sendable (Observation) -> Void) async {
    let (additions, added) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    shared.withLock { shared in
      shared.report = report
      shared.additions = added
    }
    watch(Folder.names(in: configuration.dataFolder).filter { isDatabaseFolder($0) })
    reportMissingTools()
    // For those that were there before.
    added.yield()
    await withDiscardingTaskGroup { group in
      var observed: Set<String> = []
      for await _ in additions {
        let databases = shared.withLock { $0.databases.keys.sorted() }
        for database in databases where observed.insert(database).inserted {
          group.addTask { await self.observe(database) }
        }
      }
    }
    shared.withLock { shared in
      shared.report = nil
      shared.additions = nil
    }
  }

  /// Carries out one action. Those on one database wait for each other; one of a higher epoch ends what is
  /// under way for a lower one. The observation of its effect is reported before the result is returned.
  public func perform(_ action: DatabaseAction) async -> ActionResult {
    guard isValidName(action.specification.name) else {
      return .failed("“\(action.specification.name)” is not a valid name for a database")
    }
    let task = enqueue(action)
    return await withTaskCancellationHandler {
      await task.value
    } onCancel: {
      task.cancel()
    }
  }

  /// Ends what is under way and closes all connections. The servers run on: an upgrade of the manager must not
  /// stop the databases.
  public func shutdown() async {
    let databases = shared.withLock { shared in
      shared.hasShutDown = true
      return Array(shared.databases.values)
    }
    for database in databases { database.last?.task.cancel() }
    for database in databases {
      _ = await database.last?.task.value
      database.observer.wake()
      await database.observer.close()
    }
  }

  // MARK: Actions

  private func enqueue(_ action: DatabaseAction) -> Task<ActionResult, Never> {
    let name = action.specification.name
    let steps = watched(name).steps
    return shared.withLock { shared in
      let previous = shared.databases[name]?.last
      if let previous, previous.epoch < action.epoch { previous.task.cancel() }
      let hasShutDown = shared.hasShutDown
      let task = Task {
        _ = await previous?.task.value
        if hasShutDown { return ActionResult.failed("\(PostgresError.overtaken(database: name))") }
        return await self.carryOut(action, steps)
      }
      shared.databases[name]?.last = (action.epoch, task)
      return task
    }
  }

  private func carryOut(_ action: DatabaseAction, _ steps: Steps) async -> ActionResult {
    let name = action.specification.name
    note(name) { $0.running += 1 }
    let result: ActionResult
    do {
      try await steps.perform(action)
      result = .done
    } catch is CancellationError {
      result = .failed("\(PostgresError.overtaken(database: name))")
    } catch {
      result = .failed(Task.isCancelled ? "\(PostgresError.overtaken(database: name))" : "\(error)")
    }
    note(name) {
      $0.running -= 1
      $0.actedAt = .now
      // What the step left behind is reported even if nothing changed: others count from this very position.
      $0.filter.forget()
    }
    await look(at: name)
    return result
  }

  private func note(_ database: String, _ change: (inout Watched) -> Void) {
    let observer = shared.withLock { shared -> Observer? in
      guard var watched = shared.databases[database] else { return nil }
      change(&watched)
      shared.databases[database] = watched
      return watched.observer
    }
    observer?.wake()
  }

  // MARK: Observation

  private func watched(_ database: String) -> Watched {
    shared.withLock { shared in
      if let watched = shared.databases[database] { return watched }
      let watched = Watched(
        steps: Steps(database: database, configuration: configuration, logger: logger),
        observer: Observer(database: database, configuration: configuration))
      shared.databases[database] = watched
      shared.additions?.yield()
      return watched
    }
  }

  private func isDatabaseFolder(_ name: String) -> Bool {
    let folder = DatabaseFolder(dataFolder: configuration.dataFolder, database: name)
    return isValidName(name) && (Folder.exists(folder.data) || Folder.exists(folder.run))
  }

  /// Looks each second while all is quiet, and at once when a server comes or goes.
  private func observe(_ database: String) async {
    let observer = watched(database).observer
    while !Task.isCancelled {
      await look(at: database)
      if isHurried(database) {
        try? await Task.sleep(for: .milliseconds(20))
      } else {
        await withTaskCancellationHandler {
          await observer.rest(atMost: .seconds(1))
        } onCancel: {
          observer.wake()
        }
      }
    }
  }

  private func isHurried(_ database: String) -> Bool {
    shared.withLock { shared in
      guard let watched = shared.databases[database] else { return shared.isHurried }
      let now = ContinuousClock.now
      let moments = [watched.actedAt, watched.filter.changedAt].compactMap { $0 }
      return shared.isHurried || watched.running > 0 || moments.contains { now - $0 < .seconds(3) }
    }
  }

  private func look(at database: String) async {
    do {
      let observation = try await watched(database).observer.look()
      publish(observation)
    } catch is CancellationError {
      // Nobody listens any more.
    } catch {
      publish(trouble: "\(error)", with: database)
    }
  }

  private func publish(_ observation: DatabaseObservation) {
    let interval: Duration = isHurried(observation.database) ? .milliseconds(50) : .milliseconds(500)
    let report = shared.withLock { shared -> (@Sendable (Observation) -> Void)? in
      guard let report = shared.report, var watched = shared.databases[observation.database] else {
        return nil
      }
      if shared.trouble.removeValue(forKey: observation.database) != nil { watched.filter.forget() }
      let isDue = watched.filter.isWorthReporting(observation, at: .now, progressInterval: interval)
      shared.databases[observation.database] = watched
      return isDue ? report : nil
    }
    report?(.database(observation))
  }

  private func publish(trouble: String, with database: String) {
    let report = shared.withLock { shared -> (@Sendable (Observation) -> Void)? in
      if shared.trouble.updateValue(trouble, forKey: database) == trouble { return nil }
      // The word is about all databases of the node: what is known of the others is said again.
      for name in shared.databases.keys { shared.databases[name]?.filter.forget() }
      return shared.report
    }
    guard let report else { return }
    logger.error("database \(database): \(trouble)")
    report(.unavailable(.databases, reason: trouble))
  }

  private func reportMissingTools() {
    let path = configuration.binaries + "/postgres"
    guard access(path, X_OK) != 0 else { return }
    let reason = PostgresError.toolMissing(path: path).description
    logger.error("\(reason)")
    let report = shared.withLock { $0.report }
    report?(.unavailable(.databases, reason: reason))
  }
}
