import Cluster
import Raft
import Testing
import WireFormat

/// What is refused when it is read, with which words, and what is put right.
@Suite("Foreign bytes")
struct ForeignBytesTests {
  @Test("a command of a newer format is refused before anything else of it is looked at")
  func newerVersion() {
    var writer = WireWriter()
    writer.field(1, 2 as UInt64)
    writer.field(99, "something new")
    #expect(throws: WireError.unsupportedVersion(2)) { try Proposal(decoding: writer.bytes) }
    #expect("\(WireError.unsupportedVersion(2))".contains("upgrade this manager"))
  }

  @Test("a command without a version, or with it in another place, is refused")
  func missingVersion() {
    let missing = WireError.malformed("a proposal's format version is missing")
    #expect(throws: missing) { try Proposal(decoding: []) }
    var writer = WireWriter()
    writer.field(5, Intent.drain(node: "a"))
    writer.field(1, 1 as UInt64)
    #expect(throws: missing) { try Proposal(decoding: writer.bytes) }
  }

  @Test("an intent, an event or a state that this version does not know is refused with its number")
  func unknownKinds() {
    let unknown = WireError.unknownKind(99)
    let record = bytes { $0.bare(99) }
    #expect(throws: unknown) { try Intent(decoding: record) }
    #expect(throws: unknown) { try RolloutEvent(decoding: record) }
    #expect(throws: unknown) { try Rollout.Phase(decoding: record) }
    #expect(throws: unknown) { try Database.Mode(decoding: record) }
    #expect(throws: unknown) { try Service.Mode(decoding: record) }
    #expect(throws: unknown) { try Mount.Kind(decoding: record) }
    #expect(throws: unknown) { try Constraint.Attribute(decoding: record) }
    #expect(throws: unknown) { try Outcome(decoding: record) }
    #expect(throws: unknown) { try TaskReport.Phase(decoding: record) }
    #expect(throws: unknown) { try DatabaseObservation.Data(decoding: record) }
    #expect(throws: unknown) { try DatabaseObservation.Server(decoding: record) }

    #expect(throws: WireError.unknownKind(2)) { try Port(decoding: bytes { $0.field(3, 2 as UInt64) }) }
    #expect(throws: WireError.unknownKind(3)) {
      try RestartPolicy(decoding: bytes { $0.field(1, 3 as UInt64) })
    }
    #expect(throws: WireError.unknownKind(7)) {
      try UpdatePolicy(decoding: bytes { $0.field(4, 7 as UInt64) })
    }
  }

  @Test("what a record cannot be without is named when it is missing")
  func missing() {
    #expect(throws: malformed("a task's identity is missing")) { try Task(decoding: []) }
    #expect(throws: malformed("a task's service is missing")) {
      try Task(decoding: bytes { $0.field(1, 1 as UInt64) })
    }
    #expect(throws: malformed("a service's template is missing")) { try Service(decoding: []) }
    #expect(throws: malformed("a service's mode is missing")) {
      try Service(decoding: bytes { $0.field(2, TaskTemplate(image: "i")) })
    }
    #expect(throws: malformed("a database's specification is missing")) { try Database(decoding: []) }
    #expect(throws: malformed("a node's description is missing")) { try Node(decoding: []) }
    #expect(throws: malformed("a report's node is missing")) { try Report(decoding: []) }
    #expect(throws: malformed("an intent is missing")) { try Intent(decoding: []) }
    #expect(throws: malformed("a step's database is missing")) { try DatabaseStep(decoding: []) }
    #expect(throws: malformed("a task's identity is missing")) {
      try Intent(decoding: bytes { $0.record(10) { $0.packed(1, [0]) } })
    }
  }

  @Test("two kinds in one record are refused")
  func twoKinds() {
    let two = bytes {
      $0.present(2, "s")
      $0.present(6, "a")
    }
    #expect(throws: malformed("two kinds where one belongs")) { try Intent(decoding: two) }
  }

  @Test("a person's mistake can be written and read: apply refuses it, not the reader")
  func mistakesAreReadable() throws {
    let service = Service(name: "", template: TaskTemplate(image: ""), mode: .replicated(-1))
    for intent in [
      Intent.deploy(Stack(name: "", services: [service, service])),
      .remove(stack: ""), .scale(ServiceName(stack: "", service: ""), replicas: .min),
      .promote(database: ""), .purge([]), .purge([.ban(expression: "")]), .drain(node: ""),
      .activate(node: ""), .register(NodeDescription(name: "", zone: "", address: "")),
    ] {
      #expect(try Intent(decoding: intent.encoded()) == intent)
    }
  }

  @Test("lists that are sorted by rule are sorted after reading, whoever wrote them")
  func sorted() throws {
    var template = TaskTemplate(image: "i")
    template.environment = [Setting("b", "1"), Setting("a", "2"), Setting("b", "3")]
    let read = try TaskTemplate(decoding: template.encoded())
    #expect(read.environment == [Setting("a", "2"), Setting("b", "3")])

    var stack = Stack(name: "s")
    stack.databases = ["z", "y"].map { DatabaseSpecification(name: $0, zones: [], owner: "o") }
    #expect(try Stack(decoding: stack.encoded()).databases.map(\.name) == ["y", "z"])

    var report = Report(
      description: NodeDescription(name: "a", zone: "z", address: ""), process: 1, sequence: 1,
      appliedIndex: 1)
    report.tasks = [
      TaskReport(task: TaskID(2), name: "", phase: .well),
      TaskReport(task: TaskID(1), name: "", phase: .well),
    ]
    #expect(try Report(decoding: report.encoded()).tasks.map(\.task.rawValue) == [1, 2])
  }

  @Test("an empty text and no text stay different")
  func optionalTexts() throws {
    var template = TaskTemplate(image: "i")
    template.user = ""
    template.command = []
    let read = try TaskTemplate(decoding: template.encoded())
    #expect(read.user == "")
    #expect(read.hostname == nil)
    #expect(read.command == [])
    #expect(read.entrypoint == nil)
  }

  private func malformed(_ what: String) -> WireError { .malformed(what) }
}

@Suite("Purges in the log")
struct PurgeCodingTests {
  @Test("a host is written once for the addresses that follow each other under it")
  func sharedHost() {
    let host = "www.example.org"
    let one = Intent.purge([.address(host: host, path: "/0")]).encoded().count
    let many = Intent.purge((0..<10).map { .address(host: host, path: "/\($0)") }).encoded().count
    #expect(many - one == 9 * (2 + "/0".utf8.count))
  }

  @Test("hosts that only look alike are not taken for the same")
  func lookalikeHosts() throws {
    let hosts = ["\u{e9}.org", "e\u{301}.org"]
    #expect(hosts[0] == hosts[1], "Swift compares texts after normalization")
    let intent = Intent.purge(hosts.map { .address(host: $0, path: "/") })
    guard case .purge(let purges) = try Intent(decoding: intent.encoded()) else { return }
    let read = purges.map { purge in
      if case .address(let host?, _) = purge { Array(host.utf8) } else { [UInt8]() }
    }
    #expect(read == hosts.map { Array($0.utf8) })
  }

  @Test("a queue keeps its order and its bounds, and counts anew what it holds")
  func queue() throws {
    let purges = [Purge.address(host: "h", path: "/"), .ban(expression: "b")]
    let written = bytes {
      $0.field(1, PurgeQueue.Batch(index: 5, purges: purges))
      $0.field(1, PurgeQueue.Batch(index: 9, purges: purges))
      $0.field(2, 4 as UInt64)
      $0.field(3, 11 as UInt64)
    }
    let queue = try PurgeQueue(decoding: written)
    #expect(queue.count == 4)
    #expect(queue.droppedThrough == 4)
    #expect(queue.last == 11)
    #expect(queue.pending(after: 3, limit: 10) == nil)
    #expect(queue.pending(after: 5, limit: 10)?.map(\.index) == [9])
    #expect(queue.encoded() == written)
  }

  @Test("a queue out of order is refused", arguments: [5, 9] as [Index])
  func queueOutOfOrder(_ second: Index) {
    let written = bytes {
      $0.field(1, PurgeQueue.Batch(index: 9, purges: []))
      $0.field(1, PurgeQueue.Batch(index: second, purges: []))
    }
    #expect(throws: WireError.malformed("purges are out of order")) { try PurgeQueue(decoding: written) }
  }
}

private func bytes(_ body: (inout WireWriter) -> Void) -> [UInt8] {
  var writer = WireWriter()
  body(&writer)
  return writer.bytes
}
