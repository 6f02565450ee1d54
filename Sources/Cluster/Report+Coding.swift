import Raft
public import WireFormat

// Reports are soft: what a newer program tells besides is passed over. That it is unreadable as a whole would make its
// node a lost one.

extension Report: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, description)
    writer.field(2, sequence)
    writer.field(3, appliedIndex)
    writer.repeated(4, tasks)
    writer.repeated(5, databases)
    writer.repeated(6, caches)
    writer.repeated(7, problems)
    writer.field(8, process)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    var description: NodeDescription?
    var sequence: UInt64 = 0
    var appliedIndex: Index = 0
    var tasks: [TaskReport] = []
    var databases: [DatabaseObservation] = []
    var caches: [CacheReport] = []
    var problems: [String] = []
    var process: UInt64 = 0
    while let field = try reader.next() {
      switch field {
      case 1: description = try reader.record()
      case 2: sequence = try reader.uint()
      case 3: appliedIndex = try reader.uint()
      case 4: tasks.append(try reader.record())
      case 5: databases.append(try reader.record())
      case 6: caches.append(try reader.record())
      case 7: problems.append(try reader.string())
      case 8: process = try reader.uint()
      default: try reader.skip()
      }
    }
    self.init(
      description: try description.required("a report's node"), process: process, sequence: sequence,
      appliedIndex: appliedIndex)
    self.tasks = tasks.sorted { $0.task < $1.task }
    self.databases = databases
    self.caches = caches
    self.problems = problems
  }
}

extension TaskReport: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, task)
    writer.field(2, phase)
    writer.field(3, name)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    var task: UInt64 = 0
    var name = ""
    var phase: Phase?
    while let field = try reader.next() {
      switch field {
      case 1: task = try reader.uint()
      case 2: phase = try reader.record()
      case 3: name = try reader.string()
      default: try reader.skip()
      }
    }
    self.init(
      task: try TaskID(reading: task), name: name, phase: try phase.required("a task's phase"))
  }
}

extension TaskReport.Phase: WireCodable {
  public func encode(into writer: inout WireWriter) {
    switch self {
    case .preparing: writer.bare(1)
    case .starting: writer.bare(2)
    case .well: writer.bare(3)
    case .serving: writer.bare(4)
    case .unhealthy: writer.bare(5)
    case .ended(let succeeded, let message):
      writer.record(6) {
        $0.field(1, succeeded)
        $0.field(2, message)
      }
    }
  }

  public init(from reader: inout WireReader) throws(WireError) {
    switch try reader.kind(of: "a task's phase") {
    case 1: self = try reader.bare(.preparing)
    case 2: self = try reader.bare(.starting)
    case 3: self = try reader.bare(.well)
    case 4: self = try reader.bare(.serving)
    case 5: self = try reader.bare(.unhealthy)
    case 6: self = try Self.ended(reader.nested())
    case let other: throw reader.unknownKind(other)
    }
    try reader.end()
  }

  private static func ended(_ reader: consuming WireReader) throws(WireError) -> TaskReport.Phase {
    var succeeded = false
    var message = ""
    while let field = try reader.next() {
      switch field {
      case 1: succeeded = try reader.bool()
      case 2: message = try reader.string()
      default: try reader.skip()
      }
    }
    return .ended(succeeded: succeeded, message: message)
  }
}

extension CacheReport: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, cache)
    writer.field(2, isReachable)
    writer.field(3, position)
    writer.field(4, bans)
    writer.field(5, counts)
    // One more than it is: 0 is a place, too.
    writer.field(6, settled.map { $0 + 1 } ?? 0)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    self.init(cache: "", isReachable: false, position: 0, bans: 0)
    while let field = try reader.next() {
      switch field {
      case 1: cache = try reader.string()
      case 2: isReachable = try reader.bool()
      case 3: position = try reader.uint()
      case 4: bans = try reader.int()
      case 5: counts = try reader.record()
      case 6:
        let after = try reader.uint()
        settled = after == 0 ? nil : after - 1
      default: try reader.skip()
      }
    }
  }
}

extension CacheCounts: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, objects)
    writer.field(2, hits)
    writer.field(3, misses)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    self.init(objects: 0, hits: 0, misses: 0)
    while let field = try reader.next() {
      switch field {
      case 1: objects = try reader.uint()
      case 2: hits = try reader.uint()
      case 3: misses = try reader.uint()
      default: try reader.skip()
      }
    }
  }
}
