import Cluster
import DockerEngine
import Raft
import Testing

extension RealContainers {
  @Suite("logs")
  struct Logs {
    @Test("both outputs, the last lines, and those since a time")
    func ended() async throws {
      try await Lab.with { lab in
        let launch = lab.launch(1, "echo one; sleep 0.2; echo two >&2; sleep 0.2; echo -n three")
        #expect(await lab.engine.perform(runTask: launch) == .done)
        try await eventually("it ended") { try await lab.details(launch).state.status == "exited" }

        let all = try await lab.lines(LogQuery(scope: .task(launch.task.id)))
        #expect(all.map(\.text) == ["one", "two", "three"])
        #expect(all.map(\.stream) == [.output, .error, .output])
        #expect(
          all.allSatisfy { $0.task == launch.task.id && $0.service == launch.task.service && $0.slot == 1 })
        #expect(all.map(\.nanoseconds) == all.map(\.nanoseconds).sorted())

        let last = try await lab.lines(LogQuery(scope: .service(launch.task.service), tail: 1))
        #expect(last.map(\.text) == ["three"])
        let since = try await lab.lines(
          LogQuery(scope: .stack(lab.stack), sinceNanoseconds: all[1].nanoseconds))
        #expect(since.map(\.text) == ["two", "three"])
        #expect(try await lab.lines(LogQuery(scope: .task(TaskID(99)))).isEmpty)
      }
    }

    @Test("lines of a followed service come as they are written, of new tasks too")
    func follow() async throws {
      try await Lab.with { lab in
        let line = "i=0; while true; do echo line $i; i=$((i+1)); sleep 0.1; done"
        let (first, second) = (lab.launch(1, line), lab.launch(2, line))
        #expect(await lab.engine.perform(runTask: first) == .done)
        var tasks: Set<TaskID> = []
        var hasStarted = false
        for try await line in lab.engine.logs(LogQuery(scope: .service(first.task.service), follows: true)) {
          tasks.insert(line.task)
          if tasks.count == 2 { break }
          if !hasStarted {
            hasStarted = true
            #expect(await lab.engine.perform(runTask: second) == .done)
          }
        }
        #expect(tasks == [TaskID(1), TaskID(2)])
      }
    }

    @Test("a followed task's lines end with it")
    func followTask() async throws {
      try await Lab.with { lab in
        let launch = lab.launch(1, "for i in 1 2 3; do echo $i; sleep 0.2; done")
        #expect(await lab.engine.perform(runTask: launch) == .done)
        let lines = try await lab.lines(LogQuery(scope: .task(launch.task.id), follows: true))
        #expect(lines.map(\.text) == ["1", "2", "3"])
      }
    }

    @Test("a line longer than the engine's messages is one line, and a slow reader misses nothing")
    func longLines() async throws {
      try await Lab.with { lab in
        let launch = lab.launch(
          1, "x=$(seq -s, 1 10000); echo $x; seq 1 5000")
        #expect(await lab.engine.perform(runTask: launch) == .done)
        try await eventually("it ended") { try await lab.details(launch).state.status == "exited" }
        var lines: [String] = []
        for try await line in lab.engine.logs(LogQuery(scope: .task(launch.task.id))) {
          if lines.isEmpty { try await _Concurrency.Task.sleep(for: .milliseconds(300)) }
          lines.append(line.text)
        }
        #expect(lines.first == (1...10000).map(String.init).joined(separator: ","))
        #expect(lines.dropFirst().elementsEqual((1...5000).map(String.init)))
      }
    }

    @Test("a container with a terminal has one output, read without frames")
    func terminal() async throws {
      try await Lab.with { lab in
        struct Body: Encodable {
          let image = EngineFixture.image
          let command = ["/bin/sh", "-c", "echo one; echo two >&2; echo -n three"]
          let hasTerminal = true
          let labels: [String: String]

          enum CodingKeys: String, CodingKey {
            case image = "Image"
            case command = "Cmd"
            case hasTerminal = "Tty"
            case labels = "Labels"
          }
        }
        let launch = lab.launch(1, "")
        let name = launch.task.containerName
        let make = try EngineRequest(.post, "/containers/create", query: ["name": name], what: "make it")
          .body(Body(labels: Labels.container(launch)))
        try await lab.engine.client.send(make).accept()
        #expect(await lab.engine.perform(runTask: launch) == .done)
        try await eventually("it ended") { try await lab.details(launch).state.status == "exited" }
        let lines = try await lab.lines(LogQuery(scope: .task(launch.task.id)))
        #expect(lines.map(\.text) == ["one", "two", "three"])
        #expect(lines.allSatisfy { $0.stream == .output && $0.nanoseconds > 0 })
      }
    }
  }
}

extension Lab {
  fileprivate func lines(_ query: LogQuery) async throws -> [LogLine] {
    var lines: [LogLine] = []
    for try await line in engine.logs(query) { lines.append(line) }
    return lines
  }
}
