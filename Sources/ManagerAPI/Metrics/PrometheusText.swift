/// Prometheus' text format 0.0.4: a family's HELP and TYPE once, then its samples.
struct PrometheusText {
  enum MetricType: String {
    case counter, gauge, histogram
  }

  static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  private(set) var text = ""
  private var family = ""

  /// Opens a family; samples follow until the next one.
  mutating func family(_ name: String, _ type: MetricType, help: String) {
    family = name
    text += "# HELP \(name) \(Self.escaped(help, quotes: false))\n# TYPE \(name) \(type.rawValue)\n"
  }

  /// A sample of the open family.
  mutating func sample(_ value: Double, suffix: String = "", labels: [MetricLabel] = []) {
    text += family + suffix
    if !labels.isEmpty {
      let pairs = labels.map { "\($0.name)=\"\(Self.escaped($0.value, quotes: true))\"" }
      text += "{\(pairs.joined(separator: ","))}"
    }
    text += " \(Self.number(value))\n"
  }

  /// A family with a single sample.
  mutating func single(
    _ name: String, _ type: MetricType, help: String, _ value: Double, labels: [MetricLabel] = []
  ) {
    family(name, type, help: help)
    sample(value, labels: labels)
  }

  /// Whole numbers without a fraction, as people write them.
  static func number(_ value: Double) -> String {
    if value == value.rounded(), abs(value) < 1e15 { return String(Int64(value)) }
    if value == .infinity { return "+Inf" }
    if value == -.infinity { return "-Inf" }
    return value.isNaN ? "NaN" : "\(value)"
  }

  private static func escaped(_ text: String, quotes: Bool) -> String {
    var result = ""
    for character in text.unicodeScalars {
      switch character {
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\"" where quotes: result += "\\\""
      default: result.unicodeScalars.append(character)
      }
    }
    return result
  }
}
