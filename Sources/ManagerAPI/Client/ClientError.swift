/// Why the cluster did not do what an operator asked.
public enum ClientError: Error, Hashable, Sendable, CustomStringConvertible {
  /// No manager could be reached, or none of those that could has a majority behind it.
  case noQuorum([Attempt])
  /// Managers were reached, and none could do it now, for another reason than a missing quorum: the first one's.
  case unable(FailureCode, [Attempt])
  /// It was understood and cannot be.
  case refused(reason: String)
  /// The request was wrong, not permitted, or about something that is not there.
  case rejected(FailureCode, message: String)
  /// The operator's certificate or key cannot be used.
  case badCredentials(reason: String)

  /// What became of asking one manager.
  public struct Attempt: Hashable, Sendable {
    public let manager: String
    public let zone: String
    public let reason: String
    /// What it answered; nil when it did not.
    public let code: FailureCode?
  }

  /// When nobody did it: the lack of a quorum only where a manager has said so, or none has said anything.
  static func fruitless(_ attempts: [Attempt]) -> ClientError {
    let codes = attempts.compactMap(\.code)
    guard let first = codes.first, !codes.contains(.noQuorum) else { return .noQuorum(attempts) }
    return .unable(first, attempts)
  }

  /// All that was tried, when nobody did it.
  var attempts: [Attempt]? {
    switch self {
    case .noQuorum(let attempts), .unable(_, let attempts): attempts
    case .refused, .rejected, .badCredentials: nil
    }
  }

  static func unreadable(_ error: any Error) -> ClientError {
    let place = (error as? DecodingError)?.place ?? "\(error)"
    return .rejected(
      .internalError, message: "the manager's answer cannot be read; is it of another version? (\(place))")
  }

  public var description: String {
    switch self {
    case .noQuorum(let attempts): "no quorum: no manager could do it\(Self.list(attempts))"
    case .unable(_, let attempts): "no manager could do it now\(Self.list(attempts))"
    case .refused(let reason): "refused: \(reason)"
    case .rejected(_, let message): message
    case .badCredentials(let reason):
      "the operator's certificate cannot be used: \(reason); use the operator folder that `tercet bootstrap` made"
    }
  }

  private static func list(_ attempts: [Attempt]) -> String {
    attempts.map { "\n  \($0.manager) (zone \($0.zone)): \($0.reason)" }.joined()
  }
}
