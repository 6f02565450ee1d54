import HTTPTypes
import Hummingbird
import Logging

/// An answer that is no success.
struct APIFailure: Error {
  let status: HTTPResponse.Status
  let document: FailureDocument
  /// Another try may help, after a second.
  let isTemporary: Bool

  init(
    _ status: HTTPResponse.Status, _ code: FailureCode, _ message: String, isTemporary: Bool = false
  ) {
    self.status = status
    self.document = FailureDocument(error: .init(code: code, message: message))
    self.isTemporary = isTemporary
  }

  init(_ error: GatewayError) {
    let code: FailureCode
    switch error {
    case .noQuorum: code = .noQuorum
    case .overloaded: code = .overloaded
    case .stopped: code = .stopped
    case .unavailable: code = .unavailable
    case .refused(let reason):
      self.init(.badRequest, .badRequest, reason)
      return
    }
    self.init(.serviceUnavailable, code, error.description, isTemporary: true)
  }

  init(_ error: DecodingError) {
    self.init(.badRequest, .badRequest, error.place)
  }

  init(_ error: HTTPError) {
    switch error.status {
    case .notFound: self.init(.notFound, .notFound, "there is nothing at this path")
    case .contentTooLarge: self.init(.contentTooLarge, .tooLarge, "the body is too large")
    default: self.init(error.status, .badRequest, error.body ?? error.status.reasonPhrase)
    }
  }

  var response: Response {
    var response = Response.json(document, status: status)
    if isTemporary { response.headers[.retryAfter] = "1" }
    return response
  }
}

extension DecodingError {
  /// What is wrong and where, as a path such as `intent.scale.replicas`.
  package var place: String {
    switch self {
    case .keyNotFound(let key, let context):
      "\(Self.path(context.codingPath + [key])): it is missing"
    case .typeMismatch(let type, let context):
      "\(Self.path(context.codingPath)): it must be \(Self.name(of: type))"
    case .valueNotFound(let type, let context):
      "\(Self.path(context.codingPath)): it must be \(Self.name(of: type)), not null"
    case .dataCorrupted(let context):
      "\(Self.path(context.codingPath)): \(context.debugDescription)"
    @unknown default: "the body cannot be read: \(self)"
    }
  }

  private static func path(_ keys: [any CodingKey]) -> String {
    guard !keys.isEmpty else { return "the body" }
    return keys.reduce("") { path, key in
      if let index = key.intValue { return "\(path)[\(index)]" }
      return path.isEmpty ? key.stringValue : "\(path).\(key.stringValue)"
    }
  }

  private static func name(of type: Any.Type) -> String {
    switch type {
    case is String.Type: "a text"
    case is any FixedWidthInteger.Type: "a whole number"
    case is Bool.Type: "true or false"
    case is [String: Any].Type: "an object"
    case is any Collection.Type: "a list"
    default: "an object"
    }
  }
}

extension Response {
  /// A document of the API.
  static func json(_ document: some Encodable, status: HTTPResponse.Status = .ok) -> Response {
    Response(
      status: status, headers: [.contentType: "application/json"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: JSON.text(document) + "\n")))
  }
}

/// Turns whatever went wrong into the API's own form, and counts answers.
struct FailureMiddleware: RouterMiddleware {
  let metrics: OperatorMetrics

  func handle(
    _ request: Request, context: OperatorContext,
    next: (Request, OperatorContext) async throws -> Response
  ) async throws -> Response {
    let response = await answer(request, context, next)
    metrics.answered(response.status)
    return response
  }

  private func answer(
    _ request: Request, _ context: OperatorContext,
    _ next: (Request, OperatorContext) async throws -> Response
  ) async -> Response {
    do {
      return try await next(request, context)
    } catch let failure as APIFailure {
      return failure.response
    } catch let error as GatewayError {
      return APIFailure(error).response
    } catch let error as HTTPError {
      return APIFailure(error).response
    } catch {
      context.logger.error("a request failed unexpectedly", metadata: ["error": "\(error)"])
      return APIFailure(.internalServerError, .internalError, "this should not happen: \(error)").response
    }
  }
}

/// What the operators' server counts of itself.
struct OperatorMetrics: Sendable {
  private let classes: [Counter]

  init(_ registry: MetricsRegistry) {
    classes = (1...5).map { first in
      registry.counter(
        "tercet_http_requests_total", help: "HTTP requests answered, by server and status code.",
        labels: [MetricLabel("server", "operators"), MetricLabel("code", "\(first)xx")])
    }
  }

  func answered(_ status: HTTPResponse.Status) {
    classes[min(max(status.code / 100, 1), classes.count) - 1].add()
  }
}
