import AsyncAlgorithms
import Cluster
import HTTPTypes
import Hummingbird
import Manager
import NIOCore
import Raft
import ServiceLifecycle

// Streams: server-sent events for documents, lines of JSON for logs. Each carries something at least every few
// seconds, so that both ends notice a broken connection. All end when the server shuts down.

extension OperatorRoutes {
  @Sendable func watch(_ request: Request, _ context: OperatorContext) async throws -> Response {
    let stack = request.parameter("stack")
    let awaited = try request.number("after", as: UInt64.self) ?? 0
    return try await eventStream(from: ProgressReport?.none) { last in
      let progress = await self.reader().progress(ofStack: stack)
      if let last, last.says(theSameAs: progress), !progress.reaches(awaited, before: last) { return [] }
      last = progress
      return [ServerSentEvent(ProgressReport.eventName, progress)]
    }
  }

  func historyStream(after start: UInt64) async throws -> Response {
    try await eventStream(from: start) { last in
      let page = await self.reader().history(after: last)
      last = max(last, page.appliedIndex)
      return page.records.map { ServerSentEvent(HistoryPage.eventName, $0, id: $0.index) }
    }
  }

  @Sendable func getLogs(_ request: Request, _ context: OperatorContext) async throws -> Response {
    let parts = (try context.parameters.require("stack"), try context.parameters.require("service"))
    guard let service = ServiceName("\(parts.0)/\(parts.1)") else {
      throw APIFailure(.badRequest, .badRequest, "\(parts.0)/\(parts.1) is no name of a service")
    }
    let follows = request.flag("follow")
    let lines = try await gateway.logs(
      of: service, tail: try request.number("tail", as: Int.self),
      sinceMilliseconds: try request.number("since", as: Int64.self, atMost: Self.lastTime), follows: follows)
    return try stream(contentType: "application/x-ndjson") { writer in
      let buffers = lines.map { LogText.buffer($0) }
      if follows {
        let beats = beats.map { _ in LogText.keepAlive }
        for try await buffer in merge(buffers, beats).cancelOnGracefulShutdown() {
          try await writer.write(buffer)
        }
      } else {
        for try await buffer in buffers.cancelOnGracefulShutdown() { try await writer.write(buffer) }
      }
    }
  }

  /// Milliseconds since 1970 that still count in nanoseconds.
  private static let lastTime = Int64.max / 1_000_000

  // MARK: What streams have in common

  private var beats: AsyncTimerSequence<ContinuousClock> {
    AsyncTimerSequence(interval: configuration.keepAlive, clock: .continuous)
  }

  /// A stream of what `next` finds to say: at once, then whenever the view has changed. A manager that has heard no
  /// leader for a while has no news: its streams end, and whoever watches asks another one.
  private func eventStream<Place: Sendable>(
    from start: Place, next: @escaping @Sendable (inout Place) async -> [ServerSentEvent]
  ) async throws -> Response {
    guard await hasNews() else {
      throw APIFailure(
        .serviceUnavailable, .noQuorum, "it has heard no leader for some seconds, and knows nothing new",
        isTemporary: true)
    }
    return try stream(contentType: "text/event-stream") { writer in
      var place = start
      try await writer.write(contentsOf: await next(&place).map(\.buffer))
      let ticks = merge(await gateway.changes(), beats.map { _ in })
      for await _ in ticks.cancelOnGracefulShutdown() {
        guard await hasNews() else { break }
        let events = await next(&place)
        try await writer.write(
          contentsOf: events.isEmpty ? [ServerSentEvent.keepAlive] : events.map(\.buffer))
        // Whoever watches wants the news, not each of a thousand steps on the way.
        try await _Concurrency.Task.sleep(for: configuration.eventInterval)
      }
    }
  }

  private func hasNews() async -> Bool {
    await gateway.view().unconfirmedFor.milliseconds <= ViewAge.toleratedMilliseconds
  }

  private func stream(
    contentType: String, _ body: @escaping @Sendable (inout any ResponseBodyWriter) async throws -> Void
  ) throws -> Response {
    guard streams.enter() else {
      throw APIFailure(
        .serviceUnavailable, .overloaded, "too many streams are open at this manager", isTemporary: true)
    }
    let limit = streams
    return Response(
      status: .ok, headers: [.contentType: contentType, .cacheControl: "no-store"],
      body: ResponseBody { writer in
        defer { limit.leave() }
        try await body(&writer)
        try await writer.finish(nil)
      })
  }
}

extension ProgressReport {
  /// Whether nothing but the index moved on: decisions and purges alone raise it all the time.
  fileprivate func says(theSameAs other: ProgressReport) -> Bool {
    var other = other
    other.appliedIndex = appliedIndex
    return self == other
  }

  /// Whether it shows an entry that the one before did not: to whoever waits for the entry, that is news.
  fileprivate func reaches(_ index: UInt64, before last: ProgressReport) -> Bool {
    last.appliedIndex < index && index <= appliedIndex
  }
}

/// Lines of JSON; an empty one keeps the connection alive.
enum LogText {
  static let keepAlive = ByteBuffer(string: "\n")

  static func buffer(_ line: LogLine) -> ByteBuffer { ByteBuffer(string: JSON.text(line) + "\n") }
}

/// One event of a stream (HTML Living Standard, section 9.2).
struct ServerSentEvent {
  let name: String
  let data: String
  let id: UInt64?

  init(_ name: String, _ document: some Encodable, id: UInt64? = nil) {
    self.name = name
    data = JSON.text(document)
    self.id = id
  }

  /// A comment: it says nothing, but it says so.
  static let keepAlive = ByteBuffer(string: ":\n\n")

  var buffer: ByteBuffer {
    let idLine = id.map { "id: \($0)\n" } ?? ""
    return ByteBuffer(string: "\(idLine)event: \(name)\ndata: \(data)\n\n")
  }
}
