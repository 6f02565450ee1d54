public import WireFormat

extension NodeDescription: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, name)
    writer.field(2, zone)
    writer.field(3, address)
    writer.repeated(4, labels)
    writer.field(5, operatingSystem)
    writer.field(6, architecture)
    writer.field(7, isManager)
    writer.field(8, nanoCPUs)
    writer.field(9, memoryBytes)
    writer.field(10, runsContainers)
    writer.field(11, runsDatabases)
    writer.field(12, runsBalancer)
    writer.optional(13, cache)
    writer.field(14, version)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    self.init(name: "", zone: "", address: "")
    operatingSystem = ""
    architecture = ""
    isManager = false
    while let field = try reader.next() {
      switch field {
      case 1: name = try reader.string()
      case 2: zone = try reader.string()
      case 3: address = try reader.string()
      case 4: labels.append(try reader.record())
      case 5: operatingSystem = try reader.string()
      case 6: architecture = try reader.string()
      case 7: isManager = try reader.bool()
      case 8: nanoCPUs = try reader.int64()
      case 9: memoryBytes = try reader.int64()
      case 10: runsContainers = try reader.bool()
      case 11: runsDatabases = try reader.bool()
      case 12: runsBalancer = try reader.bool()
      case 13: cache = try reader.string()
      case 14: version = try reader.string()
      default: throw reader.unknown(field)
      }
    }
    labels = labels.sortedByName()
  }
}

extension Node: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, description)
    writer.field(2, availability)
    writer.field(3, health)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    var description: NodeDescription?
    var availability = Availability.active
    var health = Health.ready
    while let field = try reader.next() {
      switch field {
      case 1: description = try reader.record()
      case 2: availability = try reader.enumeration()
      case 3: health = try reader.enumeration()
      default: throw reader.unknown(field)
      }
    }
    self.init(
      description: try description.required("a node's description"), availability: availability,
      health: health)
  }
}
