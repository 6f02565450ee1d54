internal import Raft

/// Exact readings of durations, sizes and fractions: integers throughout, nothing is rounded unseen.
enum Quantity {
  struct Malformed: Error {
    let message: String
  }

  /// Go's form: `1m30s`, `500ms`, `1.5h`, `0`.
  static func duration(_ text: String) throws(Malformed) -> Duration {
    if text == "0" { return .zero }
    var rest = Substring(text)
    var nanoseconds: Int64 = 0
    repeat {
      let number = rest.prefix { $0.isASCII && $0.isNumber || $0 == "." }
      rest = rest.dropFirst(number.count)
      let unit = rest.prefix { !($0.isASCII && $0.isNumber) }
      rest = rest.dropFirst(unit.count)
      guard let factor = nanosecondsPerUnit[String(unit)] else {
        throw Malformed(
          message: unit.isEmpty && !number.isEmpty
            ? "`\(text)` has no unit; write \(text)s for seconds"
            : "`\(text)` is no duration such as 30s, 1m30s or 500ms")
      }
      let part = try scaled(number, by: factor, what: text)
      let (sum, overflow) = nanoseconds.addingReportingOverflow(part)
      guard !overflow else { throw Malformed(message: "`\(text)` is too long") }
      nanoseconds = sum
    } while !rest.isEmpty
    return Duration(nanoseconds: nanoseconds)
  }

  private static let nanosecondsPerUnit: [String: Int64] = [
    "ns": 1, "us": 1_000, "µs": 1_000, "μs": 1_000, "ms": 1_000_000, "s": 1_000_000_000,
    "m": 60_000_000_000, "h": 3_600_000_000_000,
  ]

  /// Docker's form, in powers of 1024: `512m`, `1gb`, `1.5GiB`, `65536`.
  static func bytes(_ text: String) throws(Malformed) -> Int64 {
    let lowered = text.lowercased()
    let number = lowered.prefix { $0.isASCII && $0.isNumber || $0 == "." }
    var unit = lowered.dropFirst(number.count).drop { $0 == " " }
    if unit.hasSuffix("ib") {
      unit = unit.dropLast(2)
    } else if unit.count == 2, unit.last == "b" {
      unit = unit.dropLast()
    }
    let shifts: [Substring: Int64] = ["": 0, "b": 0, "k": 10, "m": 20, "g": 30, "t": 40, "p": 50]
    guard !number.isEmpty, let shift = shifts[unit] else {
      throw Malformed(message: "`\(text)` is no size such as 512m or 1gb")
    }
    return try scaled(number, by: 1 << shift, what: text)
  }

  /// A fraction such as `0.5` in parts of one: nanos for processors, thousandths for ratios.
  static func fraction(_ text: String, partsOfOne: Int64) throws(Malformed) -> Int64 {
    try scaled(Substring(text), by: partsOfOne, what: text)
  }

  /// A decimal number times a factor, when that is a whole number.
  private static func scaled(_ number: Substring, by factor: Int64, what text: String) throws(Malformed)
    -> Int64
  {
    let parts = number.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    let fraction = parts.count == 2 ? parts[1] : ""
    guard !number.isEmpty, parts.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
      !(parts[0].isEmpty && fraction.isEmpty)
    else { throw Malformed(message: "`\(text)` is no number") }
    var digits = fraction
    while digits.last == "0" { digits = digits.dropLast() }
    guard digits.count <= 18, let whole = Int64(parts[0].isEmpty ? "0" : parts[0]) else {
      throw Malformed(message: "`\(text)` has too many digits")
    }
    let divisor = (0..<digits.count).reduce(Int64(1)) { power, _ in power * 10 }
    let (part, remainder) = divisor.dividingFullWidth((Int64(digits) ?? 0).multipliedFullWidth(by: factor))
    guard remainder == 0 else { throw Malformed(message: "`\(text)` is finer than can be told apart") }
    let (product, overflow) = whole.multipliedReportingOverflow(by: factor)
    let (sum, overflowed) = product.addingReportingOverflow(part)
    guard !overflow, !overflowed else { throw Malformed(message: "`\(text)` is too large") }
    return sum
  }
}
