import Raft
public import WireFormat

extension TaskTemplate: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, image)
    writer.optional(2, entrypoint)
    writer.optional(3, command)
    writer.repeated(4, environment)
    writer.optional(5, user)
    writer.optional(6, workingDirectory)
    writer.optional(7, hostname)
    writer.repeated(8, labels)
    writer.repeated(9, mounts)
    writer.repeated(10, networks)
    writer.repeated(11, ports)
    writer.field(12, healthcheck)
    writer.field(13, stopGracePeriod)
    writer.optional(14, stopSignal)
    writer.field(15, resources)
    writer.optional(16, runsInit)
    writer.field(17, isReadOnly)
    writer.repeated(18, temporaryFilesystems)
    writer.repeated(19, addedCapabilities)
    writer.repeated(20, droppedCapabilities)
    writer.repeated(21, sysctls)
    writer.repeated(22, ulimits)
    writer.repeated(23, extraHosts)
    writer.repeated(24, nameServers)
    writer.field(25, logging)
    writer.optional(26, sharedMemoryBytes)
    writer.repeated(27, securityOptions)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    self.init(image: "")
    stopGracePeriod = .zero
    while let field = try reader.next() {
      switch field {
      case 1: image = try reader.string()
      case 2: entrypoint = try reader.texts()
      case 3: command = try reader.texts()
      case 4: environment.append(try reader.record())
      case 5: user = try reader.string()
      case 6: workingDirectory = try reader.string()
      case 7: hostname = try reader.string()
      case 8: labels.append(try reader.record())
      case 9: mounts.append(try reader.record())
      case 10: networks.append(try reader.string())
      case 11: ports.append(try reader.record())
      case 12: healthcheck = try reader.record()
      case 13: stopGracePeriod = try reader.duration()
      case 14: stopSignal = try reader.string()
      case 15: resources = try reader.record()
      case 16: runsInit = try reader.bool()
      case 17: isReadOnly = try reader.bool()
      case 18: temporaryFilesystems.append(try reader.string())
      case 19: addedCapabilities.append(try reader.string())
      case 20: droppedCapabilities.append(try reader.string())
      case 21: sysctls.append(try reader.record())
      case 22: ulimits.append(try reader.record())
      case 23: extraHosts.append(try reader.string())
      case 24: nameServers.append(try reader.string())
      case 25: logging = try reader.record()
      case 26: sharedMemoryBytes = try reader.int64()
      case 27: securityOptions.append(try reader.string())
      default: throw reader.unknown(field)
      }
    }
    environment = environment.sortedByName()
    labels = labels.sortedByName()
    sysctls = sysctls.sortedByName()
  }
}

extension Mount: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, kind)
    writer.field(2, source)
    writer.field(3, target)
    writer.field(4, isReadOnly)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    var kind: Kind?
    var source = ""
    var target = ""
    var isReadOnly = false
    while let field = try reader.next() {
      switch field {
      case 1: kind = try reader.record()
      case 2: source = try reader.string()
      case 3: target = try reader.string()
      case 4: isReadOnly = try reader.bool()
      default: throw reader.unknown(field)
      }
    }
    self.init(
      kind: try kind.required("a mount's kind"), source: source, target: target, isReadOnly: isReadOnly)
  }
}

extension Mount.Kind: WireCodable {
  public func encode(into writer: inout WireWriter) {
    switch self {
    case .bind: writer.bare(1)
    case .volume(let driverOptions): writer.record(2) { $0.repeated(1, driverOptions) }
    case .temporary: writer.bare(3)
    }
  }

  public init(from reader: inout WireReader) throws(WireError) {
    switch try reader.kind(of: "a mount's kind") {
    case 1: self = try reader.bare(.bind)
    case 2: self = .volume(driverOptions: try Self.driverOptions(reader.nested()))
    case 3: self = try reader.bare(.temporary)
    case let other: throw reader.unknownKind(other)
    }
    try reader.end()
  }

  private static func driverOptions(_ reader: consuming WireReader) throws(WireError) -> [Setting] {
    var options: [Setting] = []
    while let field = try reader.next() {
      switch field {
      case 1: options.append(try reader.record())
      default: throw reader.unknown(field)
      }
    }
    return options.sortedByName()
  }
}

extension Port: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, target)
    writer.field(2, published)
    writer.field(3, transport)
    writer.field(4, mode)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    self.init(target: 0, published: 0)
    while let field = try reader.next() {
      switch field {
      case 1: target = try reader.int()
      case 2: published = try reader.int()
      case 3: transport = try reader.enumeration()
      case 4: mode = try reader.enumeration()
      default: throw reader.unknown(field)
      }
    }
  }
}

extension Healthcheck: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.repeated(1, test)
    writer.field(2, interval)
    writer.field(3, timeout)
    writer.field(4, startPeriod)
    writer.field(5, retries)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    self.init(test: [], interval: .zero, timeout: .zero, retries: 0)
    while let field = try reader.next() {
      switch field {
      case 1: test.append(try reader.string())
      case 2: interval = try reader.duration()
      case 3: timeout = try reader.duration()
      case 4: startPeriod = try reader.duration()
      case 5: retries = try reader.int()
      default: throw reader.unknown(field)
      }
    }
  }
}

extension Resources: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, limitNanoCPUs)
    writer.field(2, limitMemoryBytes)
    writer.field(3, limitProcesses)
    writer.field(4, reservedNanoCPUs)
    writer.field(5, reservedMemoryBytes)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    self.init()
    while let field = try reader.next() {
      switch field {
      case 1: limitNanoCPUs = try reader.int64()
      case 2: limitMemoryBytes = try reader.int64()
      case 3: limitProcesses = try reader.int64()
      case 4: reservedNanoCPUs = try reader.int64()
      case 5: reservedMemoryBytes = try reader.int64()
      default: throw reader.unknown(field)
      }
    }
  }
}

extension Ulimit: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, name)
    writer.field(2, soft)
    writer.field(3, hard)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    self.init(name: "", soft: 0, hard: 0)
    while let field = try reader.next() {
      switch field {
      case 1: name = try reader.string()
      case 2: soft = try reader.int64()
      case 3: hard = try reader.int64()
      default: throw reader.unknown(field)
      }
    }
  }
}

extension Logging: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, driver)
    writer.repeated(2, options)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    self.init(driver: "", options: [])
    while let field = try reader.next() {
      switch field {
      case 1: driver = try reader.string()
      case 2: options.append(try reader.record())
      default: throw reader.unknown(field)
      }
    }
    options = options.sortedByName()
  }
}
