/// The engine's points in time: RFC 3339 in UTC with up to nanoseconds, `2026-11-23T14:16:31.058846881Z`.
package enum Timestamp {
  /// Since 1970; nil when the text has another form, for the zero time of what has not happened, and for times that
  /// so many nanoseconds do not reach (after April 2262).
  package static func nanoseconds(_ text: some StringProtocol) -> Int64? {
    let bytes = Array(text.utf8)
    guard bytes.count >= 20, bytes.last == UInt8(ascii: "Z"), let year = number(bytes[0..<4]),
      let month = number(bytes[5..<7]), let day = number(bytes[8..<10]), let hour = number(bytes[11..<13]),
      let minute = number(bytes[14..<16]), let second = number(bytes[17..<19]), year >= 1970
    else { return nil }
    let fraction = bytes[19..<(bytes.count - 1)].dropFirst()
    guard fraction.count <= 9, let digits = fraction.isEmpty ? 0 : number(fraction) else { return nil }
    let nanoseconds = (fraction.count..<9).reduce(digits) { value, _ in value * 10 }
    let seconds = ((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second
    let (whole, tooLate) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, isPastEnd) = whole.addingReportingOverflow(nanoseconds)
    return tooLate || isPastEnd ? nil : sum
  }

  static func milliseconds(_ text: some StringProtocol) -> Int64? { nanoseconds(text).map { $0 / 1_000_000 } }

  /// A later time than nanoseconds can tell becomes the last one: no line is that new.
  package static func nanoseconds(sinceMilliseconds milliseconds: Int64) -> Int64 {
    let (nanoseconds, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
    guard overflow else { return nanoseconds }
    return milliseconds < 0 ? .min : .max
  }

  /// Seconds with nine decimals, as the engine wants them in a query. Nothing was written before 1970.
  package static func seconds(_ nanoseconds: Int64) -> String {
    let nanoseconds = max(0, nanoseconds)
    let fraction = String(1_000_000_000 + nanoseconds % 1_000_000_000).dropFirst()
    return "\(nanoseconds / 1_000_000_000).\(fraction)"
  }

  /// Days since 1970 in the Gregorian calendar, for years from 1970 (Hinnant, "chrono-Compatible Low-Level Date
  /// Algorithms", days_from_civil).
  private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let year = month <= 2 ? year - 1 : year
    let era = year / 400
    let yearOfEra = year - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
    var value: Int64 = 0
    for digit in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
      value = value * 10 + Int64(digit - UInt8(ascii: "0"))
    }
    return value
  }
}
