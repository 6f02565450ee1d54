package import Cluster

/// The labels by which a node knows its own containers, networks and volumes.
package enum Labels {
  static let cluster = "tercet.cluster"
  static let task = "tercet.task"
  static let service = "tercet.service"
  static let stack = "tercet.stack"
  static let slot = "tercet.slot"
  static let node = "tercet.node"
  static let revision = "tercet.revision"

  /// A container's labels: the service's own, and Tercet's, which win.
  package static func container(_ launch: TaskLaunch) -> [String: String] {
    var labels = Dictionary(uniqueKeysWithValues: launch.template.labels.map { ($0.name, $0.value) })
    labels[cluster] = launch.cluster
    labels[task] = launch.task.id.description
    labels[service] = launch.task.service.service
    labels[stack] = launch.task.service.stack
    labels[slot] = String(launch.task.slot)
    labels[node] = launch.task.node
    labels[revision] = String(launch.task.revision)
    return labels
  }

  /// What outlives one container: networks and volumes.
  static func shared(_ launch: TaskLaunch) -> [String: String] {
    [cluster: launch.cluster, stack: launch.task.service.stack]
  }

  static func taskID(_ text: String?) -> TaskID? {
    text.flatMap { UInt64($0, radix: 36) }.map { TaskID($0) }
  }
}
