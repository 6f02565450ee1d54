import Cluster
import Raft
import WireFormat

extension RandomValues {
  mutating func task() -> Task {
    Task(
      id: taskID(), service: serviceName(), slot: int(), node: name(), revision: uint(), attempt: int())
  }

  mutating func serviceState() -> ServiceState {
    var state = ServiceState(specification: service(), revision: uint())
    state.previousRevision = optional { $0.uint() }
    state.revisions = list { $0.revision() }.sorted { $0.number < $1.number }
    state.rollout = optional { $0.rollout() }
    return state
  }

  mutating func revision() -> ServiceState.Revision {
    ServiceState.Revision(number: uint(), template: template())
  }

  mutating func rollout() -> Rollout {
    Rollout(from: uint(), to: uint(), phase: rolloutPhase(), failures: int())
  }

  mutating func rolloutPhase() -> Rollout.Phase {
    switch below(5) {
    case 0: .updating
    case 1: .paused(reason: text())
    case 2: .completed
    case 3: .rollingBack(reason: text())
    default: .rolledBack(reason: text())
    }
  }

  mutating func node() -> Node {
    Node(description: nodeDescription(), availability: raw(2), health: raw(2))
  }

  mutating func nodeDescription() -> NodeDescription {
    var description = NodeDescription(name: text(), zone: text(), address: text())
    description.labels = settings()
    description.operatingSystem = text()
    description.architecture = text()
    description.isManager = bool()
    description.nanoCPUs = int64()
    description.memoryBytes = int64()
    description.runsContainers = bool()
    description.runsDatabases = bool()
    description.runsBalancer = bool()
    description.cache = optional { $0.text() }
    description.version = text()
    return description
  }

  mutating func database() -> Database {
    var database = Database(
      specification: databaseSpecification(), stack: name(), epoch: uint(), mode: databaseMode())
    database.incarnation = uint()
    database.systemIdentifier = optional { $0.uint() }
    return database
  }

  mutating func databaseMode() -> Database.Mode {
    switch below(8) {
    case 0: .waiting
    case 1: .initializing(primary: name())
    case 2: .solo(primary: name())
    case 3: .syncing(primary: name(), secondary: name())
    case 4: .sync(primary: name(), secondary: name())
    case 5: .switching(from: name(), to: name())
    case 6: .stopped(from: name(), to: name(), at: lsn())
    default: .promoting(primary: name(), from: name())
    }
  }

  mutating func purges() -> [Purge] {
    let hosts = [nil, name(), name(), text()]
    return list {
      switch $0.below(8) {
      case 0: return .ban(expression: $0.text())
      case 1: return .key(name: $0.text(), soft: $0.bool())
      default: break
      }
      return .address(host: $0.style == .full ? hosts[1] : hosts[$0.below(4)], path: $0.text())
    }
  }

  mutating func purgeBatch(after index: Index) -> PurgeQueue.Batch {
    PurgeQueue.Batch(
      index: index + 1 + UInt64(below(1000)), purges: purges(), wallClockMilliseconds: int64())
  }

  /// Read from bytes: only `apply` can fill a queue otherwise.
  mutating func purgeQueue() -> PurgeQueue {
    var index = Index(1 + below(1000))
    var writer = WireWriter()
    writer.field(2, index)
    for _ in 0...below(4) {
      let batch = purgeBatch(after: index)
      index = batch.index
      writer.field(1, batch)
    }
    writer.field(3, index + 1)
    return try! PurgeQueue(decoding: writer.bytes)
  }

  mutating func cache() -> Cache {
    var cache = Cache(
      name: text(), node: text(), position: uint(), isNew: bool(), task: optional { $0.taskID() })
    cache.lackingSinceMilliseconds = optional { $0.int64() }
    return cache
  }

  mutating func outcome() -> Outcome {
    switch below(3) {
    case 0: .accepted
    case 1: .unchanged
    default: .refused(reason: text())
    }
  }

  mutating func historyRecord() -> HistoryRecord {
    HistoryRecord(
      index: uint(), wallClockMilliseconds: int64(), origin: text(), summary: text(), outcome: outcome())
  }
}
