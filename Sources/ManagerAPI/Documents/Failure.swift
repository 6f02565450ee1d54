/// Every answer that is no success, but for an intent's refusal: `{"error": {"code": …, "message": …}}`.
public struct FailureDocument: Hashable, Codable, Sendable {
  public var error: Failure

  public struct Failure: Hashable, Codable, Sendable {
    public var code: FailureCode
    /// What is wrong, where, and what to do; for people.
    public var message: String
  }
}

/// Why a request failed, for programs.
public enum FailureCode: String, Hashable, Codable, Sendable {
  /// 400: the request cannot be read; the message says where.
  case badRequest
  /// 403: the certificate does not permit it.
  case forbidden
  /// 404: there is no such thing.
  case notFound
  /// 405: the path has other methods.
  case methodNotAllowed
  /// 413: the body is too large.
  case tooLarge
  /// 503 with Retry-After: no majority of the managers answered in time. An intent may yet be applied: ask
  /// again with the same request.
  case noQuorum
  /// 503 with Retry-After: too much waits already; nothing was changed.
  case overloaded
  /// 503: this manager is shutting down or has halted; nothing was changed.
  case stopped
  /// 503: a local service is not configured or does not answer.
  case unavailable
  /// 500: a fault of Tercet's own.
  case internalError
}
