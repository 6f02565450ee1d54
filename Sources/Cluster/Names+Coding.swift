public import WireFormat

extension ServiceName: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, stack)
    writer.field(2, service)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    self.init(stack: "", service: "")
    while let field = try reader.next() {
      switch field {
      case 1: stack = try reader.string()
      case 2: service = try reader.string()
      default: throw reader.unknown(field)
      }
    }
  }
}

extension RequestID: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, high)
    writer.field(2, low)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    self.init(high: 0, low: 0)
    while let field = try reader.next() {
      switch field {
      case 1: high = try reader.uint()
      case 2: low = try reader.uint()
      default: throw reader.unknown(field)
      }
    }
  }
}

extension Setting: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, name)
    writer.field(2, value)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    self.init("", "")
    while let field = try reader.next() {
      switch field {
      case 1: name = try reader.string()
      case 2: value = try reader.string()
      default: throw reader.unknown(field)
      }
    }
  }
}
