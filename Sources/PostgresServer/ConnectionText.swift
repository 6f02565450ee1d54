internal import CPostgres

/// Reads libpq's `keyword='value'` form, as in `primary_conninfo`.
enum ConnectionText {
  /// What the text sets; empty when it is not in that form.
  static func parse(_ text: String) -> [String: String] {
    guard let options = PQconninfoParse(text, nil) else { return [:] }
    defer { PQconninfoFree(options) }
    var values: [String: String] = [:]
    var option = options
    while let keyword = option.pointee.keyword {
      if let value = option.pointee.val { values[String(cString: keyword)] = String(cString: value) }
      option += 1
    }
    return values
  }
}
