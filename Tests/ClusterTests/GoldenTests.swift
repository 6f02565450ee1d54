import Cluster
import Raft
import Testing
import WireFormat

/// Bytes as they lie in logs and snapshots that exist already. A change here is a change of what can be read
/// after an upgrade: new bytes may be added, none may change.
@Suite("Bytes of version 1")
struct GoldenTests {
  @Test("a value is written as ever, and what was written is read as ever", arguments: Golden.all)
  func bytes(_ golden: Golden) throws {
    try check(golden.value, golden.bytes)
  }

  private func check<Value: Coded>(_ value: Value, _ bytes: String) throws {
    #expect(hex(value.encoded()) == bytes)
    #expect(try Value(decoding: unhex(bytes)) == value)
  }
}

/// A value and its bytes in hexadecimal.
struct Golden: Sendable, CustomTestStringConvertible {
  let value: any Coded
  let bytes: String

  init(_ value: any Coded, _ bytes: String) {
    self.value = value
    self.bytes = bytes
  }

  var testDescription: String { String("\(type(of: value)) \(value)".prefix(100)) }
}

private let web = ServiceName(stack: "s", service: "web")

extension Golden {
  static let all = stacks + states + intents + reports

  private static let stacks = [
    Golden(
      template,
      "0a016912030a01651a0022060a01451201312a0032022f773a016842060a016c1201324a0e0a020a"
        + "0012022f731a022f74200152016e5a0a08a00110a07e18012001621c0a03434d440a01741080a8d6"
        + "b9071880d0acf30e2080f882ad1628086880a0be8195017207534947515549547a0a080210041806"
        + "2008280a8001008801019201042f746d709a010141a2010144aa01060a0173120133b201070a0175"
        + "10011802ba0103783a31c20107312e312e312e31ca01130a096a736f6e2d66696c6512060a016f12"
        + "0134d0018001da0102736f"),
    Golden(TaskTemplate(image: "i"), "0a0169688090dfc04a7a00"),
    Golden(
      service,
      "0a03776562120b0a0169688090dfc04a7a001a02080422130a090a02220010011a01611204726163"
        + "6b18062a1008011080a8d6b90718042080f882ad16321508041080a8d6b9071880d0acf30e200228"
        + "c80130013a0808021880c8afa02542060a016c120176"),
    Golden(
      specification,
      "0a016412016112016218f25422016f2a0170320f0a08776f726b5f6d656d1203384d423a0a31302e"
        + "302e302e302f384000"),
    Golden(
      DatabaseSpecification(name: "d", zones: ["a"], port: 1, owner: "o", relaxAfter: nil),
      "0a0164120161180222016f"),
    Golden(
      Stack(name: "s", services: [service], databases: [specification]),
      "0a017312660a03776562120b0a0169688090dfc04a7a001a02080422130a090a02220010011a0161"
        + "12047261636b18062a1008011080a8d6b90718042080f882ad16321508041080a8d6b9071880d0ac"
        + "f30e200228c80130013a0808021880c8afa02542060a016c1201761a310a016412016112016218f2"
        + "5422016f2a0170320f0a08776f726b5f6d656d1203384d423a0a31302e302e302e302f384000"),
    Golden(Service.Mode.replicated(0), "0800"),
    Golden(Service.Mode.global, "1200"),
    Golden(Mount.Kind.bind, "0a00"),
    Golden(Mount.Kind.volume(driverOptions: [Setting("o", "bind")]), "120b0a090a016f120462696e64"),
    Golden(Mount.Kind.temporary, "1a00"),
    Golden(Constraint.Attribute.id, "0a00"),
    Golden(Constraint.Attribute.hostname, "1200"),
    Golden(Constraint.Attribute.role, "1a00"),
    Golden(Constraint.Attribute.zone, "2200"),
    Golden(Constraint.Attribute.operatingSystem, "2a00"),
    Golden(Constraint.Attribute.architecture, "3200"),
    Golden(Constraint.Attribute.label("disk"), "3a046469736b"),
  ]

  private static let states = [
    Golden(
      node,
      "0a480a016112017a1a0831302e302e302e31220b0a046469736b12037373642a056c696e75783206"
        + "7838365f363438014080d0acf30e4880808080205001580160016a01767203312e3010011801"),
    Golden(
      Task(id: TaskID(300), service: web, slot: 1, node: "a", revision: 9, attempt: 2),
      "08ac0212080a01731203776562180222016128093004"),
    Golden(
      serviceState,
      "0a660a03776562120b0a0169688090dfc04a7a001a02080422130a090a02220010011a0161120472"
        + "61636b18062a1008011080a8d6b90718042080f882ad16321508041080a8d6b9071880d0acf30e20"
        + "0228c80130013a0808021880c8afa02542060a016c1201761009180522110805120d0a036f6c6468"
        + "8090dfc04a7a00220f0809120b0a0169688090dfc04a7a002a0a080510091a020a002002"),
    Golden(Rollout.Phase.updating, "0a00"),
    Golden(Rollout.Phase.paused(reason: "r"), "120172"),
    Golden(Rollout.Phase.completed, "1a00"),
    Golden(Rollout.Phase.rollingBack(reason: "r"), "220172"),
    Golden(Rollout.Phase.rolledBack(reason: ""), "2a00"),
    Golden(
      database,
      "0a310a016412016112016218f25422016f2a0170320f0a08776f726b5f6d656d1203384d423a0a31"
        + "302e302e302e302f384000120173180622082a060a01611201622805304d"),
    Golden(Database.Mode.waiting, "0a00"),
    Golden(Database.Mode.initializing(primary: "a"), "120161"),
    Golden(Database.Mode.solo(primary: "a"), "1a0161"),
    Golden(Database.Mode.syncing(primary: "a", secondary: "b"), "22060a0161120162"),
    Golden(Database.Mode.sync(primary: "a", secondary: "b"), "2a060a0161120162"),
    Golden(Database.Mode.switching(from: "a", to: "b"), "32060a0161120162"),
    Golden(
      Database.Mode.stopped(from: "a", to: "b", at: LSN(0x16_b374_d848)), "3a0d0a016112016218c8b0d39beb02"),
    Golden(Database.Mode.promoting(primary: "b", from: "a"), "42060a0162120161"),
    Golden(Cache(name: "v", node: "a", position: 7), "0a01761201611807"),
    Golden(
      PurgeQueue.Batch(index: 5, purges: purges),
      "080512271a012f0a01681a022f611a022f62220b7265712e75726c207e20780a001a022f6312001a"
        + "022f64"),
    Golden(
      HistoryRecord(
        index: 3, wallClockMilliseconds: 1_700_000_000_000, origin: "operator/ana", summary: "drain a",
        outcome: .accepted),
      "08031080a0abfef9621a0c6f70657261746f722f616e612207647261696e20612a020a00"),
    Golden(Outcome.accepted, "0a00"),
    Golden(Outcome.unchanged, "1200"),
    Golden(Outcome.refused(reason: "no"), "1a026e6f"),
  ]

  private static let intents = [
    Golden(
      Proposal(
        request: RequestID(high: .max, low: 1), origin: "operator/ana",
        wallClockMilliseconds: 1_700_000_000_000, intent: .scale(web, replicas: 4)),
      "0801120d08ffffffffffffffffff0110011a0c6f70657261746f722f616e612080a0abfef9622a0e"
        + "1a0c0a080a017312037765621008"),
    Golden(
      Proposal(request: nil, origin: "", wallClockMilliseconds: -1, intent: .purge([])), "080120012a022a00"),
    Golden(Intent.deploy(Stack(name: "s")), "0a030a0173"),
    Golden(Intent.remove(stack: "s"), "120173"),
    Golden(Intent.scale(web, replicas: 0), "1a0a0a080a01731203776562"),
    Golden(Intent.promote(database: "d"), "220164"),
    Golden(
      Intent.purge(purges),
      "2a271a012f0a01681a022f611a022f62220b7265712e75726c207e20780a001a022f6312001a022f"
        + "64"),
    Golden(Intent.drain(node: "a"), "320161"),
    Golden(Intent.activate(node: "a"), "3a0161"),
    Golden(Intent.forget(node: "a"), "92010161"),
    Golden(Intent.raise(.forgetsNodes), "880102"),
    Golden(
      Intent.managers(
        ManagerChange(
          adding: ManagerMember(id: 4, name: "a", zone: "z", address: "10.0.0.1"), removing: NodeID(1))),
      "721c0a180804120161" + "1a017a220831302e302e302e3128a87430a674" + "1001"),
    Golden(Intent.managers(ManagerChange(removing: NodeID(1))), "72021001"),
    Golden(
      Intent.managerStep(.disk(NodeID(4), Incarnation(high: 1, low: 2))),
      "7a160a140804121000000000000000010000000000000002"),
    Golden(Intent.managerStep(.completed(300)), "7a0310ac02"),
    Golden(
      Intent.recovery(Recovery(survivor: NodeID(1), givenUp: [NodeID(2), NodeID(3)], reason: "r")),
      "8201090801120202031a0172"),
    Golden(
      Intent.register(NodeDescription(name: "a", zone: "z", address: "10.0.0.1")),
      "42210a016112017a1a0831302e302e302e312a056c696e757832067838365f36343801"),
    Golden(Intent.health(node: "a", .lost), "4a050a01611001"),
    Golden(
      Intent.assign(
        remove: [TaskID(1), TaskID(300)],
        add: [Assignment(service: web, slot: 1, node: "a", revision: 9, attempt: 2)]),
      "521a0a0301ac0212130a080a0173120377656210021a016120092804"),
    Golden(Intent.rollout(web, revision: 9, .failed(count: 2)), "5a100a080a0173120377656210091a020804"),
    Golden(Intent.rollout(web, revision: 9, .completed), "5a100a080a0173120377656210091a021200"),
    Golden(Intent.rollout(web, revision: 9, .paused(reason: "r")), "5a110a080a0173120377656210091a031a0172"),
    Golden(
      Intent.rollout(web, revision: 9, .rollBack(reason: "r")), "5a110a080a0173120377656210091a03220172"),
    Golden(
      Intent.database(
        DatabaseStep(
          database: "d", expectedEpoch: 4, mode: .solo(primary: "a"), systemIdentifier: 77)),
      "620c0a016410041a031a0161204d"),
    Golden(Intent.cachePositions([CachePosition(cache: "v", position: 7)]), "6a070a050a01761007"),
  ]

  private static let reports = [
    Golden(
      report,
      "0a480a016112017a1a0831302e302e302e31220b0a046469736b12037373642a056c696e75783206"
        + "7838365f363438014080d0acf30e4880808080205001580160016a01767203312e30100818462213"
        + "08ac02120222001a0a735f7765622e312e38632a0d0a016412020a001a020a00200632090a017610"
        + "01184520023a01704003"),
    Golden(TaskReport.Phase.preparing, "0a00"),
    Golden(TaskReport.Phase.starting, "1200"),
    Golden(TaskReport.Phase.well, "1a00"),
    Golden(TaskReport.Phase.serving, "2200"),
    Golden(TaskReport.Phase.unhealthy, "2a00"),
    Golden(TaskReport.Phase.ended(succeeded: true, message: "m"), "3205080112016d"),
    Golden(DatabaseObservation.Data.absent, "0a00"),
    Golden(
      DatabaseObservation.Data.present(
        systemIdentifier: 77, timeline: 2, standby: true, shutdown: LSN(0)), "1208084d100218012000"),
    Golden(DatabaseObservation.Server.stopped, "0a00"),
    Golden(DatabaseObservation.Server.busy, "1200"),
    Golden(
      DatabaseObservation.Server.primary(
        position: LSN(256), synchronousStandby: "t",
        standbys: [
          .init(name: "t", isStreaming: true, isSynchronous: true, flushed: LSN(255))
        ]), "1a120880021201741a0a0a01741001180120ff01"),
    Golden(
      DatabaseObservation.Server.standby(
        received: LSN(256), replayed: LSN(255), streaming: true, name: "t", upstream: "10.0.0.1"),
      "221508800210ff0118012201742a0831302e302e302e31"),
  ]
}

// MARK: Larger values

private let purges: [Purge] = [
  .address(host: nil, path: "/"), .address(host: "h", path: "/a"), .address(host: "h", path: "/b"),
  .ban(expression: "req.url ~ x"), .address(host: "", path: "/c"), .address(host: nil, path: "/d"),
]

private let template: TaskTemplate = {
  var template = TaskTemplate(image: "i")
  template.entrypoint = ["e"]
  template.command = []
  template.environment = [Setting("E", "1")]
  template.user = ""
  template.workingDirectory = "/w"
  template.hostname = "h"
  template.labels = [Setting("l", "2")]
  template.mounts = [Mount(kind: .bind, source: "/s", target: "/t", isReadOnly: true)]
  template.networks = ["n"]
  template.ports = [Port(target: 80, published: 8080, transport: .udp, mode: .host)]
  template.healthcheck = Healthcheck(
    test: ["CMD", "t"], interval: .seconds(1), timeout: .seconds(2), startPeriod: .seconds(3), retries: 4)
  template.stopGracePeriod = .seconds(20)
  template.stopSignal = "SIGQUIT"
  template.resources = Resources(
    limitNanoCPUs: 1, limitMemoryBytes: 2, limitProcesses: 3, reservedNanoCPUs: 4, reservedMemoryBytes: 5)
  template.runsInit = false
  template.isReadOnly = true
  template.temporaryFilesystems = ["/tmp"]
  template.addedCapabilities = ["A"]
  template.droppedCapabilities = ["D"]
  template.sysctls = [Setting("s", "3")]
  template.ulimits = [Ulimit(name: "u", soft: -1, hard: 1)]
  template.extraHosts = ["x:1"]
  template.nameServers = ["1.1.1.1"]
  template.logging = Logging(driver: "json-file", options: [Setting("o", "4")])
  template.sharedMemoryBytes = 64
  template.securityOptions = ["so"]
  return template
}()

private let service = Service(
  name: "web", template: TaskTemplate(image: "i"), mode: .replicated(2),
  placement: Placement(
    constraints: [Constraint(attribute: .zone, isEqual: true, value: "a")], spread: ["rack"],
    maximumPerNode: 3),
  restart: RestartPolicy(
    condition: .onFailure, delay: .seconds(1), maximumAttempts: 2, window: .seconds(3)),
  update: UpdatePolicy(
    parallelism: 2, delay: .seconds(1), monitor: .seconds(2), failureAction: .rollBack,
    maximumFailurePermille: 100, order: .startFirst),
  rollback: .rollback, labels: [Setting("l", "v")])

private let specification = DatabaseSpecification(
  name: "d", zones: ["a", "b"], port: 5433, owner: "o", password: "p",
  parameters: [Setting("work_mem", "8MB")], clientNetworks: ["10.0.0.0/8"], relaxAfter: .zero)

private let description: NodeDescription = {
  var description = NodeDescription(name: "a", zone: "z", address: "10.0.0.1")
  description.labels = [Setting("disk", "ssd")]
  description.nanoCPUs = 2_000_000_000
  description.memoryBytes = 1 << 32
  description.runsContainers = true
  description.runsDatabases = true
  description.runsBalancer = true
  description.cache = "v"
  description.version = "1.0"
  return description
}()

private let node = Node(description: description, availability: .drained, health: .lost)

private let serviceState: ServiceState = {
  var state = ServiceState(specification: service, revision: 9)
  state.previousRevision = 5
  state.revisions.insert(ServiceState.Revision(number: 5, template: TaskTemplate(image: "old")), at: 0)
  state.rollout = Rollout(from: 5, to: 9, phase: .updating, failures: 1)
  return state
}()

private let database: Database = {
  var database = Database(
    specification: specification, stack: "s", epoch: 6, mode: .sync(primary: "a", secondary: "b"))
  database.incarnation = 5
  database.systemIdentifier = 77
  return database
}()

private let report: Report = {
  var report = Report(description: description, process: 3, sequence: 8, appliedIndex: 70)
  report.tasks = [TaskReport(task: TaskID(300), name: "s_web.1.8c", phase: .serving)]
  report.databases = [DatabaseObservation(database: "d", data: .absent, server: .stopped, epoch: 6)]
  report.caches = [CacheReport(cache: "v", isReachable: true, position: 69, bans: 1)]
  report.problems = ["p"]
  return report
}()

// MARK: Hexadecimal

private func hex(_ bytes: [UInt8]) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

private func unhex(_ text: String) -> [UInt8] {
  let digits = text.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
  return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}
