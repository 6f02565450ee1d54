import Cluster
import DockerEngine
import Foundation
import Logging
import Raft
import Testing

extension RealContainers {
  @Suite("an engine that is away")
  struct Absence {
    @Test("its end is noticed, its return too, and what ended meanwhile is seen")
    func restart() async throws {
      try await Lab.with { lab in
        let launch = lab.launch(1, "sleep 1000")
        #expect(await lab.engine.perform(runTask: launch) == .done)
        try await lab.watching { sightings in
          try await sightings.wait(for: launch, "it runs") { $0.condition == .running }
          try lab.fixture.stop()
          try await eventually("the engine's end is reported") {
            if case .unavailable(.containers, let reason) = sightings.last {
              reason.contains("Docker")
            } else {
              false
            }
          }
          #expect(await lab.remove(launch).failure?.contains("Docker") == true)
          try lab.fixture.start()
          try await sightings.wait(for: launch, "the container is seen to have ended") {
            if case .exited = $0.condition { true } else { false }
          }
          let next = lab.launch(2, "sleep 1000")
          #expect(await lab.engine.perform(runTask: next) == .done)
          try await sightings.wait(for: next, seconds: 2, "events flow again") { $0.condition == .running }
        }
      }
    }
  }

  @Test("without a socket the message names it, and is reported once; attempts go on")
  func missingSocket() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "tercet-absence-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let socket = folder.appending(path: "docker.sock").path
    let engine = DockerEngine(socket: socket, cluster: "c", node: "a", logger: Logger(label: "test"))
    let sightings = Sightings()
    let watch = _Concurrency.Task { await engine.run { sightings.add($0) } }
    try await eventually("the absence is reported") { sightings.count > 0 }
    let missing =
      "Docker's socket \(socket) does not exist: start the engine, or correct the path in the configuration"
    #expect(sightings.last == .unavailable(.containers, reason: missing))
    let failure = await engine.perform(removeTask: TaskID(1), containerName: "x", stopGracePeriod: .zero)
      .failure
    #expect(failure?.hasPrefix("Docker's socket \(socket) does not exist") == true)
    #expect(sightings.count == 1)

    // What is no socket either is another reason, which the next attempt finds.
    try Data().write(to: URL(filePath: socket))
    try await eventually("the next attempt is reported") {
      sightings.last != .unavailable(.containers, reason: missing)
    }
    #expect(sightings.count == 2)
    watch.cancel()
    await watch.value
    try await engine.shutdown()
  }
}
