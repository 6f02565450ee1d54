import Raft
public import WireFormat

extension ManagerMember: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, id)
    writer.field(2, name)
    writer.field(3, zone)
    writer.field(4, address)
    writer.field(5, peersPort)
    writer.field(6, operatorsPort)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    self.init(id: 0, name: "", zone: "", address: "", peersPort: 0, operatorsPort: 0)
    while let field = try reader.next() {
      switch field {
      case 1: id = try reader.uint()
      case 2: name = try reader.string()
      case 3: zone = try reader.string()
      case 4: address = try reader.string()
      case 5: peersPort = try reader.int()
      case 6: operatorsPort = try reader.int()
      default: throw reader.unknown(field)
      }
    }
  }
}

extension ManagerChange: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, adding)
    writer.optional(2, removing?.rawValue)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    self.init()
    while let field = try reader.next() {
      switch field {
      case 1: adding = try reader.record()
      case 2: removing = NodeID(try reader.uint())
      default: throw reader.unknown(field)
      }
    }
  }
}

extension ManagerStep: WireCodable {
  public func encode(into writer: inout WireWriter) {
    switch self {
    case .disk(let id, let disk):
      writer.record(1) {
        $0.field(1, id.rawValue)
        $0.field(2, disk.bytes)
      }
    case .completed(let index): writer.present(2, index)
    }
  }

  public init(from reader: inout WireReader) throws(WireError) {
    switch try reader.kind(of: "a step of a change of managers") {
    case 1: self = try Self.disk(reader.nested())
    case 2: self = .completed(try reader.uint())
    case let other: throw reader.unknownKind(other)
    }
    try reader.end()
  }

  private static func disk(_ reader: consuming WireReader) throws(WireError) -> ManagerStep {
    var id: UInt64 = 0
    var disk: Incarnation?
    while let field = try reader.next() {
      switch field {
      case 1: id = try reader.uint()
      case 2: disk = try reader.incarnation()
      default: throw reader.unknown(field)
      }
    }
    return .disk(NodeID(id), try disk.required("a manager's disk"))
  }
}

extension ManagerRoster: WireCodable {
  public func encode(into writer: inout WireWriter) {
    for joined in joined.values {
      writer.record(1) {
        $0.field(1, joined.member)
        $0.field(2, joined.disk?.bytes ?? [])
      }
    }
    writer.packed(2, removed.lazy.map(\.rawValue))
    if let change {
      writer.record(3) {
        $0.field(1, change.index)
        $0.field(2, change.change)
      }
    }
    writer.packed(4, givenUp.lazy.map(\.rawValue))
  }

  public init(from reader: inout WireReader) throws(WireError) {
    self.init()
    while let field = try reader.next() {
      switch field {
      case 1: try readJoined(reader.nested())
      case 2: removed = try reader.packed().map(NodeID.init)
      case 3: change = try Self.begun(reader.nested())
      case 4: givenUp = try reader.packed().map(NodeID.init)
      default: throw reader.unknown(field)
      }
    }
  }

  private mutating func readJoined(_ reader: consuming WireReader) throws(WireError) {
    var member: ManagerMember?
    var disk: Incarnation?
    while let field = try reader.next() {
      switch field {
      case 1: member = try reader.record()
      case 2: disk = try reader.incarnation()
      default: throw reader.unknown(field)
      }
    }
    let found = try member.required("a manager that joined")
    joined[found.node] = Joined(member: found, disk: disk)
  }

  private static func begun(_ reader: consuming WireReader) throws(WireError) -> Begun {
    var index: UInt64 = 0
    var change: ManagerChange?
    while let field = try reader.next() {
      switch field {
      case 1: index = try reader.uint()
      case 2: change = try reader.record()
      default: throw reader.unknown(field)
      }
    }
    return Begun(index: index, change: try change.required("a change of managers"))
  }
}
