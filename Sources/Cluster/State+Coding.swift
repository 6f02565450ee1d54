import DequeModule
import PlantedBugs
public import WireFormat

/// A snapshot's bytes: the whole state. Field 1 is the form's version; a newer one is refused.
extension State: WireCodable {
  private static let formVersion: UInt64 = 1

  public func encode(into writer: inout WireWriter) {
    writer.field(1, Self.formVersion)
    writer.field(2, cluster)
    writer.field(3, appliedIndex)
    writer.repeated(4, nodes.values)
    writer.repeated(5, stacks)
    for (name, service) in services {
      writer.record(6) {
        $0.field(1, name)
        $0.field(2, service)
      }
    }
    writer.repeated(7, tasks.values)
    writer.repeated(8, databases.values)
    writer.repeated(9, caches.values)
    writer.field(10, purges)
    writer.repeated(11, history.intents)
    writer.repeated(12, history.purges)
    for request in requests.order where !planted(.snapshotForgetsRequests) {
      writer.record(13) {
        $0.field(1, request)
        $0.field(2, requests[request]?.index ?? 0)
        $0.field(3, requests[request]?.outcome ?? .accepted)
      }
    }
    if !managers.isEmpty { writer.field(14, managers) }
    if featureLevel > .first { writer.field(15, featureLevel.rawValue) }
  }

  public init(from reader: inout WireReader) throws(WireError) {
    guard try reader.next() == 1 else { throw .malformed("a state without its version") }
    let version = try reader.uint()
    guard version == Self.formVersion else { throw .unsupportedVersion(version) }
    guard try reader.next() == 2 else { throw .malformed("a state without its cluster") }
    self.init(cluster: try reader.string())
    while let field = try reader.next() {
      switch field {
      case 3: appliedIndex = try reader.uint()
      case 4:
        let node = try reader.record(Node.self)
        nodes[node.name] = node
      case 5: stacks.append(try reader.string())
      case 6: try readService(reader.nested())
      case 7:
        let task = try reader.record(Task.self)
        tasks[task.id] = task
      case 8:
        let database = try reader.record(Database.self)
        databases[database.specification.name] = database
      case 9:
        let cache = try reader.record(Cache.self)
        caches[cache.name] = cache
      case 10: purges = try reader.record()
      case 11: history.intents.append(try reader.record())
      case 12: history.purges.append(try reader.record())
      case 13: try readRequest(reader.nested())
      case 14: managers = try reader.record()
      case 15: featureLevel = FeatureLevel(rawValue: try reader.uint())
      default: throw reader.unknown(field)
      }
    }
  }

  private mutating func readService(_ reader: consuming WireReader) throws(WireError) {
    var name: ServiceName?
    var service: ServiceState?
    while let field = try reader.next() {
      switch field {
      case 1: name = try reader.record()
      case 2: service = try reader.record()
      default: throw reader.unknown(field)
      }
    }
    services[try name.required("a service's name")] = try service.required("a service")
  }

  private mutating func readRequest(_ reader: consuming WireReader) throws(WireError) {
    var request: RequestID?
    var index: UInt64 = 0
    var outcome: Outcome?
    while let field = try reader.next() {
      switch field {
      case 1: request = try reader.record()
      case 2: index = try reader.uint()
      case 3: outcome = try reader.record()
      default: throw reader.unknown(field)
      }
    }
    requests.record(
      try request.required("a request's identity"),
      RequestLedger.Answer(index: index, outcome: try outcome.required("a request's outcome")))
  }
}
