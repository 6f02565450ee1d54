/// What is sent to the engine; the names are those of its interface. Values that are nil are left out, so that the
/// engine's or the image's own apply.

/// `POST /containers/create`
package struct ContainerBody: Encodable {
  var image: String
  var hostname: String?
  var user: String?
  var workingDirectory: String?
  var environment: [String]
  var command: [String]?
  var entrypoint: [String]?
  var labels: [String: String]
  var stopSignal: String?
  var stopTimeoutSeconds: Int
  var healthcheck: HealthcheckBody?
  var exposedPorts: [String: Empty]
  var hostConfig: HostConfigBody
  var networking: NetworkingBody

  struct Empty: Encodable {}

  enum CodingKeys: String, CodingKey {
    case image = "Image"
    case hostname = "Hostname"
    case user = "User"
    case workingDirectory = "WorkingDir"
    case environment = "Env"
    case command = "Cmd"
    case entrypoint = "Entrypoint"
    case labels = "Labels"
    case stopSignal = "StopSignal"
    case stopTimeoutSeconds = "StopTimeout"
    case healthcheck = "Healthcheck"
    case exposedPorts = "ExposedPorts"
    case hostConfig = "HostConfig"
    case networking = "NetworkingConfig"
  }
}

/// Durations in nanoseconds; zero leaves the image's own.
struct HealthcheckBody: Encodable {
  var test: [String]
  var interval: Int64
  var timeout: Int64
  var startPeriod: Int64
  var retries: Int

  enum CodingKeys: String, CodingKey {
    case test = "Test"
    case interval = "Interval"
    case timeout = "Timeout"
    case startPeriod = "StartPeriod"
    case retries = "Retries"
  }
}

struct HostConfigBody: Encodable {
  var networkMode: String?
  var mounts: [MountBody]
  var portBindings: [String: [PortBindingBody]]
  var restartPolicy = RestartPolicyBody()
  var memory: Int64?
  var nanoCPUs: Int64?
  var processes: Int64?
  var runsInit: Bool?
  var isReadOnly: Bool
  var temporaryFilesystems: [String: String]
  var addedCapabilities: [String]
  var droppedCapabilities: [String]
  var sysctls: [String: String]
  var ulimits: [UlimitBody]
  var extraHosts: [String]
  var nameServers: [String]
  var logging: LoggingBody?
  var sharedMemory: Int64?
  var securityOptions: [String]

  enum CodingKeys: String, CodingKey {
    case networkMode = "NetworkMode"
    case mounts = "Mounts"
    case portBindings = "PortBindings"
    case restartPolicy = "RestartPolicy"
    case memory = "Memory"
    case nanoCPUs = "NanoCpus"
    case processes = "PidsLimit"
    case runsInit = "Init"
    case isReadOnly = "ReadonlyRootfs"
    case temporaryFilesystems = "Tmpfs"
    case addedCapabilities = "CapAdd"
    case droppedCapabilities = "CapDrop"
    case sysctls = "Sysctls"
    case ulimits = "Ulimits"
    case extraHosts = "ExtraHosts"
    case nameServers = "Dns"
    case logging = "LogConfig"
    case sharedMemory = "ShmSize"
    case securityOptions = "SecurityOpt"
  }
}

/// The engine restarts nothing: Tercet replaces a container that ended.
struct RestartPolicyBody: Encodable {
  var name = "no"
  enum CodingKeys: String, CodingKey { case name = "Name" }
}

struct MountBody: Encodable {
  var type: String
  var source: String?
  var target: String
  var isReadOnly: Bool
  var volume: VolumeBody?

  /// How to make the volume when the node has none of its name.
  struct VolumeBody: Encodable {
    var labels: [String: String]
    var driver: DriverBody?
    enum CodingKeys: String, CodingKey {
      case labels = "Labels"
      case driver = "DriverConfig"
    }
  }

  struct DriverBody: Encodable {
    var name: String
    var options: [String: String]
    enum CodingKeys: String, CodingKey {
      case name = "Name"
      case options = "Options"
    }
  }

  enum CodingKeys: String, CodingKey {
    case type = "Type"
    case source = "Source"
    case target = "Target"
    case isReadOnly = "ReadOnly"
    case volume = "VolumeOptions"
  }
}

struct PortBindingBody: Encodable, Hashable {
  var port: String
  enum CodingKeys: String, CodingKey { case port = "HostPort" }
}

struct UlimitBody: Encodable {
  var name: String
  var soft: Int64
  var hard: Int64
  enum CodingKeys: String, CodingKey {
    case name = "Name"
    case soft = "Soft"
    case hard = "Hard"
  }
}

struct LoggingBody: Encodable {
  var driver: String
  var options: [String: String]
  enum CodingKeys: String, CodingKey {
    case driver = "Type"
    case options = "Config"
  }
}

struct NetworkingBody: Encodable {
  var endpoints: [String: EndpointBody]
  enum CodingKeys: String, CodingKey { case endpoints = "EndpointsConfig" }
}

struct EndpointBody: Encodable {
  var aliases: [String]
  enum CodingKeys: String, CodingKey { case aliases = "Aliases" }
}

/// `POST /networks/create`
struct NetworkBody: Encodable {
  var name: String
  var driver = "bridge"
  var refusesDuplicate = true
  var labels: [String: String]

  enum CodingKeys: String, CodingKey {
    case name = "Name"
    case driver = "Driver"
    case refusesDuplicate = "CheckDuplicate"
    case labels = "Labels"
  }
}

/// `POST /networks/{id}/connect`
struct ConnectBody: Encodable {
  var container: String
  var endpoint: EndpointBody

  enum CodingKeys: String, CodingKey {
    case container = "Container"
    case endpoint = "EndpointConfig"
  }
}
