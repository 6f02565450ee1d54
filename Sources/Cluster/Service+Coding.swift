import Raft
public import WireFormat

extension Service: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, name)
    writer.field(2, template)
    writer.field(3, mode)
    writer.field(4, placement)
    writer.field(5, restart)
    writer.field(6, update)
    writer.field(7, rollback)
    writer.repeated(8, labels)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    var name = ""
    var template: TaskTemplate?
    var mode: Mode?
    var placement: Placement?
    var restart: RestartPolicy?
    var update: UpdatePolicy?
    var rollback: UpdatePolicy?
    var labels: [Setting] = []
    while let field = try reader.next() {
      switch field {
      case 1: name = try reader.string()
      case 2: template = try reader.record()
      case 3: mode = try reader.record()
      case 4: placement = try reader.record()
      case 5: restart = try reader.record()
      case 6: update = try reader.record()
      case 7: rollback = try reader.record()
      case 8: labels.append(try reader.record())
      default: throw reader.unknown(field)
      }
    }
    self.init(
      name: name, template: try template.required("a service's template"),
      mode: try mode.required("a service's mode"),
      placement: try placement.required("a service's placement"),
      restart: try restart.required("a service's restart policy"),
      update: try update.required("a service's update policy"),
      rollback: try rollback.required("a service's rollback policy"),
      labels: labels.sortedByName())
  }
}

extension Service.Mode: WireCodable {
  public func encode(into writer: inout WireWriter) {
    switch self {
    case .replicated(let count): writer.present(1, count)
    case .global: writer.bare(2)
    }
  }

  public init(from reader: inout WireReader) throws(WireError) {
    switch try reader.kind(of: "a service's mode") {
    case 1: self = .replicated(try reader.int())
    case 2: self = try reader.bare(.global)
    case let other: throw reader.unknownKind(other)
    }
    try reader.end()
  }
}

extension Placement: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.repeated(1, constraints)
    writer.repeated(2, spread)
    writer.field(3, maximumPerNode)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    self.init()
    while let field = try reader.next() {
      switch field {
      case 1: constraints.append(try reader.record())
      case 2: spread.append(try reader.string())
      case 3: maximumPerNode = try reader.int()
      default: throw reader.unknown(field)
      }
    }
  }
}

extension Constraint: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, attribute)
    writer.field(2, isEqual)
    writer.field(3, value)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    var attribute: Attribute?
    var isEqual = false
    var value = ""
    while let field = try reader.next() {
      switch field {
      case 1: attribute = try reader.record()
      case 2: isEqual = try reader.bool()
      case 3: value = try reader.string()
      default: throw reader.unknown(field)
      }
    }
    self.init(
      attribute: try attribute.required("a constraint's attribute"), isEqual: isEqual, value: value)
  }
}

extension Constraint.Attribute: WireCodable {
  public func encode(into writer: inout WireWriter) {
    switch self {
    case .id: writer.bare(1)
    case .hostname: writer.bare(2)
    case .role: writer.bare(3)
    case .zone: writer.bare(4)
    case .operatingSystem: writer.bare(5)
    case .architecture: writer.bare(6)
    case .label(let name): writer.present(7, name)
    }
  }

  public init(from reader: inout WireReader) throws(WireError) {
    switch try reader.kind(of: "a constraint's attribute") {
    case 1: self = try reader.bare(.id)
    case 2: self = try reader.bare(.hostname)
    case 3: self = try reader.bare(.role)
    case 4: self = try reader.bare(.zone)
    case 5: self = try reader.bare(.operatingSystem)
    case 6: self = try reader.bare(.architecture)
    case 7: self = .label(try reader.string())
    case let other: throw reader.unknownKind(other)
    }
    try reader.end()
  }
}

extension RestartPolicy: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, condition)
    writer.field(2, delay)
    writer.field(3, maximumAttempts)
    writer.field(4, window)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    self.init(delay: .zero, window: .zero)
    while let field = try reader.next() {
      switch field {
      case 1: condition = try reader.enumeration()
      case 2: delay = try reader.duration()
      case 3: maximumAttempts = try reader.int()
      case 4: window = try reader.duration()
      default: throw reader.unknown(field)
      }
    }
  }
}

extension UpdatePolicy: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, parallelism)
    writer.field(2, delay)
    writer.field(3, monitor)
    writer.field(4, failureAction)
    writer.field(5, maximumFailurePermille)
    writer.field(6, order)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    self.init(parallelism: 0, monitor: .zero)
    while let field = try reader.next() {
      switch field {
      case 1: parallelism = try reader.int()
      case 2: delay = try reader.duration()
      case 3: monitor = try reader.duration()
      case 4: failureAction = try reader.enumeration()
      case 5: maximumFailurePermille = try reader.int()
      case 6: order = try reader.enumeration()
      default: throw reader.unknown(field)
      }
    }
  }
}
