import Foundation

/// The rules of Prometheus' text format and of `promtool check metrics`, as far as they concern us.
enum PrometheusCheck {
  static func complaints(_ text: String) throws -> [String] {
    var complaints: [String] = []
    var types: [String: String] = [:]
    var helps: Set<String> = []
    var seen: Set<String> = []
    var current = ""
    if !text.hasSuffix("\n") { complaints.append("the last line does not end") }
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
      let words = line.split(separator: " ", maxSplits: 3).map(String.init)
      if line.hasPrefix("# HELP ") {
        if !helps.insert(words[2]).inserted { complaints.append("second HELP for \(words[2])") }
        if words.count < 4 { complaints.append("empty HELP for \(words[2])") }
      } else if line.hasPrefix("# TYPE ") {
        if types.updateValue(words[3], forKey: words[2]) != nil {
          complaints.append("second TYPE for \(words[2])")
        }
        current = words[2]
      } else {
        complaints += check(sample: String(line), family: current, type: types[current] ?? "", seen: &seen)
      }
    }
    complaints += types.filter { $0.value == "counter" && !$0.key.hasSuffix("_total") }.map {
      "counter \($0.key) does not end with _total"
    }
    complaints += types.keys.filter { !helps.contains($0) }.map { "no HELP for \($0)" }
    return complaints
  }

  private static func check(
    sample: String, family: String, type: String, seen: inout Set<String>
  ) -> [String] {
    let pattern = #/^([a-z_:][a-z0-9_:]*)(\{([a-z_]+="([^"\\\n]|\\.)*",?)+\})? (\S+)$/#
    guard let match = sample.wholeMatch(of: pattern) else { return ["no sample: \(sample)"] }
    var complaints: [String] = []
    let suffixes = type == "histogram" ? ["_bucket", "_sum", "_count"] : [""]
    if !suffixes.map({ family + $0 }).contains(String(match.1)) {
      complaints.append("\(match.1) stands under \(family)")
    }
    if !seen.insert(String(match.1) + String(match.2 ?? "")).inserted {
      complaints.append("twice: \(sample)")
    }
    if Double(match.5.replacing("+Inf", with: "inf")) == nil { complaints.append("no number: \(sample)") }
    return complaints
  }
}
