import Cluster
import Raft

extension RandomValues {
  mutating func report() -> Report {
    var report = Report(
      description: nodeDescription(), process: uint(), sequence: uint(), appliedIndex: uint())
    report.tasks = list { $0.taskReport() }.sorted { $0.task < $1.task }
    report.databases = list { $0.databaseObservation() }
    report.caches = list { $0.cacheReport() }
    report.problems = texts()
    return report
  }

  mutating func taskReport() -> TaskReport { TaskReport(task: taskID(), name: text(), phase: taskPhase()) }

  mutating func taskPhase() -> TaskReport.Phase {
    switch below(6) {
    case 0: .preparing
    case 1: .starting
    case 2: .well
    case 3: .serving
    case 4: .unhealthy
    default: .ended(succeeded: bool(), message: text())
    }
  }

  mutating func databaseObservation() -> DatabaseObservation {
    DatabaseObservation(database: name(), data: databaseData(), server: databaseServer(), epoch: uint())
  }

  mutating func databaseData() -> DatabaseObservation.Data {
    if below(2) == 0 { return .absent }
    return .present(
      systemIdentifier: uint(), timeline: uint(), standby: bool(), shutdown: optional { $0.lsn() })
  }

  mutating func databaseServer() -> DatabaseObservation.Server {
    switch below(4) {
    case 0: .stopped
    case 1: .busy
    case 2:
      .primary(
        position: lsn(), synchronousStandby: optional { $0.text() }, standbys: list { $0.standby() })
    default:
      .standby(received: lsn(), replayed: lsn(), streaming: bool(), name: text(), upstream: text())
    }
  }

  mutating func standby() -> DatabaseObservation.Standby {
    DatabaseObservation.Standby(
      name: text(), isStreaming: bool(), isSynchronous: bool(), flushed: lsn())
  }

  mutating func cacheReport() -> CacheReport {
    CacheReport(
      cache: text(), isReachable: bool(), position: uint(), settled: optional { max(1, $0.uint() / 2) },
      bans: int(),
      counts: optional { CacheCounts(objects: $0.uint(), hits: $0.uint(), misses: $0.uint()) })
  }
}
