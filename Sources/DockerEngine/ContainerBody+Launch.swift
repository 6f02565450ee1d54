package import Cluster
internal import Raft

extension ContainerBody {
  /// The container of a task, in its first network. Of the ports, the engine publishes those of the mode `host`;
  /// the load balancer reaches the others at the container's address.
  package init(_ launch: TaskLaunch) {
    let template = launch.template
    let networks = launch.networks.prefix(1).map { ($0, EndpointBody(aliases: launch.aliases)) }
    self.init(
      image: template.image, hostname: template.hostname, user: template.user,
      workingDirectory: template.workingDirectory,
      environment: template.environment.map { "\($0.name)=\($0.value)" }, command: template.command,
      entrypoint: template.entrypoint, labels: Labels.container(launch), stopSignal: template.stopSignal,
      stopTimeoutSeconds: template.stopGracePeriod.wholeSeconds,
      healthcheck: template.healthcheck.map { HealthcheckBody($0) },
      exposedPorts: Dictionary(template.ports.map { ($0.engineName, Empty()) }) { first, _ in first },
      hostConfig: HostConfigBody(launch),
      networking: NetworkingBody(endpoints: Dictionary(uniqueKeysWithValues: networks)))
  }
}

extension TaskLaunch {
  /// The names that resolve to the task on its networks: those of Swarm, and the task's own hostname.
  var aliases: [String] {
    let service = task.service
    let names = [service.service, "\(service.stack)_\(service.service)", "tasks.\(service.service)"]
    return names + (template.hostname.map { names.contains($0) ? [] : [$0] } ?? [])
  }
}

extension HostConfigBody {
  init(_ launch: TaskLaunch) {
    let template = launch.template
    let resources = template.resources
    self.init(
      networkMode: launch.networks.first, mounts: template.mounts.map { MountBody($0, launch) },
      portBindings: Self.bindings(template.ports), memory: positive(resources.limitMemoryBytes),
      nanoCPUs: positive(resources.limitNanoCPUs), processes: positive(resources.limitProcesses),
      runsInit: template.runsInit, isReadOnly: template.isReadOnly,
      temporaryFilesystems: Self.temporaryFilesystems(template.temporaryFilesystems),
      addedCapabilities: template.addedCapabilities, droppedCapabilities: template.droppedCapabilities,
      sysctls: template.sysctls.dictionary,
      ulimits: template.ulimits.map { UlimitBody(name: $0.name, soft: $0.soft, hard: $0.hard) },
      extraHosts: template.extraHosts, nameServers: template.nameServers,
      logging: template.logging.map { LoggingBody(driver: $0.driver, options: $0.options.dictionary) },
      sharedMemory: template.sharedMemoryBytes, securityOptions: template.securityOptions)
  }

  private static func bindings(_ ports: [Port]) -> [String: [PortBindingBody]] {
    var bindings: [String: [PortBindingBody]] = [:]
    for port in ports where port.mode == .host {
      bindings[port.engineName, default: []].append(PortBindingBody(port: String(port.published)))
    }
    return bindings
  }

  /// `/run:size=64m` → `/run` with its options.
  private static func temporaryFilesystems(_ lines: [String]) -> [String: String] {
    let pairs = lines.map { line in
      let parts = line.split(separator: ":", maxSplits: 1).map(String.init)
      return (parts.first ?? "", parts.count == 2 ? parts[1] : "")
    }
    return Dictionary(pairs) { _, last in last }
  }
}

extension MountBody {
  init(_ mount: Mount, _ launch: TaskLaunch) {
    let source = mount.source.isEmpty ? nil : mount.source
    switch mount.kind {
    case .bind: self.init(type: "bind", source: source, target: mount.target, isReadOnly: mount.isReadOnly)
    case .temporary: self.init(type: "tmpfs", source: nil, target: mount.target, isReadOnly: mount.isReadOnly)
    case .volume(let options):
      let driver = options.isEmpty ? nil : DriverBody(name: "local", options: options.dictionary)
      self.init(
        type: "volume", source: source, target: mount.target, isReadOnly: mount.isReadOnly,
        volume: VolumeBody(labels: Labels.shared(launch), driver: driver))
    }
  }
}

extension HealthcheckBody {
  init(_ check: Healthcheck) {
    self.init(
      test: check.test, interval: check.interval.nanoseconds, timeout: check.timeout.nanoseconds,
      startPeriod: check.startPeriod.nanoseconds, retries: check.retries)
  }
}

extension Port {
  /// Such as `80/tcp`.
  fileprivate var engineName: String { "\(target)/\(transport == .tcp ? "tcp" : "udp")" }
}

extension Duration {
  /// Rounded up: a grace period is a promise of at least so long.
  var wholeSeconds: Int { Int((nanoseconds + 999_999_999) / 1_000_000_000) }
}

extension [Setting] {
  fileprivate var dictionary: [String: String] { Dictionary(map { ($0.name, $0.value) }) { _, last in last } }
}

private func positive(_ value: Int64) -> Int64? { value > 0 ? value : nil }
