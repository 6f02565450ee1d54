import Cluster
import DockerEngine
import Foundation
import Raft
import Testing

/// All tests with real containers, one after another: they share one engine, and one of them restarts it.
@Suite("real containers", .serialized, .enabled(if: EngineFixture.isPossible), .timeLimit(.minutes(5)))
struct RealContainers {}

extension RealContainers {
  @Suite("running tasks")
  struct Running {
    @Test("a task becomes a container with its labels and environment, seen running with its address")
    func run() async throws {
      try await Lab.with { lab in
        let launch = lab.launch(1, "echo greeting is $GREETING; sleep 100") { template in
          template.environment = [Setting("GREETING", "hello world")]
          template.labels = [Setting("own", "label"), Setting("tercet.task", "forged")]
        }
        try await lab.watching { sightings in
          #expect(await lab.engine.perform(runTask: launch) == .done)
          let seen = try await sightings.wait(for: launch, "it runs") { $0.condition == .running }
          #expect(seen.name == launch.task.containerName && seen.container.count == 64)
          #expect(seen.health == .unchecked)
          #expect(seen.address?.contains(".") == true)
          #expect(abs(seen.startedMilliseconds - Int64(Date().timeIntervalSince1970 * 1000)) < 60_000)
        }
        let labels = try await lab.details(launch).config.labels
        #expect(
          labels == [
            "tercet.cluster": lab.cluster, "tercet.task": "1", "tercet.service": "web",
            "tercet.stack": lab.stack,
            "tercet.slot": "1", "tercet.node": "a", "tercet.revision": "7", "own": "label",
          ])
        try await eventually("the greeting is in the log") {
          try await lab.engine.lastLogLines(of: launch.task.id, count: 1) == ["greeting is hello world"]
        }
      }
    }

    @Test("a health check is seen to start, and to pass")
    func health() async throws {
      try await Lab.with { lab in
        let launch = lab.launch(1, "sleep 1; touch /tmp/ok; sleep 100") { template in
          template.healthcheck = Healthcheck(
            test: ["CMD", "/bin/test", "-e", "/tmp/ok"], interval: .milliseconds(200), timeout: .seconds(5),
            retries: 100)
        }
        try await lab.watching { sightings in
          #expect(await lab.engine.perform(runTask: launch) == .done)
          try await sightings.wait(for: launch, "the check has begun") { $0.health == .starting }
          try await sightings.wait(for: launch, "the check passes") { $0.health == .healthy }
        }
      }
    }

    @Test("whatever happens to a container is seen within a second")
    func promptness() async throws {
      try await Lab.with { lab in
        let launch = lab.launch(1, "while ! test -e /tmp/end; do sleep 0.1; done; exit 4")
        try await lab.watching { sightings in
          try await eventually("the first report") { sightings.count > 0 }
          #expect(await lab.engine.perform(runTask: launch) == .done)
          try await sightings.wait(for: launch, seconds: 1, "it runs") { $0.condition == .running }
          let id = try await lab.details(launch).id
          try await lab.engine.client.send(
            EngineRequest(.post, "/containers/\(id)/kill", what: "kill it")
          ).accept()
          try await sightings.wait(for: launch, seconds: 1, "it was killed") { $0.condition.isExit(137) }
          #expect(await lab.remove(launch) == .done)
          try await eventually(within: 1, "it is gone") { sightings.last == .containers([]) }
        }
      }
    }

    @Test("a second attempt changes nothing, while it runs and after it ended")
    func twice() async throws {
      try await Lab.with { lab in
        let launch = lab.launch(1, "while ! test -e /tmp/end; do sleep 0.1; done")
        #expect(await lab.engine.perform(runTask: launch) == .done)
        let first = try await lab.details(launch)
        #expect(await lab.engine.perform(runTask: launch) == .done)
        let second = try await lab.details(launch)
        #expect(first.id == second.id && first.state.startedAt == second.state.startedAt)
        try await lab.engine.client.send(
          EngineRequest(.post, "/containers/\(first.id)/kill", what: "kill it")
        ).accept()
        try await eventually("it ended") { try await lab.details(launch).state.status == "exited" }
        #expect(await lab.engine.perform(runTask: launch) == .done)
        #expect(try await lab.details(launch).state.status == "exited")
      }
    }

    @Test("an attempt goes on where an earlier one ended: after making the container")
    func interrupted() async throws {
      try await Lab.with { lab in
        var launch = lab.launch(1, "sleep 100")
        #expect(await lab.engine.perform(runTask: launch) == .done)
        #expect(await lab.remove(launch) == .done)
        // The network of the first attempt is there; the second network is not.
        let made = try EngineRequest(
          .post, "/containers/create", query: ["name": launch.task.containerName], what: "make it"
        ).body(ContainerBody(launch))
        try await lab.engine.client.send(made).accept()
        launch.networks.append("\(lab.stack)_second")
        #expect(await lab.engine.perform(runTask: launch) == .done)
        let details = try await lab.details(launch)
        #expect(details.state.status == "running")
        #expect(details.networkSettings.networks?.keys.sorted() == launch.networks)
        #expect(details.networkSettings.networks?.values.allSatisfy { !$0.address.isEmpty } == true)
      }
    }

    @Test(
      "a stack's network goes when none of its containers is left for two looks, and comes back with the next"
    )
    func unusedNetworks() async throws {
      try await Lab.with { lab in
        let launch = lab.launch(1, "sleep 100")
        #expect(await lab.engine.perform(runTask: launch) == .done)
        for _ in 1...3 { try await lab.engine.sweepNetworks() }
        #expect(try await lab.networks().count == 1, "a container is in it")
        #expect(await lab.remove(launch, grace: .zero) == .done)
        try await lab.engine.sweepNetworks()
        #expect(try await lab.networks().count == 1, "one look may be a moment between two containers")
        try await lab.engine.sweepNetworks()
        #expect(try await lab.networks().isEmpty)
        #expect(await lab.engine.perform(runTask: lab.launch(2, "sleep 100")) == .done)
        #expect(try await lab.networks().count == 1)
      }
    }

    @Test("tasks that start at once share one new network, on which the service's names resolve")
    func sharedNetwork() async throws {
      try await Lab.with { lab in
        let server = lab.launch(1, "echo served >/tmp/index.html; httpd -f -p 80 -h /tmp") {
          $0.hostname = "front"
        }
        let names = "web \(lab.stack)_web tasks.web front"
        let client = lab.launch(
          2, service: "client",
          "for n in \(names); do until wget -qO- http://$n/; do sleep 0.1; done; done; sleep 100")
        async let first = lab.engine.perform(runTask: server)
        async let second = lab.engine.perform(runTask: client)
        #expect(await [first, second] == [.done, .done])
        try await eventually("each name was served") {
          let lines = try await lab.engine.lastLogLines(of: client.task.id, count: 100)
          return lines.filter { $0 == "served" }.count == 4
        }
        #expect(try await lab.networks() == ["\(lab.stack)_default"])
      }
    }

    @Test("volumes are made when missing and outlast their containers; anonymous ones do not")
    func volumes() async throws {
      try await Lab.with { lab in
        func launch(_ id: UInt64, _ line: String) -> TaskLaunch {
          lab.launch(id, line) { template in
            template.mounts = [
              Mount(kind: .volume(driverOptions: []), source: "\(lab.stack)_data", target: "/data"),
              Mount(kind: .volume(driverOptions: []), source: "", target: "/scratch"),
            ]
            template.temporaryFilesystems = ["/run:size=1m"]
          }
        }
        let writer = launch(1, "echo kept >/data/file; echo written; sleep 100")
        #expect(await lab.engine.perform(runTask: writer) == .done)
        try await eventually("it is written") {
          try await lab.engine.lastLogLines(of: writer.task.id, count: 1) == ["written"]
        }
        let both = try await lab.volumes()
        #expect(both.count == 2)
        #expect(await lab.remove(writer) == .done)
        let left = try await lab.volumes()
        #expect(left == ["\(lab.stack)_data"])
        let reader = launch(2, "cat /data/file; sleep 100")
        #expect(await lab.engine.perform(runTask: reader) == .done)
        try await eventually("what was written is read") {
          try await lab.engine.lastLogLines(of: reader.task.id, count: 1) == ["kept"]
        }
      }
    }
  }
}

private struct NamedAnswer: Decodable {
  let name: String
  enum CodingKeys: String, CodingKey { case name = "Name" }
}

extension Lab {
  fileprivate func networks() async throws -> [String] {
    let answer = try await engine.client.send(
      EngineRequest(
        .get, "/networks", query: ["filters": filters(["label": ["tercet.cluster=\(cluster)"]])],
        what: "list networks"))
    return try answer.decode([NamedAnswer].self).map(\.name)
  }

  fileprivate func volumes() async throws -> [String] {
    struct Answer: Decodable {
      let volumes: [NamedAnswer]
      enum CodingKeys: String, CodingKey { case volumes = "Volumes" }
    }
    let filter = filters(["label": ["tercet.stack=\(stack)"]])
    let answer = try await engine.client.send(
      EngineRequest(.get, "/volumes", query: ["filters": filter], what: "list volumes"))
    return try answer.decode(Answer.self).volumes.map(\.name).sorted()
  }
}

extension ContainerObservation.Condition {
  func isExit(_ code: Int) -> Bool {
    if case .exited(let found, _, _) = self { found == code } else { false }
  }
}
