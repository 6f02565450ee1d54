public import Cluster
internal import Raft

/// What operators may ask for. In JSON an object with exactly one key:
///
///     {"deploy": {…a stack, as GET /v1/stacks/NAME gives it…}}
///     {"remove": {"stack": "shop"}}
///     {"scale": {"service": "shop/web", "replicas": 4}}
///     {"promote": {"database": "plone"}}
///     {"purge": {"purges": [{"address": {"host": "www.example.org", "path": "/news"}},
///                           {"ban": {"expression": "obj.http.x-url ~ ^/news/"}},
///                           {"key": {"name": "front-page", "soft": true}}]}}
///     {"drain": {"node": "a"}}
///     {"activate": {"node": "a"}}
///     {"forget": {"node": "d"}}
///     {"addManager": {"id": 4, "name": "d", "zone": "c", "address": "10.0.3.11",
///                     "peersPort": 7444, "operatorsPort": 7443}}
///     {"replaceManager": {"id": 1, "by": {…as in addManager, with an id that nobody had…}}}
///     {"removeManager": {"id": 4}}
public enum OperatorIntent: Hashable, Sendable {
  case deploy(Stack)
  case remove(stack: String)
  case scale(ServiceName, replicas: Int)
  case promote(database: String)
  case purge([Purge])
  case drain(node: String)
  case activate(node: String)
  case forget(node: String)
  case addManager(ManagerMember)
  case replaceManager(id: UInt64, by: ManagerMember)
  case removeManager(id: UInt64)

  /// As it goes into the log.
  public var intent: Intent {
    switch self {
    case .deploy(let stack): .deploy(stack)
    case .remove(let stack): .remove(stack: stack)
    case .scale(let service, let replicas): .scale(service, replicas: replicas)
    case .promote(let database): .promote(database: database)
    case .purge(let purges): .purge(purges)
    case .drain(let node): .drain(node: node)
    case .activate(let node): .activate(node: node)
    case .forget(let node): .forget(node: node)
    case .addManager(let member): .managers(ManagerChange(adding: member))
    case .replaceManager(let id, let member): .managers(ManagerChange(adding: member, removing: NodeID(id)))
    case .removeManager(let id): .managers(ManagerChange(removing: NodeID(id)))
    }
  }
}

extension OperatorIntent: Codable {
  private enum Kind: String, CodingKey, CaseIterable {
    case deploy, remove, scale, promote, purge, drain, activate, forget
    case addManager, replaceManager, removeManager
  }

  private struct Removal: Codable { var stack: String }
  private struct Promotion: Codable { var database: String }
  private struct Purging: Codable { var purges: [Purge] }
  private struct NodeChange: Codable { var node: String }
  private struct ManagerRemoval: Codable { var id: UInt64 }
  private struct Replacement: Codable {
    var id: UInt64
    var by: ManagerMember
  }
  private struct Scaling: Codable {
    var service: String
    var replicas: Int
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Kind.self)
    let names = try decoder.container(keyedBy: AnyKey.self).allKeys
    guard names.count == 1, let kind = container.allKeys.first else {
      let known = Kind.allCases.map(\.rawValue).joined(separator: ", ")
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "it must have exactly one key of \(known)"))
    }
    switch kind {
    case .deploy: self = .deploy(try container.decode(Stack.self, forKey: kind))
    case .remove: self = .remove(stack: try container.decode(Removal.self, forKey: kind).stack)
    case .scale: self = try Self.scale(from: container)
    case .promote: self = .promote(database: try container.decode(Promotion.self, forKey: kind).database)
    case .purge: self = .purge(try container.decode(Purging.self, forKey: kind).purges)
    case .drain: self = .drain(node: try container.decode(NodeChange.self, forKey: kind).node)
    case .activate: self = .activate(node: try container.decode(NodeChange.self, forKey: kind).node)
    case .forget: self = .forget(node: try container.decode(NodeChange.self, forKey: kind).node)
    case .addManager: self = .addManager(try container.decode(ManagerMember.self, forKey: kind))
    case .replaceManager:
      let replacement = try container.decode(Replacement.self, forKey: kind)
      self = .replaceManager(id: replacement.id, by: replacement.by)
    case .removeManager: self = .removeManager(id: try container.decode(ManagerRemoval.self, forKey: kind).id)
    }
  }

  private static func scale(from container: KeyedDecodingContainer<Kind>) throws -> OperatorIntent {
    let scaling = try container.decode(Scaling.self, forKey: .scale)
    guard let service = ServiceName(scaling.service) else {
      throw DecodingError.dataCorruptedError(
        forKey: .scale, in: container, debugDescription: "service must read stack/service")
    }
    return .scale(service, replicas: scaling.replicas)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Kind.self)
    switch self {
    case .deploy(let stack): try container.encode(stack, forKey: .deploy)
    case .remove(let stack): try container.encode(Removal(stack: stack), forKey: .remove)
    case .scale(let service, let replicas):
      try container.encode(
        Scaling(service: service.description, replicas: replicas), forKey: .scale)
    case .promote(let database): try container.encode(Promotion(database: database), forKey: .promote)
    case .purge(let purges): try container.encode(Purging(purges: purges), forKey: .purge)
    case .drain(let node): try container.encode(NodeChange(node: node), forKey: .drain)
    case .activate(let node): try container.encode(NodeChange(node: node), forKey: .activate)
    case .forget(let node): try container.encode(NodeChange(node: node), forKey: .forget)
    case .addManager(let member): try container.encode(member, forKey: .addManager)
    case .replaceManager(let id, let member):
      try container.encode(Replacement(id: id, by: member), forKey: .replaceManager)
    case .removeManager(let id): try container.encode(ManagerRemoval(id: id), forKey: .removeManager)
    }
  }

  /// Sees keys that `Kind` does not know, so that a misspelled one is not passed over.
  private struct AnyKey: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }
}
