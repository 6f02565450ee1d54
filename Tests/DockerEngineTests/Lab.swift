import Cluster
import DockerEngine
import Foundation
import Logging
import Raft
import Synchronization
import Testing

/// A cluster of its own on the tests' engine, with everything it made removed at the end.
final class Lab: Sendable {
  let fixture: EngineFixture
  let engine: DockerEngine
  let cluster: String
  let stack: String

  private init(_ fixture: EngineFixture) {
    self.fixture = fixture
    cluster = "c\(UInt32.random(in: 0 ... .max))"
    stack = "s\(UInt32.random(in: 0 ... .max))"
    engine = DockerEngine(
      socket: fixture.socket, cluster: cluster, node: "a", logger: Logger(label: "test"),
      credentialsFile: "/nonexistent")
  }

  static func with(_ body: (Lab) async throws -> Void) async throws {
    let lab = Lab(try await EngineFixture.shared)
    do { try await body(lab) } catch {
      try await lab.end()
      throw error
    }
    try await lab.end()
  }

  private func end() async throws {
    for container in try await engine.containers() {
      _ = try await engine.client.send(
        EngineRequest(
          .delete, "/containers/\(container.id)", query: ["force": "true", "v": "true"], what: "clean up"))
    }
    try await engine.shutdown()
  }

  /// A task whose container runs a line of shell.
  func launch(
    _ id: UInt64, service: String = "web", _ line: String, change: (inout TaskTemplate) -> Void = { _ in }
  ) -> TaskLaunch {
    var template = TaskTemplate(image: EngineFixture.image)
    template.command = ["/bin/sh", "-c", line]
    change(&template)
    let task = Cluster.Task(
      id: TaskID(id), service: ServiceName(stack: stack, service: service), slot: 1, node: "a", revision: 7,
      attempt: 0)
    return TaskLaunch(task: task, template: template, networks: ["\(stack)_default"], cluster: cluster)
  }

  func details(_ launch: TaskLaunch) async throws -> ContainerDetails {
    try #require(try await engine.details(of: launch.task.containerName))
  }

  func remove(_ launch: TaskLaunch, grace: Duration = .seconds(1)) async -> ActionResult {
    await engine.perform(
      removeTask: launch.task.id, containerName: launch.task.containerName, stopGracePeriod: grace)
  }

  /// Runs the watch while the body runs.
  func watching(_ body: (Sightings) async throws -> Void) async throws {
    let sightings = Sightings()
    let watch = _Concurrency.Task { [engine] in await engine.run { sightings.add($0) } }
    do { try await body(sightings) } catch {
      watch.cancel()
      await watch.value
      throw error
    }
    watch.cancel()
    await watch.value
  }
}

/// What the engine reported.
final class Sightings: Sendable {
  private let all = Mutex<[Observation]>([])

  func add(_ observation: Observation) { all.withLock { $0.append(observation) } }

  var count: Int { all.withLock { $0.count } }
  var last: Observation? { all.withLock { $0.last } }

  func container(_ launch: TaskLaunch) -> ContainerObservation? {
    guard case .containers(let containers) = last else { return nil }
    return containers.first { $0.task == launch.task.id }
  }

  /// Waits until the task's container is seen so.
  @discardableResult
  func wait(
    for launch: TaskLaunch, seconds: Double = 15, _ comment: Comment,
    until isSo: @escaping (ContainerObservation) -> Bool
  ) async throws -> ContainerObservation {
    var found: ContainerObservation?
    try await eventually(within: seconds, comment) {
      found = self.container(launch).flatMap { isSo($0) ? $0 : nil }
      return found != nil
    }
    return try #require(found)
  }
}

/// Waits for a condition, with a deadline.
func eventually(within seconds: Double = 15, _ comment: Comment, _ condition: () async throws -> Bool)
  async throws
{
  let deadline = ContinuousClock.now + .seconds(seconds)
  while ContinuousClock.now < deadline {
    if try await condition() { return }
    try await _Concurrency.Task.sleep(for: .milliseconds(10))
  }
  Issue.record("not within \(seconds) s: \(comment)")
  throw NotInTime()
}

struct NotInTime: Error {}

extension ActionResult {
  var failure: String? {
    if case .failed(let message) = self { message } else { nil }
  }
}
