import FoundationEssentials

/// How long a certificate is valid, from now on.
public struct Validity: Hashable, Sendable {
  /// At least one.
  public let days: Int

  public static func days(_ days: Int) -> Validity { Validity(days: max(1, days)) }
  public static func years(_ years: Int) -> Validity { Validity(days: max(1, years * 365)) }

  static let authority = Validity.years(20)

  private static let secondsADay = 86_400.0

  /// A day ago: bootstrapping must not fail because another machine's clock is behind.
  static var start: Date { Date().addingTimeInterval(-secondsADay) }

  var end: Date { Date().addingTimeInterval(Double(days) * Validity.secondsADay) }
}
