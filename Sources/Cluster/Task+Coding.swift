public import WireFormat

extension Task: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, id)
    writer.field(2, service)
    writer.field(3, slot)
    writer.field(4, node)
    writer.field(5, revision)
    writer.field(6, attempt)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    var id: UInt64 = 0
    var service: ServiceName?
    var slot = 0
    var node = ""
    var revision: UInt64 = 0
    var attempt = 0
    while let field = try reader.next() {
      switch field {
      case 1: id = try reader.uint()
      case 2: service = try reader.record()
      case 3: slot = try reader.int()
      case 4: node = try reader.string()
      case 5: revision = try reader.uint()
      case 6: attempt = try reader.int()
      default: throw reader.unknown(field)
      }
    }
    self.init(
      id: try TaskID(reading: id), service: try service.required("a task's service"), slot: slot,
      node: try node.required("a task's node"), revision: revision, attempt: attempt)
  }
}

extension Assignment: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, service)
    writer.field(2, slot)
    writer.field(3, node)
    writer.field(4, revision)
    writer.field(5, attempt)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    var service: ServiceName?
    var slot = 0
    var node = ""
    var revision: UInt64 = 0
    var attempt = 0
    while let field = try reader.next() {
      switch field {
      case 1: service = try reader.record()
      case 2: slot = try reader.int()
      case 3: node = try reader.string()
      case 4: revision = try reader.uint()
      case 5: attempt = try reader.int()
      default: throw reader.unknown(field)
      }
    }
    self.init(
      service: try service.required("an assignment's service"), slot: slot,
      node: try node.required("an assignment's node"), revision: revision, attempt: attempt)
  }
}

extension ServiceState: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, specification)
    writer.field(2, revision)
    writer.optional(3, previousRevision)
    writer.repeated(4, revisions)
    writer.field(5, rollout)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    var specification: Service?
    var revision: UInt64 = 0
    var previousRevision: UInt64?
    var revisions: [Revision] = []
    var rollout: Rollout?
    while let field = try reader.next() {
      switch field {
      case 1: specification = try reader.record()
      case 2: revision = try reader.uint()
      case 3: previousRevision = try reader.uint()
      case 4: revisions.append(try reader.record())
      case 5: rollout = try reader.record()
      default: throw reader.unknown(field)
      }
    }
    self.init(
      specification: try specification.required("a service's specification"), revision: revision)
    self.previousRevision = previousRevision
    self.revisions = revisions.sorted { $0.number < $1.number }
    self.rollout = rollout
  }
}

extension ServiceState.Revision: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, number)
    writer.field(2, template)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    var number: UInt64 = 0
    var template: TaskTemplate?
    while let field = try reader.next() {
      switch field {
      case 1: number = try reader.uint()
      case 2: template = try reader.record()
      default: throw reader.unknown(field)
      }
    }
    self.init(number: number, template: try template.required("a revision's template"))
  }
}

extension Rollout: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, from)
    writer.field(2, to)
    writer.field(3, phase)
    writer.field(4, failures)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    var from: UInt64 = 0
    var to: UInt64 = 0
    var phase: Phase?
    var failures = 0
    while let field = try reader.next() {
      switch field {
      case 1: from = try reader.uint()
      case 2: to = try reader.uint()
      case 3: phase = try reader.record()
      case 4: failures = try reader.int()
      default: throw reader.unknown(field)
      }
    }
    self.init(from: from, to: to, phase: try phase.required("a rollout's phase"), failures: failures)
  }
}

extension Rollout.Phase: WireCodable {
  public func encode(into writer: inout WireWriter) {
    switch self {
    case .updating: writer.bare(1)
    case .paused(let reason): writer.present(2, reason)
    case .completed: writer.bare(3)
    case .rollingBack(let reason): writer.present(4, reason)
    case .rolledBack(let reason): writer.present(5, reason)
    }
  }

  public init(from reader: inout WireReader) throws(WireError) {
    switch try reader.kind(of: "a rollout's phase") {
    case 1: self = try reader.bare(.updating)
    case 2: self = .paused(reason: try reader.string())
    case 3: self = try reader.bare(.completed)
    case 4: self = .rollingBack(reason: try reader.string())
    case 5: self = .rolledBack(reason: try reader.string())
    case let other: throw reader.unknownKind(other)
    }
    try reader.end()
  }
}

extension RolloutEvent: WireCodable {
  public func encode(into writer: inout WireWriter) {
    switch self {
    case .failed(let count): writer.present(1, count)
    case .completed: writer.bare(2)
    case .paused(let reason): writer.present(3, reason)
    case .rollBack(let reason): writer.present(4, reason)
    }
  }

  public init(from reader: inout WireReader) throws(WireError) {
    switch try reader.kind(of: "a rollout's event") {
    case 1: self = .failed(count: try reader.int())
    case 2: self = try reader.bare(.completed)
    case 3: self = .paused(reason: try reader.string())
    case 4: self = .rollBack(reason: try reader.string())
    case let other: throw reader.unknownKind(other)
    }
    try reader.end()
  }
}
