import Foundation

/// The cluster, seen through `tercet`.
enum Cluster {
  /// What the tests read of `tercet status --json`.
  struct Status: Decodable, Sendable {
    struct Leader: Decodable, Sendable {
      var name: String
      var zone: String
    }
    struct Manager: Decodable, Sendable {
      var name: String
      var reachable: Bool
      var appliedIndex: UInt64?
    }
    struct Node: Decodable, Sendable {
      var name: String
      var health: String
    }
    struct Service: Decodable, Sendable {
      var name: String
      var wanted: Int
      var serving: Int
      var converged: Bool
    }
    struct Database: Decodable, Sendable {
      var name: String
      var mode: String
      var primary: String?
      var secondary: String?
      var epoch: UInt64
      var writable: Bool
      var replicated: Bool
    }
    struct Cache: Decodable, Sendable {
      var name: String
      var reachable: Bool
      var position: UInt64
      var lag: Int?
    }

    var leader: Leader?
    var appliedIndex: UInt64
    var managers: [Manager]
    var nodes: [Node]
    var services: [Service]
    var databases: [Database]
    var caches: [Cache]
    var problems: [String]

    /// Everything is where it should be, and would survive the loss of any zone.
    var isWhole: Bool {
      leader != nil && managers.count == 3 && managers.allSatisfy(\.reachable)
        && nodes.allSatisfy { $0.health == "ready" } && !services.isEmpty && services.allSatisfy(\.converged)
        && !databases.isEmpty && databases.allSatisfy { $0.writable && $0.replicated } && caches.count == 2
        && caches.allSatisfy { $0.reachable && $0.lag == 0 }
    }
  }

  /// `tercet` in a zone, whatever becomes of it.
  static func tercet(in zone: Lab.Zone = .c, _ arguments: String...) async throws -> Finished {
    try await Lab.attempt(in: zone, ["tercet"] + arguments)
  }

  static func status(from zone: Lab.Zone = .c) async throws -> Status {
    let finished = try await Lab.exec(in: zone, "tercet", "status", "--json")
    return try JSONDecoder().decode(Status.self, from: Data(finished.output.utf8))
  }

  /// Waits until the cluster is whole, and returns how it is then.
  @discardableResult
  static func whole(within limit: Duration = .seconds(60)) async throws -> Status {
    var last: Status?
    do {
      try await eventually("the cluster is whole", within: limit) {
        last = try? await status()
        return last?.isWhole ?? false
      }
    } catch {
      throw ShellError(description: "\(error); last seen: \(last.map { "\($0)" } ?? "no status at all")")
    }
    return last!
  }

  /// The zone of a node: in the lab they have the same name.
  static func zone(_ node: String?) throws -> Lab.Zone {
    guard let node, let zone = Lab.Zone(rawValue: node) else {
      throw ShellError(description: "no zone is called \(node ?? "nothing")")
    }
    return zone
  }
}

/// What a zone's own Docker engine says.
struct Container: Hashable, Comparable, Sendable {
  var name: String
  var id: String
  var started: String

  static func < (one: Container, other: Container) -> Bool { one.name < other.name }

  /// The running containers of a service, by name.
  static func running(_ service: String, in zone: Lab.Zone) async throws -> [Container] {
    let ids = try await Lab.exec(
      in: zone, "docker", "ps", "--quiet", "--no-trunc", "--filter",
      "name=\(service.replacing("/", with: "_"))"
    ).lines
    guard !ids.isEmpty else { return [] }
    // One that has been removed since is left out, and makes Docker complain.
    let inspected = try await Lab.attempt(
      in: zone,
      ["docker", "inspect", "--format", "{{.State.Running}} {{.Name}} {{.Id}} {{.State.StartedAt}}"] + ids)
    let isGone = inspected.errors.contains("No such object")
    guard inspected.status == 0 || isGone else {
      throw ShellError(description: "docker inspect in zone \(zone): \(inspected.errors)")
    }
    let containers = inspected.lines.compactMap { line -> Container? in
      let words = line.split(separator: " ").map(String.init)
      return words[0] == "true" ? Container(name: words[1], id: words[2], started: words[3]) : nil
    }
    return containers.sorted()
  }
}
