import Cluster
import Raft

extension RandomValues {
  mutating func proposal() -> Proposal {
    Proposal(
      request: optional { $0.requestID() }, origin: text(), wallClockMilliseconds: int64(),
      intent: intent(), isShared: bool())
  }

  mutating func intent() -> Intent {
    switch below(18) {
    case 0: .deploy(stack())
    case 1: .remove(stack: text())
    case 2: .scale(serviceName(), replicas: int())
    case 3: .promote(database: text())
    case 4: .purge(purges())
    case 5: .drain(node: text())
    case 6: .activate(node: text())
    case 7: .register(nodeDescription())
    case 8: .health(node: name(), raw(2))
    case 9: .assign(remove: list { $0.taskID() }, add: list { $0.assignment() })
    case 10: .rollout(serviceName(), revision: uint(), rolloutEvent())
    case 11: .database(databaseStep())
    case 12: .managers(managerChange())
    case 13: .managerStep(managerStep())
    case 14:
      .recovery(
        Recovery(survivor: NodeID(uint()), givenUp: list { NodeID($0.uint()) }, reason: text()))
    case 15: .forget(node: text())
    case 16: .raise(FeatureLevel(rawValue: uint()))
    default: .cachePositions(list { CachePosition(cache: $0.text(), position: $0.uint()) })
    }
  }

  mutating func managerChange() -> ManagerChange {
    ManagerChange(
      adding: optional { random in
        ManagerMember(
          id: random.uint(), name: random.text(), zone: random.text(), address: random.text(),
          peersPort: random.int(), operatorsPort: random.int())
      },
      removing: optional { NodeID($0.uint()) })
  }

  mutating func managerStep() -> ManagerStep {
    bool() ? .disk(NodeID(uint()), Incarnation(high: uint(), low: uint())) : .completed(uint())
  }

  mutating func assignment() -> Assignment {
    Assignment(service: serviceName(), slot: int(), node: name(), revision: uint(), attempt: int())
  }

  mutating func rolloutEvent() -> RolloutEvent {
    switch below(4) {
    case 0: .failed(count: int())
    case 1: .completed
    case 2: .paused(reason: text())
    default: .rollBack(reason: text())
    }
  }

  mutating func databaseStep() -> DatabaseStep {
    DatabaseStep(
      database: name(), expectedEpoch: uint(), mode: databaseMode(),
      systemIdentifier: optional { $0.uint() })
  }
}
