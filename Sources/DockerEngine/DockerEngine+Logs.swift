internal import AsyncHTTPClient
public import Cluster
internal import NIOCore
internal import Raft

extension DockerEngine {
  /// How often a followed service is looked at for new tasks.
  private static let newTaskLook = Duration.seconds(1)
  /// So many lines may wait for a reader before the engine has to.
  private static let waitingLines = 1024

  /// The lines of a task's, a service's or a stack's containers on this node. Lines of one container keep their order,
  /// those of several interleave as they come.
  ///
  /// - Returns: a sequence that throws `DockerError`, and that ends at once when there is no such container and the
  ///   query does not follow.
  public func logs(_ query: LogQuery) -> AsyncThrowingStream<LogLine, any Error> { logs(query) { $0 } }

  /// The same in the reader's words: a stream of its own around this one would have to hold what nobody reads.
  public func logs<Line: Sendable>(
    _ query: LogQuery, as words: @escaping @Sendable (LogLine) -> Line
  ) -> AsyncThrowingStream<Line, any Error> {
    let (lines, continuation) = AsyncThrowingStream.makeStream(
      of: Line.self, bufferingPolicy: .bufferingOldest(Self.waitingLines))
    let task = _Concurrency.Task {
      do {
        try await collect(query) { line in try await Self.deliver(words(line), to: continuation) }
        continuation.finish()
      } catch {
        continuation.finish(throwing: error)
      }
    }
    continuation.onTermination = { _ in task.cancel() }
    return lines
  }

  /// The last lines of a task's output, for messages about it; secrets are not taken out.
  public func lastLogLines(of task: TaskID, count: Int) async throws -> [String] {
    var lines: [String] = []
    for try await line in logs(LogQuery(scope: .task(task), tail: count)) { lines.append(line.text) }
    return lines.suffix(count)
  }

  func lastLines(of container: ContainerDetails, count: Int) async throws -> [String] {
    let lines = Mailbox()
    try await withDeadline(.seconds(5), what: "read the container's last lines") { [self] in
      try await read(container, LogSpan(tail: count)) { await lines.append($0.text) }
    }
    return await lines.texts.suffix(count).filter { !$0.isEmpty }
  }

  private actor Mailbox {
    var texts: [String] = []
    func append(_ text: String) { texts.append(text) }
  }

  /// A slow reader slows the engine down: a line that finds no room is offered again.
  private static func deliver<Line: Sendable>(
    _ line: Line, to continuation: AsyncThrowingStream<Line, any Error>.Continuation
  ) async throws {
    while case .dropped = continuation.yield(line) { try await sleep(.milliseconds(5)) }
  }

  private func collect(
    _ query: LogQuery, _ deliver: @escaping @Sendable (LogLine) async throws -> Void
  ) async throws {
    let labels = query.scope.labels
    try await withThrowingTaskGroup(of: Void.self) { group in
      var known: Set<String> = []
      while true {
        for container in try await containers(labels: labels) where known.insert(container.id).inserted {
          group.addTask { [self] in
            guard let details = try await details(of: container.id) else { return }
            try await read(details, query.span) { line in
              if let line = LogLine(line, container.labels) { try await deliver(line) }
            }
          }
        }
        if case .task = query.scope { break }
        guard query.follows else { break }
        try await sleep(Self.newTaskLook)
      }
      try await group.waitForAll()
    }
  }

  private func read(
    _ container: ContainerDetails, _ span: LogSpan, _ deliver: (LogLines.Line) async throws -> Void
  ) async throws {
    let body = try await client.stream(request(container, span))
    var lines = LogLines()
    var frames = LogFrames()
    var splitter = LineSplitter()
    try await client.translated {
      for try await chunk in body {
        // With a terminal there is one output, unframed.
        let messages =
          container.config.hasTerminal
          ? splitter.lines(in: chunk.readableBytesView).map {
            LogFrames.Frame(stream: .output, bytes: $0 + [0x0a])
          }
          : try messages(in: chunk, &frames)
        for message in messages {
          if let line = lines.line(after: message.bytes, on: message.stream) { try await deliver(line) }
        }
      }
      if let line = lines.line(after: splitter.finish(), on: .output) { try await deliver(line) }
      for line in lines.finish() { try await deliver(line) }
    }
  }

  private func messages(in chunk: ByteBuffer, _ frames: inout LogFrames) throws -> [LogFrames.Frame] {
    do { return try frames.frames(in: chunk.readableBytesView) } catch {
      throw DockerError.unexpectedAnswer(
        what: "read a container's log", reason: "a frame has an unknown header")
    }
  }

  private func request(_ container: ContainerDetails, _ span: LogSpan) -> EngineRequest {
    EngineRequest(
      .get, "/containers/\(container.id)/logs",
      query: [
        "stdout": "true", "stderr": "true", "timestamps": "true", "follow": span.follows ? "true" : "false",
        "tail": span.tail.map { String($0) } ?? "all",
        "since": span.sinceNanoseconds.map(Timestamp.seconds) ?? "0",
      ], what: "read the log of \(container.name.drop { $0 == "/" })")
  }
}

/// Which lines of a container.
private struct LogSpan {
  var tail: Int?
  var sinceNanoseconds: Int64?
  var follows = false
}

extension LogQuery {
  fileprivate var span: LogSpan { LogSpan(tail: tail, sinceNanoseconds: sinceNanoseconds, follows: follows) }
}

extension LogQuery.Scope {
  fileprivate var labels: [String: String] {
    switch self {
    case .task(let task): [Labels.task: task.description]
    case .service(let name): [Labels.stack: name.stack, Labels.service: name.service]
    case .stack(let stack): [Labels.stack: stack]
    }
  }
}

extension LogLine {
  /// Nil when the container lacks Tercet's labels.
  fileprivate init?(_ line: LogLines.Line, _ labels: [String: String]) {
    guard let task = Labels.taskID(labels[Labels.task]), let stack = labels[Labels.stack],
      let service = labels[Labels.service], let slot = labels[Labels.slot].flatMap({ Int($0) })
    else { return nil }
    self.init(
      task: task, service: ServiceName(stack: stack, service: service), slot: slot, stream: line.stream,
      nanoseconds: line.nanoseconds, text: line.text)
  }
}
