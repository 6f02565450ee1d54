public import WireFormat

extension Proposal: WireCodable {
  /// The version of the encoding of the log's commands. It rises when an old program could misread a command
  /// that it does not refuse anyway for an unknown field or kind.
  static let formatVersion: UInt64 = 1

  public func encode(into writer: inout WireWriter) {
    writer.field(1, Self.formatVersion)
    writer.field(2, request)
    writer.field(3, origin)
    writer.field(4, wallClockMilliseconds)
    writer.field(5, intent)
    writer.field(6, isShared)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    try Self.checkVersion(&reader)
    var request: RequestID?
    var origin = ""
    var wallClockMilliseconds: Int64 = 0
    var intent: Intent?
    var isShared = false
    while let field = try reader.next() {
      switch field {
      case 2: request = try reader.record()
      case 3: origin = try reader.string()
      case 4: wallClockMilliseconds = try reader.int64()
      case 5: intent = try reader.record()
      case 6: isShared = try reader.bool()
      default: throw reader.unknown(field)
      }
    }
    self.init(
      request: request, origin: origin, wallClockMilliseconds: wallClockMilliseconds,
      intent: try intent.required("a proposal's intent"), isShared: isShared)
  }

  /// The version comes first: nothing else of a newer format is looked at.
  private static func checkVersion(_ reader: inout WireReader) throws(WireError) {
    guard try reader.next() == 1 else { throw .malformed("a proposal's format version is missing") }
    let version = try reader.uint()
    guard version == formatVersion else { throw .unsupportedVersion(version) }
  }
}

extension Intent: WireCodable {
  public func encode(into writer: inout WireWriter) {
    switch self {
    case .deploy(let stack): writer.field(1, stack)
    case .remove(let stack): writer.present(2, stack)
    case .scale(let service, let replicas):
      writer.record(3) {
        $0.field(1, service)
        $0.field(2, replicas)
      }
    case .promote(let database): writer.present(4, database)
    case .purge(let purges): writer.field(5, PurgeList(purges))
    case .drain(let node): writer.present(6, node)
    case .activate(let node): writer.present(7, node)
    case .register(let description): writer.field(8, description)
    case .health(let node, let health):
      writer.record(9) {
        $0.field(1, node)
        $0.field(2, health)
      }
    case .assign(let remove, let add):
      writer.record(10) {
        $0.packed(1, remove.lazy.map(\.rawValue))
        $0.repeated(2, add)
      }
    case .rollout(let service, let revision, let event):
      writer.record(11) {
        $0.field(1, service)
        $0.field(2, revision)
        $0.field(3, event)
      }
    case .database(let step): writer.field(12, step)
    case .cachePositions(let positions): writer.record(13) { $0.repeated(1, positions) }
    case .managers(let change): writer.field(14, change)
    case .managerStep(let step): writer.field(15, step)
    case .recovery(let recovery): writer.field(16, recovery)
    case .raise(let level): writer.present(17, level.rawValue)
    case .forget(let node): writer.present(18, node)
    }
  }

  public init(from reader: inout WireReader) throws(WireError) {
    switch try reader.kind(of: "an intent") {
    case 1: self = .deploy(try reader.record())
    case 2: self = .remove(stack: try reader.string())
    case 3: self = try Self.scale(reader.nested())
    case 4: self = .promote(database: try reader.string())
    case 5: self = .purge(try reader.record(PurgeList.self).purges)
    case 6: self = .drain(node: try reader.string())
    case 7: self = .activate(node: try reader.string())
    case 8: self = .register(try reader.record())
    case 9: self = try Self.health(reader.nested())
    case 10: self = try Self.assign(reader.nested())
    case 11: self = try Self.rollout(reader.nested())
    case 12: self = .database(try reader.record())
    case 13: self = try Self.cachePositions(reader.nested())
    case 14: self = .managers(try reader.record())
    case 15: self = .managerStep(try reader.record())
    case 16: self = .recovery(try reader.record())
    case 17: self = .raise(FeatureLevel(rawValue: try reader.uint()))
    case 18: self = .forget(node: try reader.string())
    case let other: throw reader.unknownKind(other)
    }
    try reader.end()
  }

  private static func scale(_ reader: consuming WireReader) throws(WireError) -> Intent {
    var service: ServiceName?
    var replicas = 0
    while let field = try reader.next() {
      switch field {
      case 1: service = try reader.record()
      case 2: replicas = try reader.int()
      default: throw reader.unknown(field)
      }
    }
    return .scale(try service.required("the service to scale"), replicas: replicas)
  }

  private static func health(_ reader: consuming WireReader) throws(WireError) -> Intent {
    var node = ""
    var health = Node.Health.ready
    while let field = try reader.next() {
      switch field {
      case 1: node = try reader.string()
      case 2: health = try reader.enumeration()
      default: throw reader.unknown(field)
      }
    }
    return .health(node: try node.required("the node whose health changed"), health)
  }

  private static func assign(_ reader: consuming WireReader) throws(WireError) -> Intent {
    var remove: [TaskID] = []
    var add: [Assignment] = []
    while let field = try reader.next() {
      switch field {
      case 1: for id in try reader.packed() { remove.append(try TaskID(reading: id)) }
      case 2: add.append(try reader.record())
      default: throw reader.unknown(field)
      }
    }
    return .assign(remove: remove, add: add)
  }

  private static func rollout(_ reader: consuming WireReader) throws(WireError) -> Intent {
    var service: ServiceName?
    var revision: UInt64 = 0
    var event: RolloutEvent?
    while let field = try reader.next() {
      switch field {
      case 1: service = try reader.record()
      case 2: revision = try reader.uint()
      case 3: event = try reader.record()
      default: throw reader.unknown(field)
      }
    }
    return .rollout(
      try service.required("a rollout's service"), revision: revision,
      try event.required("a rollout's event"))
  }

  private static func cachePositions(_ reader: consuming WireReader) throws(WireError) -> Intent {
    var positions: [CachePosition] = []
    while let field = try reader.next() {
      switch field {
      case 1: positions.append(try reader.record())
      default: throw reader.unknown(field)
      }
    }
    return .cachePositions(positions)
  }
}

extension Outcome: WireCodable {
  public func encode(into writer: inout WireWriter) {
    switch self {
    case .accepted: writer.bare(1)
    case .unchanged: writer.bare(2)
    case .refused(let reason): writer.present(3, reason)
    }
  }

  public init(from reader: inout WireReader) throws(WireError) {
    switch try reader.kind(of: "an outcome") {
    case 1: self = try reader.bare(.accepted)
    case 2: self = try reader.bare(.unchanged)
    case 3: self = .refused(reason: try reader.string())
    case let other: throw reader.unknownKind(other)
    }
    try reader.end()
  }
}

extension HistoryRecord: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, index)
    writer.field(2, wallClockMilliseconds)
    writer.field(3, origin)
    writer.field(4, summary)
    writer.field(5, outcome)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    var index: UInt64 = 0
    var wallClockMilliseconds: Int64 = 0
    var origin = ""
    var summary = ""
    var outcome: Outcome?
    while let field = try reader.next() {
      switch field {
      case 1: index = try reader.uint()
      case 2: wallClockMilliseconds = try reader.int64()
      case 3: origin = try reader.string()
      case 4: summary = try reader.string()
      case 5: outcome = try reader.record()
      default: throw reader.unknown(field)
      }
    }
    self.init(
      index: index, wallClockMilliseconds: wallClockMilliseconds, origin: origin, summary: summary,
      outcome: try outcome.required("a history record's outcome"))
  }
}
