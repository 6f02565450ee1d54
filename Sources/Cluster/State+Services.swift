public import Raft

// MARK: Stacks and services

extension State {
  /// Makes the stack's services and databases what the file says. A service whose template changed gets a new
  /// revision and a rollout; one that is no longer in the file goes with its tasks; a database that is no
  /// longer in the file stays, for its data's sake.
  mutating func deploy(_ stack: Stack, at index: Index) -> Outcome {
    if let reason = refusal(of: stack) { return .refused(reason: reason) }
    let before = (services, databases, stacks)
    if !stacks.contains(stack.name) {
      stacks.append(stack.name)
      stacks.sort()
    }
    let wanted = Set(stack.services.map(\.name))
    let gone = services.keys.filter { $0.stack == stack.name && !wanted.contains($0.service) }
    for name in gone { removeService(name) }
    for service in stack.services {
      deploy(service, as: ServiceName(stack: stack.name, service: service.name), at: index)
    }
    for specification in stack.databases {
      deploy(specification, of: stack.name)
    }
    return (services, databases, stacks) == before ? .unchanged : .accepted
  }

  private func refusal(of stack: Stack) -> String? {
    guard isValidName(stack.name) else { return "\(stack.name) is no valid name for a stack" }
    for (first, second) in zip(stack.services, stack.services.dropFirst()) where first.name == second.name {
      return "service \(first.name) stands twice in stack \(stack.name)"
    }
    for service in stack.services {
      guard isValidName(service.name) else { return "\(service.name) is no valid name for a service" }
      if case .replicated(let count) = service.mode, !(0...Service.maximumReplicas).contains(count) {
        return "service \(service.name): replicas must be from 0 to \(Service.maximumReplicas), not \(count)"
      }
      if let reason = service.impossibleNumber { return reason }
      if let unknown = service.template.unknownPlaceholders().first {
        return "service \(service.name): nothing can be put in the place of \(unknown)"
      }
      if let reason = portConflict(of: service, in: stack) { return reason }
    }
    for specification in stack.databases {
      if let reason = refusal(of: specification, of: stack.name) { return reason }
    }
    return databaseConflict(in: stack)
  }

  /// A published port belongs to one service in the cluster.
  private func portConflict(of service: Service, in stack: Stack) -> String? {
    func conflict(_ port: Port, _ other: TaskTemplate) -> Bool {
      other.ports.contains { $0.published == port.published && $0.transport == port.transport }
    }
    var published: [(number: Int, transport: Port.Transport)] = []
    for port in service.template.ports {
      if port.transport == .tcp, let holder = holder(ofPort: port.published, in: stack) {
        return "port \(port.published) of \(stack.name)/\(service.name) is that of \(holder)"
      }
      if published.contains(where: { $0 == (port.published, port.transport) }) {
        return "port \(port.published) is published twice by \(stack.name)/\(service.name)"
      }
      published.append((port.published, port.transport))
      let here = stack.services.first { $0.name != service.name && conflict(port, $0.template) }
      let elsewhere = services.first {
        $0.0.stack != stack.name && conflict(port, $0.1.specification.template)
      }
      if let holder = here.map({ "\(stack.name)/\($0.name)" }) ?? elsewhere?.0.description {
        return "port \(port.published) of \(stack.name)/\(service.name) is published by \(holder)"
      }
    }
    return nil
  }

  /// What else than a service listens at a port of every node: one failed opening would keep the load balancer from
  /// every change.
  private func holder(ofPort port: Int, in stack: Stack) -> String? {
    if Self.managerPorts.contains(port) { return "the managers" }
    let all = stack.databases + databases.values.map(\.specification)
    return all.first { $0.port == port }.map { "database \($0.name)" }
  }

  /// The service that publishes a port and is no part of the stack.
  func publisher(ofPort port: Int, besides stack: String) -> ServiceName? {
    services.first { name, service in
      name.stack != stack
        && service.specification.template.ports.contains { $0.published == port && $0.transport == .tcp }
    }?.0
  }

  private mutating func deploy(_ service: Service, as name: ServiceName, at index: Index) {
    guard var state = services[name] else {
      services[name] = ServiceState(specification: service, revision: index)
      return
    }
    let changed = state.specification.template != service.template
    state.specification = service
    if changed { state.begin(service.template, at: index) }
    services[name] = state
  }

  mutating func remove(stack: String) -> Outcome {
    guard stacks.contains(stack) else { return .refused(reason: "there is no stack \(stack)") }
    if let database = databases.values.first(where: { $0.stack == stack }) {
      return .refused(
        reason:
          "stack \(stack) holds the database \(database.specification.name); Tercet does not delete data")
    }
    for name in services.keys where name.stack == stack { removeService(name) }
    stacks.removeAll { $0 == stack }
    return .accepted
  }

  private mutating func removeService(_ name: ServiceName) {
    services[name] = nil
    tasks.removeAll { $1.service == name }
  }

  mutating func scale(_ name: ServiceName, to replicas: Int) -> Outcome {
    guard let service = services[name] else { return .refused(reason: "there is no service \(name)") }
    guard (0...Service.maximumReplicas).contains(replicas) else {
      return .refused(reason: "replicas must be from 0 to \(Service.maximumReplicas), not \(replicas)")
    }
    switch service.specification.mode {
    case .global: return .refused(reason: "\(name) is global: it runs once on every node that fits")
    case .replicated(replicas): return .unchanged
    case .replicated:
      services.update(name) { $0.specification.mode = .replicated(replicas) }
      return .accepted
    }
  }
}

extension Service {
  /// The most tasks a service may have: beyond it a typing error is more likely than a wish.
  public static let maximumReplicas = 1_000
  /// The most ports that a service may publish; a stack file that is above it holds a typing error.
  public static let maximumPorts = 1_000
  /// No time in a service's settings is longer.
  public static let maximumDuration = Duration.seconds(366 * 86_400)

  /// What no service can have, as a sentence; nil when all numbers make sense. A client may send anything, and what
  /// is in the log is calculated with for ever.
  fileprivate var impossibleNumber: String? {
    let policies = [update, rollback]
    let resources = template.resources
    let limits = [
      resources.limitNanoCPUs, resources.limitMemoryBytes, resources.limitProcesses,
      resources.reservedNanoCPUs,
      resources.reservedMemoryBytes,
    ]
    let durations =
      policies.flatMap { [$0.delay, $0.monitor] } + [restart.delay, restart.window, template.stopGracePeriod]
      + (template.healthcheck.map { [$0.interval, $0.timeout, $0.startPeriod] } ?? [])
    func refuse(_ what: String) -> String { "service \(name): \(what)" }
    if template.ports.count > Self.maximumPorts {
      return refuse("it publishes more than \(Self.maximumPorts) ports")
    }
    if template.ports.contains(where: {
      !(1...65_535).contains($0.target) || !(1...65_535).contains($0.published)
    }) {
      return refuse("a port is not from 1 to 65535")
    }
    if policies.contains(where: { !(0...1_000).contains($0.maximumFailurePermille) }) {
      return refuse("a failure ratio is not from 0 to 1")
    }
    if policies.contains(where: { $0.parallelism < 0 }) { return refuse("a parallelism is negative") }
    if restart.maximumAttempts < 0 || placement.maximumPerNode < 0 { return refuse("a limit is negative") }
    if limits.contains(where: { !(0...1 << 56).contains($0) }) {
      return refuse("a resource limit makes no sense")
    }
    if durations.contains(where: { $0 < .zero || $0 > Self.maximumDuration }) {
      return refuse("a duration is negative or longer than a year")
    }
    return nil
  }
}

extension ServiceState {
  /// Brings a new template in force. When the one to go back to is still being rolled out itself, the older
  /// one, known to have worked, stays the one to go back to.
  mutating func begin(_ template: TaskTemplate, at index: Index) {
    let settled =
      switch rollout?.phase {
      case .completed?, .rolledBack?, nil: true
      case .updating?, .paused?, .rollingBack?: false
      }
    let from = settled ? revision : (previousRevision ?? revision)
    previousRevision = from
    revision = index
    revisions.append(Revision(number: index, template: template))
    rollout = Rollout(from: from, to: index)
  }
}

// MARK: Tasks and rollouts

extension State {
  /// Replaces tasks, all or nothing: a decision made on a state that has moved on is refused, and made anew.
  mutating func assign(remove: [TaskID], add: [Assignment], at index: Index) -> Outcome {
    guard remove.allSatisfy({ tasks[$0] != nil }) else {
      return .refused(reason: "a task to be removed is gone already")
    }
    for assignment in add {
      guard let service = services[assignment.service], service.template(of: assignment.revision) != nil
      else {
        return .refused(reason: "\(assignment.service) has no revision \(assignment.revision) any more")
      }
      guard nodes[assignment.node]?.takesTasks == true else {
        return .refused(reason: "node \(assignment.node) takes no tasks")
      }
    }
    for task in remove { tasks[task] = nil }
    for (ordinal, assignment) in add.enumerated() {
      // Unique and rising: an entry holds far fewer than 2^20 assignments.
      let id = TaskID(index << 20 | UInt64(ordinal))
      tasks[id] = Task(
        id: id, service: assignment.service, slot: assignment.slot, node: assignment.node,
        revision: assignment.revision, attempt: assignment.attempt)
    }
    forgetUnusedRevisions()
    return .accepted
  }

  private mutating func forgetUnusedRevisions() {
    for name in services.keys where services[name].map({ $0.revisions.count > 2 }) == true {
      let used = Set(tasks.values.filter { $0.service == name }.map(\.revision))
      services.update(name) { service in
        service.revisions.removeAll {
          $0.number != service.revision && $0.number != service.previousRevision && !used.contains($0.number)
        }
      }
    }
  }

  mutating func advance(_ name: ServiceName, revision: UInt64, _ event: RolloutEvent) -> Outcome {
    guard var service = services[name], var rollout = service.rollout, service.revision == revision else {
      return .refused(reason: "\(name) has moved on from revision \(revision)")
    }
    switch (event, rollout.phase) {
    case (.failed(let count), .updating), (.failed(let count), .rollingBack):
      guard (1...Service.maximumReplicas).contains(count) else {
        return .refused(reason: "\(count) failures at once cannot be")
      }
      rollout.failures += count
    case (.completed, .updating):
      rollout.phase = .completed
    case (.completed, .rollingBack(let reason)):
      rollout.phase = .rolledBack(reason: reason)
    case (.paused(let reason), .updating), (.paused(let reason), .rollingBack):
      rollout.phase = .paused(reason: reason)
    case (.rollBack(let reason), .updating):
      guard let template = service.template(of: rollout.from) else {
        return .refused(reason: "\(name) has nothing to go back to")
      }
      service.revision = rollout.from
      service.specification.template = template
      rollout = Rollout(from: rollout.to, to: rollout.from, phase: .rollingBack(reason: reason))
    default:
      return .refused(reason: "the rollout of \(name) is not in a phase for this")
    }
    service.rollout = rollout
    services[name] = service
    return .accepted
  }
}
