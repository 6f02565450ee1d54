/// What is read of the engine's answers; the names are those of its interface.

struct VersionAnswer: Decodable {
  let newest: String
  let oldest: String?

  enum CodingKeys: String, CodingKey {
    case newest = "ApiVersion"
    case oldest = "MinAPIVersion"
  }
}

struct MessageAnswer: Decodable {
  let message: String
}

/// `GET /containers/json`
package struct ContainerSummary: Decodable, Hashable, Sendable {
  package let id: String
  package let state: String
  /// For people, such as `Up 3 minutes (healthy)`.
  package let status: String
  package let labels: [String: String]

  enum CodingKeys: String, CodingKey {
    case id = "Id"
    case state = "State"
    case status = "Status"
    case labels = "Labels"
  }

  /// What changes when the container does, as far as a list tells.
  var condition: String {
    let health = status.lastIndex(of: "(").map { String(status[$0...]) } ?? ""
    return state == "running" ? state + health : state
  }
}

/// `GET /networks`
struct NetworkSummary: Decodable, Sendable {
  let id: String
  let name: String
  let labels: [String: String]

  enum CodingKeys: String, CodingKey {
    case id = "Id"
    case name = "Name"
    case labels = "Labels"
  }
}

/// `GET /containers/{id}/json`
package struct ContainerDetails: Decodable, Sendable {
  package let id: String
  /// With a slash before it.
  let name: String
  package let state: State
  package let config: Config
  let hostConfig: HostConfig
  package let networkSettings: NetworkSettings

  package struct State: Decodable, Sendable {
    package let status: String
    let exitCode: Int
    let isOutOfMemory: Bool
    let error: String
    /// RFC 3339 with nanoseconds.
    package let startedAt: String
    let health: Health?

    struct Health: Decodable, Sendable {
      package let status: String
      enum CodingKeys: String, CodingKey { case status = "Status" }
    }

    enum CodingKeys: String, CodingKey {
      case status = "Status"
      case exitCode = "ExitCode"
      case isOutOfMemory = "OOMKilled"
      case error = "Error"
      case startedAt = "StartedAt"
      case health = "Health"
    }
  }

  package struct Config: Decodable, Sendable {
    package let labels: [String: String]?
    let environment: [String]?
    let hasTerminal: Bool

    enum CodingKeys: String, CodingKey {
      case labels = "Labels"
      case environment = "Env"
      case hasTerminal = "Tty"
    }
  }

  struct HostConfig: Decodable, Sendable {
    let networkMode: String
    enum CodingKeys: String, CodingKey { case networkMode = "NetworkMode" }
  }

  package struct NetworkSettings: Decodable, Sendable {
    package let networks: [String: Endpoint]?

    package struct Endpoint: Decodable, Sendable {
      package let address: String
      enum CodingKeys: String, CodingKey { case address = "IPAddress" }
    }

    enum CodingKeys: String, CodingKey { case networks = "Networks" }
  }

  enum CodingKeys: String, CodingKey {
    case id = "Id"
    case name = "Name"
    case state = "State"
    case config = "Config"
    case hostConfig = "HostConfig"
    case networkSettings = "NetworkSettings"
  }

  func label(_ name: String) -> String? { config.labels?[name] }
}

/// A line of `GET /events`
struct EventLine: Decodable {
  let actor: Actor

  struct Actor: Decodable {
    let id: String
    enum CodingKeys: String, CodingKey { case id = "ID" }
  }

  enum CodingKeys: String, CodingKey { case actor = "Actor" }
}

/// A line of `POST /images/create`: progress, or why the pull failed, which the status does not tell.
struct PullLine: Decodable {
  let error: String?
}
