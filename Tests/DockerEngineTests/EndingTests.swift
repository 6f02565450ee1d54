import Cluster
import DockerEngine
import Foundation
import Raft
import Testing

extension RealContainers {
  @Suite("tasks that end, and failures")
  struct Ending {
    @Test("a container that fails is seen with its code and last words, without secrets")
    func failure() async throws {
      try await Lab.with { lab in
        let launch = lab.launch(1, "exec >&2; echo starting; echo cannot log in with $DB_PASSWORD; exit 3") {
          $0.environment = [Setting("DB_PASSWORD", "s3cret"), Setting("MODE", "fast")]
        }
        try await lab.watching { sightings in
          #expect(await lab.engine.perform(runTask: launch) == .done)
          let seen = try await sightings.wait(for: launch, "it failed") { $0.condition.isExit(3) }
          #expect(
            seen.condition
              == .exited(
                code: 3, outOfMemory: false, message: "exit code 3: starting | cannot log in with ***"))
          #expect(seen.address == nil)
        }
      }
    }

    @Test("a container that ran out of memory is seen so")
    func outOfMemory() async throws {
      try await Lab.with { lab in
        let launch = lab.launch(1, "tail /dev/zero") { $0.resources.limitMemoryBytes = 6 << 20 }
        try await lab.watching { sightings in
          #expect(await lab.engine.perform(runTask: launch) == .done)
          let seen = try await sightings.wait(for: launch, "it ended") { $0.condition != .running }
          guard case .exited(let code, true, let message) = seen.condition else {
            Issue.record("not out of memory: \(seen.condition)")
            return
          }
          #expect(code == 137 && message.hasPrefix("exit code 137, out of memory"))
        }
      }
    }

    @Test("a container has its grace period to end, and is removed")
    func grace() async throws {
      try await Lab.with { lab in
        let folder = "\(lab.fixture.folder)/\(lab.stack)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let launch = lab.launch(
          1, "trap 'sleep 1; touch /out/ended; exit 0' TERM; touch /out/ready; while true; do sleep 0.1; done"
        ) { $0.mounts = [Mount(kind: .bind, source: folder, target: "/out")] }
        #expect(await lab.engine.perform(runTask: launch) == .done)
        try await eventually("it is ready") { FileManager.default.fileExists(atPath: "\(folder)/ready") }
        #expect(await lab.remove(launch, grace: .seconds(10)) == .done)
        #expect(FileManager.default.fileExists(atPath: "\(folder)/ended"))
        #expect(try await lab.engine.details(of: launch.task.containerName) == nil)
        #expect(await lab.remove(launch) == .done, "gone is done")
      }
    }

    @Test("a container that does not listen is killed after its grace period")
    func killed() async throws {
      try await Lab.with { lab in
        let launch = lab.launch(1, "trap '' TERM; while true; do sleep 0.1; done")
        #expect(await lab.engine.perform(runTask: launch) == .done)
        let started = ContinuousClock.now
        #expect(await lab.remove(launch, grace: .seconds(1)) == .done)
        let took = ContinuousClock.now - started
        #expect(took >= .milliseconds(900) && took < .seconds(8), "took \(took)")
        let left = try await lab.engine.containers()
        #expect(left.isEmpty)
      }
    }

    @Test("two removals at once are both done")
    func removedTwice() async throws {
      try await Lab.with { lab in
        let launch = lab.launch(1, "trap 'exit 0' TERM; while true; do sleep 0.1; done")
        #expect(await lab.engine.perform(runTask: launch) == .done)
        async let first = lab.remove(launch)
        async let second = lab.remove(launch)
        #expect(await [first, second] == [.done, .done])
      }
    }

    @Test("containers of others are not seen, not removed and not taken over")
    func foreign() async throws {
      try await Lab.with { lab in
        try await Lab.with { other in
          let mine = lab.launch(1, "sleep 100")
          var theirs = other.launch(1, "sleep 100")
          theirs.task.service.stack = lab.stack
          theirs.networks = mine.networks
          #expect(await other.engine.perform(runTask: theirs) == .done)
          let before = try await lab.details(mine)
          try await lab.watching { sightings in
            try await eventually("a report") { sightings.count > 0 }
            #expect(sightings.last == .containers([]))
          }
          #expect(
            await lab.engine.perform(runTask: mine).failure?.contains(
              "belongs to a container of somebody else")
              == true)
          #expect(await lab.remove(mine) == .done)
          let after = try await lab.details(mine)
          #expect(after.id == before.id && after.state.status == "running")
        }
      }
    }

    @Test("a host port can be had once; the failure says so, and the next attempt goes on")
    func hostPort() async throws {
      try await Lab.with { lab in
        let ports = [Port(target: 80, published: 8099, mode: .host), Port(target: 81, published: 8098)]
        let first = lab.launch(1, "sleep 100") { $0.ports = ports }
        let second = lab.launch(2, "sleep 100") { $0.ports = ports }
        #expect(await lab.engine.perform(runTask: first) == .done)
        let failure = await lab.engine.perform(runTask: second).failure
        #expect(failure?.contains("a port is in use on this node") == true, "\(failure ?? "it started")")
        #expect(failure?.contains("8099") == true)
        #expect(await lab.remove(first) == .done)
        #expect(await lab.engine.perform(runTask: second) == .done)
        let state = try await lab.details(second).state
        #expect(state.status == "running")
      }
    }

    @Test("an image that cannot be had fails with its name and the engine's reason")
    func missingImage() async throws {
      try await Lab.with { lab in
        let launch = lab.launch(1, "") { $0.image = "127.0.0.1:1/none/such:3" }
        let failure = await lab.engine.perform(runTask: launch).failure
        #expect(
          failure?.hasPrefix("cannot pull the image 127.0.0.1:1/none/such:3 (") == true, "\(failure ?? "")")
        let left = try await lab.engine.containers()
        #expect(left.isEmpty)
      }
    }

    @Test("a bind mount whose path is missing fails, and the message tells no secret")
    func missingPath() async throws {
      try await Lab.with { lab in
        let launch = lab.launch(1, "sleep 100") { template in
          template.environment = [Setting("TOKEN", "nosuchpath")]
          template.mounts = [Mount(kind: .bind, source: "/nosuchpath", target: "/x")]
        }
        let failure = await lab.engine.perform(runTask: launch).failure
        #expect(failure?.contains("bind source path does not exist: /***") == true, "\(failure ?? "")")
      }
    }
  }
}
