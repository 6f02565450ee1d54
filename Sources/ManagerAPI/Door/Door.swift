import Cluster
import Manager
import NIOHTTP1
import Raft

/// What all connections of the door share: its settings, the manager behind it, and the answers to everything
/// but purges.
struct Door: Sendable {
  let configuration: DoorServer.Configuration
  let names: DoorNames
  let gateway: any ManagerGateway
  let registry: MetricsRegistry
  let metrics: DoorMetrics

  private static let readMethods = "GET, HEAD, OPTIONS"
  /// Where batches of purges are posted to.
  static let batchPath = "/v1/purge"

  func response(to request: DoorRequest) async -> DoorResponse {
    switch request.method {
    case .GET, .HEAD, .OPTIONS: break
    case .POST where request.path == Self.batchPath: return await take(request)
    default: return .methodNotAllowed("\(Self.readMethods), PURGE")
    }
    switch request.path {
    case "/healthz": return health(ViewReader(await gateway.view()))
    case "/metrics": return exposition(ViewReader(await gateway.view()))
    case "/cache":
      let health = CacheHealth(
        reader: ViewReader(await gateway.view()), maximumStaleness: configuration.maximumCacheStaleness)
      return health.answer(cache: request.parameter("cache"))
    case Self.batchPath: return .methodNotAllowed("POST")
    default: break
    }
    guard let question = DatabaseHealth.Question(path: request.path) else {
      return .text(.notFound, "there is nothing at this path; the README's section Doors lists what there is")
    }
    let health = DatabaseHealth(reader: ViewReader(await gateway.view()))
    return health.answer(
      question, database: request.parameter("database"), maximumLag: request.parameter("lag"))
  }

  /// Whether the manager does its part: it knows a leader, and its state is the cluster's.
  private func health(_ reader: ViewReader) -> DoorResponse {
    let leader = reader.leader
    let isWell = leader != nil && reader.view.isCurrent
    return .json(
      isWell ? .ok : .serviceUnavailable,
      ManagerHealth(
        node: reader.view.node, healthy: isWell, leader: leader?.name, term: reader.view.leadership.term,
        appliedIndex: reader.state.appliedIndex))
  }

  private func exposition(_ reader: ViewReader) -> DoorResponse {
    var text = PrometheusText()
    ClusterMetrics(reader: reader, version: configuration.version).write(to: &text)
    ProcessMetrics.write(to: &text)
    registry.write(to: &text)
    return DoorResponse(
      status: .ok, headers: [("content-type", PrometheusText.contentType)], body: text.text)
  }
}

/// `GET /healthz`. Property names are the JSON keys.
public struct ManagerHealth: Hashable, Codable, Sendable {
  /// The manager that answered.
  public var node: String
  /// It knows a leader, and its state is the cluster's. Status 200, otherwise 503.
  public var healthy: Bool
  /// Missing while none is known.
  public var leader: String?
  public var term: UInt64
  public var appliedIndex: UInt64
}
