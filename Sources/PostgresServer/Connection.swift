internal import CPostgres
internal import Glibc

/// One connection to a server, used from one thread. Every call has a deadline: a server that is frozen takes
/// connections and never answers.
package final class Connection {
  package typealias Row = [String?]

  private let handle: OpaquePointer

  /// Connects as the superuser through the server's socket.
  ///
  /// `synchronous_commit=local`: what the manager writes must not wait for a standby that may be away.
  package convenience init(to server: ServerProcess, within limit: Duration = .seconds(1)) throws {
    try self.init(
      [
        ("host", server.socketFolder), ("port", server.port), ("user", "postgres"), ("dbname", "postgres"),
        ("application_name", "tercetd"),
        (
          "options",
          "-c synchronous_commit=local -c log_statement=none -c log_min_error_statement=panic -c log_min_duration_statement=-1"
        ),
      ], within: limit)
  }

  package init(_ parameters: [(keyword: String, value: String)], within limit: Duration) throws {
    let keywords = parameters.map { strdup($0.keyword) }
    let values = parameters.map { strdup($0.value) }
    defer { for text in keywords + values { free(text) } }
    let names: [UnsafePointer<CChar>?] = keywords.map { UnsafePointer($0) } + [nil]
    let contents: [UnsafePointer<CChar>?] = values.map { UnsafePointer($0) } + [nil]
    guard let handle = PQconnectStartParams(names, contents, 0) else {
      throw PostgresError.connectionFailed("out of memory")
    }
    self.handle = handle
    PQsetNoticeProcessor(handle, { _, _ in }, nil)
    try finishConnecting(before: .now + limit)
  }

  deinit { PQfinish(handle) }

  /// Runs one statement and returns its rows; values go beside the text, never in it.
  package func query(_ text: String, _ parameters: [String?] = [], within limit: Duration = .seconds(2))
    throws -> [Row]
  {
    let deadline = ContinuousClock.now + limit
    let values = parameters.map { $0.flatMap { strdup($0) } }
    defer { for value in values { free(value) } }
    let pointers: [UnsafePointer<CChar>?] = values.map { UnsafePointer($0) }
    let sent =
      parameters.isEmpty
      ? PQsendQuery(handle, text)
      : PQsendQueryParams(handle, text, Int32(values.count), nil, pointers, nil, nil, 0)
    guard sent == 1 else { throw failure() }
    var rows: [Row] = []
    var problem: PostgresError?
    while true {
      while PQisBusy(handle) == 1 {
        try wait(for: POLLIN, before: deadline, doing: "a query")
        guard PQconsumeInput(handle) == 1 else { throw failure() }
      }
      guard let result = PQgetResult(handle) else { break }
      defer { PQclear(result) }
      switch PQresultStatus(result) {
      case PGRES_TUPLES_OK: rows = Self.rows(of: result)
      case PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: break
      default:
        let code = PQresultErrorField(result, Int32(UInt8(ascii: "C"))).map { String(cString: $0) } ?? ""
        problem = .queryFailed(code: code, message: Self.trimmed(PQresultErrorMessage(result)))
      }
    }
    if let problem { throw problem }
    return rows
  }

  func quoted(identifier: String) throws -> String {
    try quoted(PQescapeIdentifier(handle, identifier, identifier.utf8.count))
  }

  func quoted(literal: String) throws -> String {
    try quoted(PQescapeLiteral(handle, literal, literal.utf8.count))
  }

  /// The SCRAM verifier of a password: what the server stores, so that it never sees the password itself.
  func scramVerifier(password: String, user: String) throws -> String {
    guard let verifier = PQencryptPasswordConn(handle, password, user, "scram-sha-256") else {
      throw failure()
    }
    defer { PQfreemem(verifier) }
    return String(cString: verifier)
  }

  private func quoted(_ text: UnsafeMutablePointer<CChar>?) throws -> String {
    guard let text else { throw failure() }
    defer { PQfreemem(text) }
    return String(cString: text)
  }

  private func finishConnecting(before deadline: ContinuousClock.Instant) throws {
    var step = PGRES_POLLING_WRITING
    while true {
      switch step {
      case PGRES_POLLING_OK: return
      case PGRES_POLLING_WRITING: try wait(for: POLLOUT, before: deadline, doing: "a connection")
      case PGRES_POLLING_READING: try wait(for: POLLIN, before: deadline, doing: "a connection")
      default: throw failure()
      }
      step = PQconnectPoll(handle)
    }
  }

  /// Waits in short slices, so that a cancelled step ends soon.
  private func wait(for events: Int32, before deadline: ContinuousClock.Instant, doing what: String) throws {
    while true {
      try Task.checkCancellation()
      let left = deadline - .now
      guard left > .zero else { throw PostgresError.timeout("the database server did not answer to \(what)") }
      let socket = PQsocket(handle)
      guard socket >= 0 else { throw failure() }
      var descriptor = pollfd(fd: socket, events: Int16(events), revents: 0)
      let slice = min(left, .milliseconds(100))
      let count = poll(&descriptor, 1, Int32(slice / .milliseconds(1)) + 1)
      if count > 0 { return }
      if count < 0, errno != EINTR { throw PostgresError.connectionFailed(message(ofCode: errno)) }
    }
  }

  private func failure() -> PostgresError { .connectionFailed(Self.trimmed(PQerrorMessage(handle))) }

  private static func rows(of result: OpaquePointer) -> [Row] {
    (0..<PQntuples(result)).map { row in
      (0..<PQnfields(result)).map { column in
        PQgetisnull(result, row, column) == 1 ? nil : String(cString: PQgetvalue(result, row, column))
      }
    }
  }

  private static func trimmed(_ text: UnsafePointer<CChar>?) -> String {
    text.map { String(cString: $0) }?.split(separator: "\n").joined(separator: " ") ?? ""
  }
}
