public import WireFormat

// How what stands in the log is encoded, on disk and in messages. Field numbers are never given twice: a
// field that is dropped leaves its number unused.

extension Position: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, index)
    writer.field(2, term)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    self = .zero
    while let field = try reader.next() {
      switch field {
      case 1: index = try reader.uint()
      case 2: term = try reader.uint()
      default: throw reader.unknown(field)
      }
    }
  }
}

extension Entry: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, index)
    writer.field(2, term)
    writer.field(3, payload)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    var position = Position.zero
    var payload: Payload?
    while let field = try reader.next() {
      switch field {
      case 1: position.index = try reader.uint()
      case 2: position.term = try reader.uint()
      case 3: payload = try reader.record()
      default: throw reader.unknown(field)
      }
    }
    guard let payload else { throw .malformed("entry \(position.index) carries nothing") }
    self.init(position: position, payload: payload)
  }
}

extension Payload: WireCodable {
  private enum Kind {
    static let empty: UInt64 = 1
    static let command: UInt64 = 2
    static let membership: UInt64 = 3
  }

  public func encode(into writer: inout WireWriter) {
    switch self {
    case .empty:
      writer.field(1, Kind.empty)
    case .command(let bytes):
      writer.field(1, Kind.command)
      writer.field(2, bytes)
    case .membership(let membership):
      writer.field(1, Kind.membership)
      writer.field(3, membership)
    }
  }

  public init(from reader: inout WireReader) throws(WireError) {
    var kind: UInt64 = 0
    var bytes: [UInt8]?
    var membership: Membership?
    while let field = try reader.next() {
      switch field {
      case 1: kind = try reader.uint()
      case 2: bytes = try reader.data()
      case 3: membership = try reader.record()
      default: throw reader.unknown(field)
      }
    }
    switch (kind, bytes, membership) {
    case (Kind.empty, nil, nil): self = .empty
    case (Kind.command, _, nil): self = .command(bytes ?? [])
    case (Kind.membership, nil, let membership?): self = .membership(membership)
    case (Kind.empty...Kind.membership, _, _): throw .malformed("payload of kind \(kind) does not fit it")
    default: throw .unknownKind(kind)
    }
  }
}

extension Membership: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.packed(1, voters.map(\.rawValue))
    writer.packed(2, outgoing.map(\.rawValue))
    writer.packed(3, learners.map(\.rawValue))
  }

  public init(from reader: inout WireReader) throws(WireError) {
    var voters: [UInt64] = []
    var outgoing: [UInt64] = []
    var learners: [UInt64] = []
    while let field = try reader.next() {
      switch field {
      case 1: voters = try reader.packed()
      case 2: outgoing = try reader.packed()
      case 3: learners = try reader.packed()
      default: throw reader.unknown(field)
      }
    }
    self.init(
      voters: voters.map(NodeID.init), outgoing: outgoing.map(NodeID.init),
      learners: learners.map(NodeID.init))
  }
}

extension HardState: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, term)
    // One above the id, as a field with the value 0 is not written.
    writer.field(2, vote.map { $0.rawValue &+ 1 } ?? 0)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    self.init()
    while let field = try reader.next() {
      switch field {
      case 1: term = try reader.uint()
      case 2: vote = NodeID(try reader.uint() &- 1)
      default: throw reader.unknown(field)
      }
    }
  }
}

extension Snapshot: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, position)
    writer.field(2, membership)
    writer.field(3, state)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    var position: Position?
    var membership: Membership?
    var state: [UInt8] = []
    while let field = try reader.next() {
      switch field {
      case 1: position = try reader.record()
      case 2: membership = try reader.record()
      case 3: state = try reader.data()
      default: throw reader.unknown(field)
      }
    }
    guard let position, let membership else { throw .malformed("snapshot without its place or membership") }
    self.init(position: position, membership: membership, state: state)
  }
}
