import Cluster
import Testing
import WireFormat

typealias Coded = WireCodable & Equatable & Sendable

/// A type that has an encoding, and how to draw a value of it.
struct CodedType: Sendable, CustomTestStringConvertible {
  let name: String
  let draw: @Sendable (inout RandomValues) -> any Coded

  var testDescription: String { name }

  func value(seed: UInt64, style: RandomValues.Style) -> any Coded {
    var random = RandomValues(seed: seed, style: style)
    return draw(&random)
  }

  /// All of them.
  static let all: [CodedType] = [
    CodedType(name: "ServiceName") { $0.serviceName() },
    CodedType(name: "RequestID") { $0.requestID() },
    CodedType(name: "Setting") { Setting($0.text(), $0.text()) },
    CodedType(name: "Stack") { $0.stack() },
    CodedType(name: "Service") { $0.service() },
    CodedType(name: "Service.Mode") { $0.serviceMode() },
    CodedType(name: "Placement") { $0.placement() },
    CodedType(name: "Constraint") { $0.constraint() },
    CodedType(name: "Constraint.Attribute") { $0.attribute() },
    CodedType(name: "RestartPolicy") { $0.restartPolicy() },
    CodedType(name: "UpdatePolicy") { $0.updatePolicy() },
    CodedType(name: "TaskTemplate") { $0.template() },
    CodedType(name: "Mount") { $0.mount() },
    CodedType(name: "Mount.Kind") { $0.mountKind() },
    CodedType(name: "Port") { $0.port() },
    CodedType(name: "Healthcheck") { $0.healthcheck() },
    CodedType(name: "Resources") { $0.resources() },
    CodedType(name: "DatabaseSpecification") { $0.databaseSpecification() },
    CodedType(name: "Database") { $0.database() },
    CodedType(name: "Database.Mode") { $0.databaseMode() },
    CodedType(name: "DatabaseStep") { $0.databaseStep() },
    CodedType(name: "NodeDescription") { $0.nodeDescription() },
    CodedType(name: "Node") { $0.node() },
    CodedType(name: "Task") { $0.task() },
    CodedType(name: "Assignment") { $0.assignment() },
    CodedType(name: "ServiceState") { $0.serviceState() },
    CodedType(name: "Rollout") { $0.rollout() },
    CodedType(name: "Rollout.Phase") { $0.rolloutPhase() },
    CodedType(name: "RolloutEvent") { $0.rolloutEvent() },
    CodedType(name: "PurgeQueue") { $0.purgeQueue() },
    CodedType(name: "PurgeQueue.Batch") { $0.purgeBatch(after: 0) },
    CodedType(name: "Cache") { $0.cache() },
    CodedType(name: "Intent") { $0.intent() },
    CodedType(name: "Proposal") { $0.proposal() },
    CodedType(name: "Outcome") { $0.outcome() },
    CodedType(name: "HistoryRecord") { $0.historyRecord() },
    CodedType(name: "Report") { $0.report() },
    CodedType(name: "TaskReport") { $0.taskReport() },
    CodedType(name: "DatabaseObservation") { $0.databaseObservation() },
    CodedType(name: "DatabaseObservation.Data") { $0.databaseData() },
    CodedType(name: "DatabaseObservation.Server") { $0.databaseServer() },
    CodedType(name: "CacheReport") { $0.cacheReport() },
  ]
}
