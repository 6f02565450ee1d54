internal import Cluster
internal import Raft

/// A service's `deploy`: how many, where, and how they change.
enum DeployReader {
  static func read(_ element: Element, into service: inout Service) {
    guard let record = Record(element, ServiceKeys.deploy) else { return }
    service.mode = readMode(record)
    service.labels = record["labels"]?.settings(check: checkCacheLabel) ?? []
    if let update = record["update_config"] { readUpdate(update, isRollback: false, into: &service.update) }
    if let rollback = record["rollback_config"] {
      readUpdate(rollback, isRollback: true, into: &service.rollback)
    }
    if let restart = record["restart_policy"] { readRestart(restart, into: &service.restart) }
    if let placement = record["placement"] { readPlacement(placement, into: &service.placement) }
    if let resources = record["resources"] { readResources(resources, into: &service.template.resources) }
  }

  /// Labels are for whoever reads them, but this one is for Tercet: with another value the service's tasks would be
  /// caches that nobody purges.
  private static func checkCacheLabel(_ element: Element, _ label: Setting) {
    guard label.name == Service.cacheLabel, Service.cachePort(of: label.value) == nil else { return }
    element.error(
      "`\(label.value)` is no port of Varnish's command line",
      remedy: "write a port from 1 to 65535, or `true` for 6082, or leave the label out")
  }

  private static func readMode(_ record: Record) -> Service.Mode {
    let replicas = record["replicas"]?.integer(0...Service.maximumReplicas)
    guard let element = record["mode"] else { return .replicated(replicas ?? 1) }
    switch element.text() {
    case "global":
      if replicas != nil {
        record.keyElement("replicas")?.error(
          "a global service has one task a node", remedy: "leave out `replicas`, or `mode: global`")
      }
      return .global
    case "replicated", nil: break
    case "replicated-job", "global-job":
      element.error(
        "jobs are not supported", remedy: "run it as a service with `restart_policy.condition: none`")
    case let mode?: element.error("`\(mode)` is neither `replicated` nor `global`")
    }
    return .replicated(replicas ?? 1)
  }

  private static func readUpdate(_ element: Element, isRollback: Bool, into policy: inout UpdatePolicy) {
    guard let record = Record(element, ServiceKeys.update) else { return }
    if let parallelism = record["parallelism"]?.integer(0...Service.maximumReplicas) {
      policy.parallelism = parallelism
    }
    if let delay = record["delay"]?.duration() { policy.delay = delay }
    if let monitor = record["monitor"]?.duration() { policy.monitor = monitor }
    if let ratio = record["max_failure_ratio"]?.permille() { policy.maximumFailurePermille = ratio }
    if let order = record["order"]?.choice([
      "stop-first": UpdatePolicy.Order.stopFirst, "start-first": .startFirst,
    ]) {
      policy.order = order
    }
    let actions: KeyValuePairs = [
      "pause": UpdatePolicy.FailureAction.pause, "continue": .proceed, "rollback": .rollBack,
    ]
    guard let element = record["failure_action"], let action = element.choice(actions) else { return }
    if isRollback, action == .rollBack {
      element.error("a failed rollback cannot be rolled back", remedy: "write `pause` or `continue`")
    }
    policy.failureAction = action
  }

  private static func readRestart(_ element: Element, into policy: inout RestartPolicy) {
    guard let record = Record(element, ServiceKeys.restartPolicy) else { return }
    let conditions: KeyValuePairs = [
      "any": RestartPolicy.Condition.any, "on-failure": .onFailure, "none": .none,
    ]
    if let condition = record["condition"]?.choice(conditions) { policy.condition = condition }
    if let delay = record["delay"]?.duration() { policy.delay = delay }
    if let attempts = record["max_attempts"]?.integer(0...Int(Int32.max)) {
      policy.maximumAttempts = attempts
    }
    if let window = record["window"]?.duration() { policy.window = window }
  }

  private static func readResources(_ element: Element, into resources: inout Resources) {
    guard let record = Record(element, ServiceKeys.resources) else { return }
    if let limits = record["limits"].flatMap({ Record($0, ServiceKeys.limits) }) {
      resources.limitNanoCPUs = limits["cpus"]?.nanoCPUs() ?? 0
      resources.limitMemoryBytes = limits["memory"]?.byteCount() ?? 0
      resources.limitProcesses = Int64(limits["pids"]?.integer(0...Int(Int32.max)) ?? 0)
    }
    if let reservations = record["reservations"].flatMap({ Record($0, ServiceKeys.reservations) }) {
      resources.reservedNanoCPUs = reservations["cpus"]?.nanoCPUs() ?? 0
      resources.reservedMemoryBytes = reservations["memory"]?.byteCount() ?? 0
    }
    for (limit, reserved, name) in [
      (resources.limitNanoCPUs, resources.reservedNanoCPUs, "cpus"),
      (resources.limitMemoryBytes, resources.reservedMemoryBytes, "memory"),
    ] where limit > 0 && reserved > limit {
      element.error("more \(name) is reserved than the limit allows")
    }
  }
}
