import Raft

/// Durations, percentages and counts as scenario files write them: digits, at most one decimal point, a unit.
enum Quantity {
  /// The longest duration that a file may name: three months.
  static let longest = Duration.seconds(90 * 86_400)

  private static let units: [(name: String, nanoseconds: Int64)] = [
    ("ns", 1), ("us", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000), ("min", 60_000_000_000),
    ("h", 3_600_000_000_000),
  ]

  /// `200ms`, `1.5s`, `2h`; nil for everything else, and for more than `longest`.
  static func duration(_ text: some StringProtocol) -> Duration? {
    let digits = text.prefix { $0.isASCIIDigit || $0 == "." }
    let name = text.dropFirst(digits.count)
    guard let unit = units.first(where: { $0.name == name }),
      let nanoseconds = scaled(digits, by: unit.nanoseconds), nanoseconds <= longest.nanoseconds
    else { return nil }
    return Duration(nanoseconds: nanoseconds)
  }

  /// The shortest exact form: `90s`, `250ms`, `1h`.
  static func text(_ duration: Duration) -> String {
    let count = duration.nanoseconds
    let unit =
      units.last { $0.name != "min" && count != 0 && count % $0.nanoseconds == 0 } ?? ("s", 1_000_000_000)
    return "\(count / unit.nanoseconds)\(unit.name)"
  }

  /// `+90s`, `-1h`
  static func signed(_ duration: Duration) -> String {
    duration < .zero ? "-" + text(Duration(nanoseconds: -duration.nanoseconds)) : "+" + text(duration)
  }

  /// `0.1%` is 1,000 of a million; up to four decimals, at most 100 %.
  static func partsPerMillion(_ text: some StringProtocol) -> UInt64? {
    guard text.last == "%", let parts = scaled(text.dropLast(), by: 10_000), parts <= 1_000_000 else {
      return nil
    }
    return UInt64(parts)
  }

  static func percent(_ partsPerMillion: UInt64) -> String {
    let (whole, rest) = partsPerMillion.quotientAndRemainder(dividingBy: 10_000)
    guard rest > 0 else { return "\(whole)%" }
    let padded = String(repeating: "0", count: 4 - String(rest).count) + String(rest)
    return "\(whole)." + padded.trimmingTrailing("0") + "%"
  }

  /// Digits only: no sign, no separators.
  static func count(_ text: some StringProtocol) -> UInt64? {
    guard !text.isEmpty, text.allSatisfy(\.isASCIIDigit) else { return nil }
    return UInt64(text)
  }

  /// A decimal number times `scale`; nil when that is no whole number or does not fit.
  private static func scaled(_ text: some StringProtocol, by scale: Int64) -> Int64? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count <= 2, let whole = parts.first.flatMap({ count($0) }) else { return nil }
    guard let units = Int64(exactly: whole),
      case (var sum, false) = units.multipliedReportingOverflow(by: scale)
    else { return nil }
    guard parts.count == 2 else { return sum }
    guard !parts[1].isEmpty else { return nil }
    var place = scale
    for digit in parts[1] {
      guard let value = digit.wholeNumberValue, digit.isASCIIDigit, place % 10 == 0 else { return nil }
      place /= 10
      guard case (let next, false) = sum.addingReportingOverflow(Int64(value) * place) else { return nil }
      sum = next
    }
    return sum
  }
}

extension Character {
  var isASCIIDigit: Bool { self >= "0" && self <= "9" }
}

extension String {
  fileprivate func trimmingTrailing(_ character: Character) -> String {
    var text = self
    while text.last == character { text.removeLast() }
    return text
  }
}
