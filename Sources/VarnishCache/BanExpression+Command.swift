package import Cluster

extension BanExpression {
  /// Matches every object; no response has the status 0.
  static let everything = BanExpression(
    conditions: [Condition(field: "obj.status", comparison: "!=", argument: "0")])

  /// As Varnish's command line takes it: quotes around a field or a comparison confuse it.
  package var command: String {
    conditions.map { "\($0.field) \($0.comparison) \(quoted($0.argument))" }.joined(separator: " && ")
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
