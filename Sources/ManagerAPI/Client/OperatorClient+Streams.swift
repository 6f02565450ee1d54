import AsyncHTTPClient
public import Cluster
import NIOCore

// What operators follow. A stream that breaks is taken up again, at another manager if need be.

extension OperatorClient {
  /// How things go on, as a document whenever they change. Ends with `ClientError` when no manager can be
  /// reached any more.
  ///
  /// - Parameter index: the first report that shows this entry comes even if it says nothing else that is new.
  public func progress(
    ofStack stack: String? = nil, after index: UInt64 = 0
  ) -> AsyncThrowingStream<ProgressReport, any Error> {
    following { _ in
      Question("/v1/watch" + Self.query([("stack", stack), ("after", index > 0 ? "\(index)" : nil)]))
    } place: { (_: ProgressReport) in
      0
    }
  }

  /// All that happens after an index, as it happens.
  public func followHistory(after index: UInt64) -> AsyncThrowingStream<HistoryPage.Record, any Error> {
    following(from: index) { place in
      Question("/v1/history?follow=1&after=\(place)")
    } place: { (record: HistoryPage.Record) in
      record.index
    }
  }

  /// The lines of a service's containers at one manager's node.
  ///
  /// - Parameters:
  ///   - tail: the last so many of each container; nil for all.
  ///   - since: milliseconds since 1970.
  public func logs(
    of service: ServiceName, at manager: Manager, tail: Int?, sinceMilliseconds: Int64?, follows: Bool
  ) -> AsyncThrowingStream<LogLine, any Error> {
    let path =
      "/v1/logs/\(service.stack)/\(service.service)"
      + Self.query([
        ("tail", tail.map(String.init)), ("since", sinceMilliseconds.map(String.init)),
        ("follow", follows ? "1" : nil),
      ])
    return Self.producing { yield in
      let body = try await self.open(Question(path), at: manager)
      var lines = LineSplitter()
      for try await buffer in body {
        for line in lines.append(buffer) where !line.isEmpty {
          try await yield(try JSON.decode(LogLine.self, from: ByteBuffer(string: line)))
        }
      }
    }
  }

  /// Events of documents, over as many connections as it takes.
  private func following<Document: Decodable & Sendable>(
    from start: UInt64 = 0, question: @escaping @Sendable (UInt64) -> Question,
    place: @escaping @Sendable (Document) -> UInt64
  ) -> AsyncThrowingStream<Document, any Error> {
    Self.producing { yield in
      var last = start
      while true {
        let body = try await self.openPatiently(question(last))
        do {
          try await Self.read(body) { (document: Document) in
            last = place(document)
            try await yield(document)
          }
        } catch let error as DecodingError {
          throw ClientError.unreadable(error)
        } catch {
          // A broken stream is no error: the next connection goes on where it broke.
        }
        try await _Concurrency.Task.sleep(for: .milliseconds(100))
      }
    }
  }

  private static func read<Document: Decodable>(
    _ body: HTTPClientResponse.Body, _ take: (Document) async throws -> Void
  ) async throws {
    var lines = LineSplitter()
    for try await buffer in body {
      for line in lines.append(buffer) where line.hasPrefix("data: ") {
        try await take(try JSON.decode(Document.self, from: ByteBuffer(string: String(line.dropFirst(6)))))
      }
    }
  }

  /// A leader that is being elected, a manager that restarts: that passes.
  private func openPatiently(_ question: Question) async throws -> HTTPClientResponse.Body {
    var failures = 0
    while true {
      do throws(ClientError) {
        return try await open(question)
      } catch {
        failures += 1
        guard error.attempts != nil, failures < 10 else { throw error }
      }
      try await _Concurrency.Task.sleep(for: .milliseconds(500))
    }
  }

  /// So many may wait for a reader before the manager has to.
  private static let waitingElements = 256

  private static func producing<Element: Sendable>(
    _ body: @escaping @Sendable (_ yield: (Element) async throws -> Void) async throws -> Void
  ) -> AsyncThrowingStream<Element, any Error> {
    AsyncThrowingStream(bufferingPolicy: .bufferingOldest(waitingElements)) { continuation in
      let task = _Concurrency.Task {
        do {
          try await body { element in
            // What finds no room is offered again.
            while case .dropped = continuation.yield(element) {
              try await _Concurrency.Task.sleep(for: .milliseconds(5))
            }
          }
          continuation.finish()
        } catch {
          continuation.finish(throwing: error)
        }
      }
      continuation.onTermination = { _ in task.cancel() }
    }
  }
}

/// Cuts a stream of bytes into lines.
struct LineSplitter {
  private var rest: [UInt8] = []

  /// The lines that these bytes complete, without their ends.
  mutating func append(_ buffer: ByteBuffer) -> [String] {
    var lines: [String] = []
    for byte in buffer.readableBytesView {
      if byte == UInt8(ascii: "\n") {
        lines.append(String(decoding: rest, as: UTF8.self))
        rest.removeAll(keepingCapacity: true)
      } else {
        rest.append(byte)
      }
    }
    return lines
  }
}
