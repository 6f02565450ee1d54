package import Cluster

extension BanExpression {
  /// Matches every object; no response has the status 0.
  static let everything = BanExpression(
    conditions: [Condition(field: "obj.status", comparison: "!=", argument: "0")])

  /// Bans that match addresses under one host, or under every host: few bans for many addresses, as every ban is
  /// tested against every object. No address may hold white space.
  package static func addresses(_ paths: [String], host: String?) -> [BanExpression] {
    groups(of: paths).map { group in
      var conditions = [
        group.count == 1
          ? Condition(field: "obj.http.x-url", comparison: "==", argument: group[0])
          : Condition(field: "obj.http.x-url", comparison: "~", argument: "^(?:\(alternatives(group)))$")
      ]
      if let host {
        conditions.append(Condition(field: "obj.http.x-host", comparison: "==", argument: host.lowercased()))
      }
      return BanExpression(conditions: conditions)
    }
  }

  /// Bans that match whatever is tagged with one of the keys, in either of the headers that are in use.
  package static func keys(_ keys: [String]) -> [BanExpression] {
    groups(of: keys).flatMap { group in
      let any = "(?:\(alternatives(group)))"
      return [("xkey", "(?:^|[\\s,])\(any)(?:[\\s,]|$)"), ("x-ids-involved", "#\(any)#")].map {
        header, pattern in
        BanExpression(
          conditions: [Condition(field: "obj.http.\(header)", comparison: "~", argument: pattern)])
      }
    }
  }

  /// As Varnish's command line takes it: quotes around a field or a comparison confuse it.
  package var command: String {
    conditions.map { "\($0.field) \($0.comparison) \(quoted($0.argument))" }.joined(separator: " && ")
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

/// A word of Varnish's command line, in quotes, with everything escaped that is not plain ASCII.
package func quoted(_ word: String) -> String {
  var text = "\""
  for byte in word.utf8 {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"):
      text += "\\"
      text.unicodeScalars.append(Unicode.Scalar(byte))
    case 0x20..<0x7F: text.unicodeScalars.append(Unicode.Scalar(byte))
    default:
      let octal = String(byte, radix: 8)
      text += "\\" + String(repeating: "0", count: 3 - octal.count) + octal
    }
  }
  return text + "\""
}
