public import WireFormat

extension Stack: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, name)
    writer.repeated(2, services)
    writer.repeated(3, databases)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    var name = ""
    var services: [Service] = []
    var databases: [DatabaseSpecification] = []
    while let field = try reader.next() {
      switch field {
      case 1: name = try reader.string()
      case 2: services.append(try reader.record())
      case 3: databases.append(try reader.record())
      default: throw reader.unknown(field)
      }
    }
    self.init(name: name, services: services, databases: databases)
  }
}
