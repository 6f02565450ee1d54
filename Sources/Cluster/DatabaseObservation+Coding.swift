public import WireFormat

extension DatabaseObservation: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, database)
    writer.field(2, data)
    writer.field(3, server)
    writer.field(4, epoch)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    var database = ""
    var data: Data?
    var server: Server?
    var epoch: UInt64 = 0
    while let field = try reader.next() {
      switch field {
      case 1: database = try reader.string()
      case 2: data = try reader.record()
      case 3: server = try reader.record()
      case 4: epoch = try reader.uint()
      default: try reader.skip()
      }
    }
    self.init(
      database: try database.required("an observed database's name"),
      data: try data.required("an observed database's data"),
      server: try server.required("an observed database's server"), epoch: epoch)
  }
}

extension DatabaseObservation.Data: WireCodable {
  public func encode(into writer: inout WireWriter) {
    switch self {
    case .absent: writer.bare(1)
    case .present(let systemIdentifier, let timeline, let standby, let shutdown):
      writer.record(2) {
        $0.field(1, systemIdentifier)
        $0.field(2, timeline)
        $0.field(3, standby)
        $0.optional(4, shutdown?.rawValue)
      }
    }
  }

  public init(from reader: inout WireReader) throws(WireError) {
    switch try reader.kind(of: "an observed database's data") {
    case 1: self = try reader.bare(.absent)
    case 2: self = try Self.present(reader.nested())
    case let other: throw reader.unknownKind(other)
    }
    try reader.end()
  }

  private static func present(
    _ reader: consuming WireReader
  ) throws(WireError) -> DatabaseObservation.Data {
    var systemIdentifier: UInt64 = 0
    var timeline: UInt64 = 0
    var standby = false
    var shutdown: LSN?
    while let field = try reader.next() {
      switch field {
      case 1: systemIdentifier = try reader.uint()
      case 2: timeline = try reader.uint()
      case 3: standby = try reader.bool()
      case 4: shutdown = try reader.lsn()
      default: try reader.skip()
      }
    }
    return .present(
      systemIdentifier: systemIdentifier, timeline: timeline, standby: standby, shutdown: shutdown)
  }
}

extension DatabaseObservation.Server: WireCodable {
  public func encode(into writer: inout WireWriter) {
    switch self {
    case .stopped: writer.bare(1)
    case .busy: writer.bare(2)
    case .primary(let position, let synchronousStandby, let standbys):
      writer.record(3) {
        $0.field(1, position)
        $0.optional(2, synchronousStandby)
        $0.repeated(3, standbys)
      }
    case .standby(let received, let replayed, let streaming, let name, let upstream):
      writer.record(4) {
        $0.field(1, received)
        $0.field(2, replayed)
        $0.field(3, streaming)
        $0.field(4, name)
        $0.field(5, upstream)
      }
    }
  }

  public init(from reader: inout WireReader) throws(WireError) {
    switch try reader.kind(of: "an observed database's server") {
    case 1: self = try reader.bare(.stopped)
    case 2: self = try reader.bare(.busy)
    case 3: self = try Self.primary(reader.nested())
    case 4: self = try Self.standby(reader.nested())
    case let other: throw reader.unknownKind(other)
    }
    try reader.end()
  }

  private static func primary(
    _ reader: consuming WireReader
  ) throws(WireError) -> DatabaseObservation.Server {
    var position = LSN(0)
    var synchronousStandby: String?
    var standbys: [DatabaseObservation.Standby] = []
    while let field = try reader.next() {
      switch field {
      case 1: position = try reader.lsn()
      case 2: synchronousStandby = try reader.string()
      case 3: standbys.append(try reader.record())
      default: try reader.skip()
      }
    }
    return .primary(position: position, synchronousStandby: synchronousStandby, standbys: standbys)
  }

  private static func standby(
    _ reader: consuming WireReader
  ) throws(WireError) -> DatabaseObservation.Server {
    var received = LSN(0)
    var replayed = LSN(0)
    var streaming = false
    var name = ""
    var upstream = ""
    while let field = try reader.next() {
      switch field {
      case 1: received = try reader.lsn()
      case 2: replayed = try reader.lsn()
      case 3: streaming = try reader.bool()
      case 4: name = try reader.string()
      case 5: upstream = try reader.string()
      default: try reader.skip()
      }
    }
    return .standby(
      received: received, replayed: replayed, streaming: streaming, name: name, upstream: upstream)
  }
}

extension DatabaseObservation.Standby: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, name)
    writer.field(2, isStreaming)
    writer.field(3, isSynchronous)
    writer.field(4, flushed)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    self.init(name: "", isStreaming: false, isSynchronous: false, flushed: LSN(0))
    while let field = try reader.next() {
      switch field {
      case 1: name = try reader.string()
      case 2: isStreaming = try reader.bool()
      case 3: isSynchronous = try reader.bool()
      case 4: flushed = try reader.lsn()
      default: try reader.skip()
      }
    }
  }
}
