import Cluster
import DockerEngine
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

  @Test("without a socket the message names it, and is reported once")
  func missingSocket() async throws {
    let engine = DockerEngine(
      socket: "/nonexistent/docker.sock", cluster: "c", node: "a", logger: Logger(label: "test"))
    let sightings = Sightings()
    let watch = _Concurrency.Task { await engine.run { sightings.add($0) } }
    try await eventually("the absence is reported") { sightings.count > 0 }
    #expect(
      sightings.last
        == .unavailable(
          .containers,
          reason:
            "Docker's socket /nonexistent/docker.sock does not exist: start the engine, or correct the path "
            + "in the configuration"))
    let failure = await engine.perform(removeTask: TaskID(1), containerName: "x", stopGracePeriod: .zero)
      .failure
    #expect(failure?.hasPrefix("Docker's socket /nonexistent/docker.sock does not exist") == true)
    // Attempts go on, with the same reason.
    try await _Concurrency.Task.sleep(for: .milliseconds(500))
    #expect(sightings.count == 1)
    watch.cancel()
    await watch.value
    try await engine.shutdown()
  }
}
