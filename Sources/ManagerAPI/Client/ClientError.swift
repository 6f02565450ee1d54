/// Why the cluster did not do what an operator asked.
public enum ClientError: Error, Hashable, Sendable, CustomStringConvertible {
  /// No manager could be reached, or none of those that could has a majority behind it.
  case noQuorum([Attempt])
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
  }

  static func unreadable(_ error: any Error) -> ClientError {
    let place = (error as? DecodingError)?.place ?? "\(error)"
    return .rejected(
      .internalError, message: "the manager's answer cannot be read; is it of another version? (\(place))")
  }

  public var description: String {
    switch self {
    case .noQuorum(let attempts):
      attempts.map { "\n  \($0.manager) (zone \($0.zone)): \($0.reason)" }.reduce(
        "no quorum: no manager could do it", +)
    case .refused(let reason): "refused: \(reason)"
    case .rejected(_, let message): message
    case .badCredentials(let reason):
      "the operator's certificate cannot be used: \(reason); use the operator folder that `tercet bootstrap` made"
    }
  }
}
