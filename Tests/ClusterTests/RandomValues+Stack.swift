import Cluster
import Raft

extension RandomValues {
  mutating func stack() -> Stack {
    Stack(
      name: text(), services: list { $0.service() },
      databases: list { $0.databaseSpecification() })
  }

  mutating func service() -> Service {
    Service(
      name: text(), template: template(), mode: serviceMode(), placement: placement(),
      restart: restartPolicy(), update: updatePolicy(), rollback: updatePolicy(), labels: settings())
  }

  mutating func serviceMode() -> Service.Mode {
    below(2) == 0 ? .replicated(int()) : .global
  }

  mutating func placement() -> Placement {
    Placement(constraints: list { $0.constraint() }, spread: texts(), maximumPerNode: int())
  }

  mutating func constraint() -> Constraint {
    Constraint(attribute: attribute(), isEqual: bool(), value: text())
  }

  mutating func attribute() -> Constraint.Attribute {
    switch below(7) {
    case 0: .id
    case 1: .hostname
    case 2: .role
    case 3: .zone
    case 4: .operatingSystem
    case 5: .architecture
    default: .label(text())
    }
  }

  mutating func restartPolicy() -> RestartPolicy {
    RestartPolicy(condition: raw(3), delay: duration(), maximumAttempts: int(), window: duration())
  }

  mutating func updatePolicy() -> UpdatePolicy {
    UpdatePolicy(
      parallelism: int(), delay: duration(), monitor: duration(), failureAction: raw(3),
      maximumFailurePermille: int(), order: raw(2))
  }

  mutating func template() -> TaskTemplate {
    var template = TaskTemplate(image: text())
    template.entrypoint = optional { $0.texts() }
    template.command = optional { $0.texts() }
    template.environment = settings()
    template.user = optional { $0.text() }
    template.workingDirectory = optional { $0.text() }
    template.hostname = optional { $0.text() }
    template.labels = settings()
    template.mounts = list { $0.mount() }
    template.networks = texts()
    template.ports = list { $0.port() }
    template.healthcheck = optional { $0.healthcheck() }
    template.stopGracePeriod = duration()
    template.stopSignal = optional { $0.text() }
    template.resources = resources()
    template.runsInit = optional { $0.bool() }
    template.isReadOnly = bool()
    template.temporaryFilesystems = texts()
    template.addedCapabilities = texts()
    template.droppedCapabilities = texts()
    template.sysctls = settings()
    template.ulimits = list { Ulimit(name: $0.text(), soft: $0.int64(), hard: $0.int64()) }
    template.extraHosts = texts()
    template.nameServers = texts()
    template.logging = optional { Logging(driver: $0.text(), options: $0.settings()) }
    template.sharedMemoryBytes = optional { $0.int64() }
    template.securityOptions = texts()
    return template
  }

  mutating func mount() -> Mount {
    Mount(kind: mountKind(), source: text(), target: text(), isReadOnly: bool())
  }

  mutating func mountKind() -> Mount.Kind {
    switch below(3) {
    case 0: .bind
    case 1: .volume(driverOptions: settings())
    default: .temporary
    }
  }

  mutating func port() -> Port {
    Port(target: int(), published: int(), transport: raw(2), mode: raw(2))
  }

  mutating func healthcheck() -> Healthcheck {
    Healthcheck(
      test: texts(), interval: duration(), timeout: duration(), startPeriod: duration(), retries: int())
  }

  mutating func resources() -> Resources {
    Resources(
      limitNanoCPUs: int64(), limitMemoryBytes: int64(), limitProcesses: int64(),
      reservedNanoCPUs: int64(), reservedMemoryBytes: int64())
  }

  mutating func databaseSpecification() -> DatabaseSpecification {
    DatabaseSpecification(
      name: text(), zones: texts(), port: int(), owner: text(), password: text(), parameters: settings(),
      clientNetworks: texts(), relaxAfter: optional { $0.duration() })
  }
}
