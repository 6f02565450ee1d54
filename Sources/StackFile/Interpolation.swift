/// Fills in variables as `docker stack` does: `$NAME`, `${NAME}`, `${NAME:-default}` and `-` (empty counts as
/// set), `${NAME:?message}` and `?`, `${NAME:+instead}` and `+`, and `$$` for a dollar sign. What stands after the
/// operator may hold variables itself.
enum Interpolation {
  struct Failure: Error {
    let message: String
    let remedy: String?
  }

  /// - Parameter onUnset: told of each variable that is not set and has no default.
  static func expand(_ text: String, variables: (String) -> String?, onUnset: (String) -> Void)
    throws(Failure) -> String
  {
    guard text.utf8.contains(UInt8(ascii: "$")) else { return text }
    return try withoutActuallyEscaping(variables) { variables throws(Failure) in
      try withoutActuallyEscaping(onUnset) { onUnset throws(Failure) in
        var expander = Expander(bytes: Array(text.utf8), variables: variables, onUnset: onUnset)
        return try expander.text(isNested: false, isWanted: true, depth: 0)
      }
    }
  }
}

/// One pass over the text from left to right.
private struct Expander {
  typealias Failure = Interpolation.Failure
  private static let maximumDepth = 20

  let bytes: [UInt8]
  let variables: (String) -> String?
  let onUnset: (String) -> Void
  private var position = 0

  init(bytes: [UInt8], variables: @escaping (String) -> String?, onUnset: @escaping (String) -> Void) {
    self.bytes = bytes
    self.variables = variables
    self.onUnset = onUnset
  }

  /// Up to the end, or up to and without the closing brace when nested.
  /// - Parameter isWanted: false for a default that is not needed: it is read, not looked up.
  mutating func text(isNested: Bool, isWanted: Bool, depth: Int) throws(Failure) -> String {
    var result: [UInt8] = []
    while let byte = peek() {
      if isNested, byte == UInt8(ascii: "}") { break }
      position += 1
      if byte == UInt8(ascii: "$") {
        result += try Array(variable(isWanted: isWanted, depth: depth).utf8)
      } else {
        result.append(byte)
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// What follows a dollar sign.
  private mutating func variable(isWanted: Bool, depth: Int) throws(Failure) -> String {
    switch peek() {
    case UInt8(ascii: "$"):
      position += 1
      return "$"
    case UInt8(ascii: "{"):
      position += 1
      return try bracedVariable(isWanted: isWanted, depth: depth)
    default:
      guard let name = name() else {
        throw Failure(
          message: "a dollar sign is not followed by a variable's name", remedy: "write $$ for a dollar sign")
      }
      return value(of: name, isWanted: isWanted)
    }
  }

  private mutating func bracedVariable(isWanted: Bool, depth: Int) throws(Failure) -> String {
    guard depth < Self.maximumDepth else {
      throw Failure(message: "variables stand inside one another too deeply", remedy: nil)
    }
    guard let name = name() else {
      throw Failure(message: "`${` is not followed by a variable's name", remedy: "write $${ for the text ${")
    }
    if try consumeClosingBrace(after: name) { return value(of: name, isWanted: isWanted) }
    let countsEmpty = peek() == UInt8(ascii: ":")
    if countsEmpty { position += 1 }
    guard let operation = peek(), "-?+".utf8.contains(operation) else {
      throw Failure(
        message: "`${\(name)` is followed by something unknown",
        remedy: "the forms are ${\(name)}, ${\(name):-default}, ${\(name):?message} and ${\(name):+instead}")
    }
    position += 1
    let value = variables(name)
    let isSet = value.map { !countsEmpty || !$0.isEmpty } ?? false
    let wantsWord = isWanted && isSet == (operation == UInt8(ascii: "+"))
    let word = try text(isNested: true, isWanted: wantsWord, depth: depth + 1)
    guard try consumeClosingBrace(after: name) else {
      throw Failure(message: "`${\(name)` is not closed", remedy: "add the closing brace")
    }
    switch operation {
    case UInt8(ascii: "+"): return isSet ? word : ""
    case UInt8(ascii: "?") where !isSet && isWanted:
      throw Failure(message: "the variable `\(name)` is required: \(word)", remedy: "set it")
    default: return isSet ? value ?? "" : word
    }
  }

  /// True when the brace closes here. Complains at the end of the text.
  private mutating func consumeClosingBrace(after name: String) throws(Failure) -> Bool {
    guard let byte = peek() else {
      throw Failure(message: "`${\(name)` is not closed", remedy: "add the closing brace")
    }
    guard byte == UInt8(ascii: "}") else { return false }
    position += 1
    return true
  }

  private func value(of name: String, isWanted: Bool) -> String {
    guard isWanted else { return "" }
    guard let value = variables(name) else {
      onUnset(name)
      return ""
    }
    return value
  }

  private mutating func name() -> String? {
    let start = position
    while let byte = peek(), isNameByte(byte, first: position == start) { position += 1 }
    return position == start ? nil : String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private func isNameByte(_ byte: UInt8, first: Bool) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"): !first
    default: false
    }
  }

  private func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }
}
