internal import Cluster
internal import Raft

extension DockerEngine {
  private static let maximumMessage = 300

  /// Nil when the container is gone, or about to be.
  func observe(_ container: String, task: TaskID) async throws -> ContainerObservation? {
    guard let details = try await details(of: container), details.state.status != "removing" else {
      return nil
    }
    var observation = ContainerObservation(
      task: task, name: String(details.name.drop { $0 == "/" }), container: details.id,
      condition: try await condition(details), health: details.health)
    observation.startedMilliseconds = Timestamp.milliseconds(details.state.startedAt) ?? 0
    if observation.condition == .running { observation.address = details.address }
    return observation
  }

  private func condition(_ details: ContainerDetails) async throws -> ContainerObservation.Condition {
    switch details.state.status {
    case "created": .created
    case "running", "paused", "restarting": .running
    default:
      .exited(
        code: details.state.exitCode, outOfMemory: details.state.isOutOfMemory,
        message: await message(details))
    }
  }

  /// Why a container ended: its exit code, what killed it, and its last words.
  private func message(_ details: ContainerDetails) async -> String {
    let state = details.state
    var parts = ["exit code \(state.exitCode)"]
    if state.isOutOfMemory { parts.append("out of memory") }
    if !state.error.isEmpty { parts.append(state.error) }
    var message = parts.joined(separator: ", ")
    if state.exitCode != 0 || state.isOutOfMemory {
      // Without its last words the exit code still tells something.
      let words = (try? await lastLines(of: details, count: 2)) ?? []
      if !words.isEmpty { message += ": " + words.joined(separator: " | ") }
    }
    let environment = (details.config.environment ?? []).compactMap { line in
      line.firstIndex(of: "=").map { Setting(String(line[..<$0]), String(line[line.index(after: $0)...])) }
    }
    return String(Redaction(environment).apply(to: message).prefix(Self.maximumMessage))
  }
}

extension ContainerDetails {
  fileprivate var health: ContainerObservation.Health {
    switch state.health?.status {
    case "starting": .starting
    case "healthy": .healthy
    case "unhealthy": .unhealthy
    default: .unchecked
    }
  }

  /// In the network the container was made in, which the node routes to; in any other when that has no address.
  fileprivate var address: String? {
    let networks = networkSettings.networks ?? [:]
    let first = networks[hostConfig.networkMode].map { [$0] } ?? []
    let others = networks.sorted { $0.key < $1.key }.map(\.value)
    return (first + others).map(\.address).first { !$0.isEmpty }
  }
}
