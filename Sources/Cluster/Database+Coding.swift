import Raft
public import WireFormat

extension DatabaseSpecification: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, name)
    writer.repeated(2, zones)
    writer.field(3, port)
    writer.field(4, owner)
    writer.field(5, password)
    writer.repeated(6, parameters)
    writer.repeated(7, clientNetworks)
    writer.optional(8, relaxAfter?.nanoseconds)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    self.init(name: "", zones: [], port: 0, owner: "", relaxAfter: nil)
    while let field = try reader.next() {
      switch field {
      case 1: name = try reader.string()
      case 2: zones.append(try reader.string())
      case 3: port = try reader.int()
      case 4: owner = try reader.string()
      case 5: password = try reader.string()
      case 6: parameters.append(try reader.record())
      case 7: clientNetworks.append(try reader.string())
      case 8: relaxAfter = try reader.duration()
      default: throw reader.unknown(field)
      }
    }
    parameters = parameters.sortedByName()
  }
}

extension Database: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, specification)
    writer.field(2, stack)
    writer.field(3, epoch)
    writer.field(4, mode)
    writer.field(5, incarnation)
    writer.optional(6, systemIdentifier)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    var specification: DatabaseSpecification?
    var stack = ""
    var epoch: UInt64 = 0
    var mode: Mode?
    var incarnation: UInt64 = 0
    var systemIdentifier: UInt64?
    while let field = try reader.next() {
      switch field {
      case 1: specification = try reader.record()
      case 2: stack = try reader.string()
      case 3: epoch = try reader.uint()
      case 4: mode = try reader.record()
      case 5: incarnation = try reader.uint()
      case 6: systemIdentifier = try reader.uint()
      default: throw reader.unknown(field)
      }
    }
    self.init(
      specification: try specification.required("a database's specification"),
      stack: try stack.required("a database's stack"), epoch: epoch,
      mode: try mode.required("a database's mode"))
    self.incarnation = incarnation
    self.systemIdentifier = systemIdentifier
  }
}

extension Database.Mode: WireCodable {
  public func encode(into writer: inout WireWriter) {
    switch self {
    case .waiting: writer.bare(1)
    case .initializing(let primary): writer.present(2, primary)
    case .solo(let primary): writer.present(3, primary)
    case .syncing(let primary, let secondary): writer.field(4, Pair(primary, secondary))
    case .sync(let primary, let secondary): writer.field(5, Pair(primary, secondary))
    case .switching(let from, let to): writer.field(6, Pair(from, to))
    case .stopped(let from, let to, let position): writer.field(7, Pair(from, to, at: position))
    case .promoting(let primary, let from): writer.field(8, Pair(primary, from))
    }
  }

  public init(from reader: inout WireReader) throws(WireError) {
    switch try reader.kind(of: "a database's mode") {
    case 1: self = try reader.bare(.waiting)
    case 2: self = .initializing(primary: try reader.string().required("a database's primary"))
    case 3: self = .solo(primary: try reader.string().required("a database's primary"))
    case 4:
      let pair = try reader.record(Pair.self)
      self = .syncing(primary: pair.first, secondary: pair.second)
    case 5:
      let pair = try reader.record(Pair.self)
      self = .sync(primary: pair.first, secondary: pair.second)
    case 6:
      let pair = try reader.record(Pair.self)
      self = .switching(from: pair.first, to: pair.second)
    case 7:
      let pair = try reader.record(Pair.self)
      self = .stopped(from: pair.first, to: pair.second, at: pair.position)
    case 8:
      let pair = try reader.record(Pair.self)
      self = .promoting(primary: pair.first, from: pair.second)
    case let other: throw reader.unknownKind(other)
    }
    try reader.end()
  }
}

/// The two nodes of a mode, and the position that belongs to one of the modes.
private struct Pair: WireCodable {
  var first: String
  var second: String
  var position: LSN

  init(_ first: String, _ second: String, at position: LSN = LSN(0)) {
    self.first = first
    self.second = second
    self.position = position
  }

  func encode(into writer: inout WireWriter) {
    writer.field(1, first)
    writer.field(2, second)
    writer.field(3, position)
  }

  init(from reader: inout WireReader) throws(WireError) {
    self.init("", "")
    while let field = try reader.next() {
      switch field {
      case 1: first = try reader.string()
      case 2: second = try reader.string()
      case 3: position = try reader.lsn()
      default: throw reader.unknown(field)
      }
    }
    first = try first.required("a database's first node")
    second = try second.required("a database's second node")
  }
}

extension DatabaseStep: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, database)
    writer.field(2, expectedEpoch)
    writer.field(3, mode)
    writer.optional(4, systemIdentifier)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    var database = ""
    var expectedEpoch: UInt64 = 0
    var mode: Database.Mode?
    var systemIdentifier: UInt64?
    while let field = try reader.next() {
      switch field {
      case 1: database = try reader.string()
      case 2: expectedEpoch = try reader.uint()
      case 3: mode = try reader.record()
      case 4: systemIdentifier = try reader.uint()
      default: throw reader.unknown(field)
      }
    }
    self.init(
      database: try database.required("a step's database"), expectedEpoch: expectedEpoch,
      mode: try mode.required("a step's mode"), systemIdentifier: systemIdentifier)
  }
}
