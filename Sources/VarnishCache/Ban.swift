import Cluster

/// A ban as it is sent, and the smaller ones that mean the same together.
struct Ban: Hashable, Sendable {
  var expression: BanExpression
  /// None where it cannot be divided.
  var parts: [BanExpression] = []

  /// Bans that match addresses under one host, or under every host: few bans for many addresses, as every ban is
  /// tested against every object. No address may hold white space.
  static func addresses(_ paths: [String], host: String?) -> [Ban] {
    let condition = host.map {
      BanExpression.Condition(field: "obj.http.x-host", comparison: "==", argument: $0.lowercased())
    }
    func ban(_ comparison: String, _ argument: String) -> BanExpression {
      let address = BanExpression.Condition(
        field: "obj.http.x-url", comparison: comparison, argument: argument)
      return BanExpression(conditions: [address] + (condition.map { [$0] } ?? []))
    }
    return groups(of: paths).map { group in
      let each = group.map { ban("==", $0) }
      return each.count == 1
        ? Ban(expression: each[0]) : Ban(expression: ban("~", "^(?:\(alternatives(group)))$"), parts: each)
    }
  }

  /// Bans that match whatever is tagged with one of the keys, in either of the headers that are in use.
  static func keys(_ keys: [String]) -> [Ban] {
    func bans(_ keys: [String]) -> [BanExpression] {
      let any = "(?:\(alternatives(keys)))"
      return [("xkey", "(?:^|[\\s,])\(any)(?:[\\s,]|$)"), ("x-ids-involved", "#\(any)#")].map {
        header, pattern in
        BanExpression(
          conditions: [
            BanExpression.Condition(field: "obj.http.\(header)", comparison: "~", argument: pattern)
          ])
      }
    }
    return groups(of: keys).flatMap { group in
      bans(group).enumerated().map { place, whole in
        Ban(expression: whole, parts: group.count == 1 ? [] : group.map { bans([$0])[place] })
      }
    }
  }

  /// Bytes of texts in one ban; escaped four times as many, which the command line still takes. A longer text
  /// stands alone.
  private static let groupBytes = 1_500

  private static func groups(of texts: [String]) -> [[String]] {
    var groups: [[String]] = []
    var bytes = 0
    for text in texts {
      let size = text.utf8.count + 1
      if groups.isEmpty || bytes + size > groupBytes {
        groups.append([])
        bytes = 0
      }
      groups[groups.count - 1].append(text)
      bytes += size
    }
    return groups
  }

  private static func alternatives(_ texts: [String]) -> String {
    texts.map { text in
      // Scalar by scalar: with an accent behind it, a parenthesis is another character, and still one to PCRE.
      text.unicodeScalars.reduce(into: "") { result, scalar in
        if ".[]{}()*+?^$|\\#-".unicodeScalars.contains(scalar) { result += "\\" }
        result.unicodeScalars.append(scalar)
      }
    }.joined(separator: "|")
  }
}
