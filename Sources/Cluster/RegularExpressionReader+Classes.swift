extension RegularExpressionReader {
  /// What `.` matches.
  static let any = ByteSet(UInt8(ascii: "\n")).inverted

  mutating func readClass() throws(Flaw) -> ByteSet {
    let start = place
    place += 1
    let isInverted = skip("^")
    var set = ByteSet()
    var isFirst = true
    while isFirst || peek != "]" {
      guard peek != nil else { throw Flaw(place: start + 1, reason: "this [ is not closed") }
      set = set.union(try readClassItem())
      isFirst = false
    }
    place += 1
    return isInverted ? folded(set).inverted : folded(set)
  }

  /// A character, a range, or a named class.
  private mutating func readClassItem() throws(Flaw) -> ByteSet {
    let start = place
    if peek == "[", let next = scalars.dropFirst(place + 1).first, ":.=".unicodeScalars.contains(next) {
      throw flaw("named classes such as [:alpha:] are not taken; write a-zA-Z")
    }
    let low = try readClassCharacter()
    guard peek == "-", let end = scalars.dropFirst(place + 1).first, end != "]" else { return low.set }
    place += 1
    let high = try readClassCharacter()
    guard let from = low.byte, let to = high.byte else {
      throw Flaw(
        place: start + 1, reason: "a range goes from one ASCII character to another; as itself - is \\-")
    }
    if from > to { throw Flaw(place: start + 1, reason: "this range is the wrong way round") }
    return ByteSet(from...to)
  }

  /// What one character in a class stands for, and which byte it is if it can be an end of a range.
  private mutating func readClassCharacter() throws(Flaw) -> (set: ByteSet, byte: UInt8?) {
    guard peek == "\\" else {
      guard let scalar = peek else { return (ByteSet(), nil) }
      place += 1
      let bytes = Array(String(scalar).utf8)
      return (ByteSet(bytes), bytes.count == 1 ? bytes[0] : nil)
    }
    let start = place
    let part = try readEscape()
    guard part.isSingle else { throw Flaw(place: start + 1, reason: "this means nothing in a class") }
    return (part.first, (0...255).lazy.map(UInt8.init).only { part.first == ByteSet($0) })
  }

  mutating func readEscape() throws(Flaw) -> RegularExpressionPart {
    let start = place
    place += 1
    guard let scalar = peek else { throw Flaw(place: start + 1, reason: "it ends with a backslash") }
    place += 1
    switch scalar {
    case "d": return .single(.digits, size: 40)
    case "D": return .single(ByteSet.digits.inverted, size: 40)
    case "w": return .single(.wordCharacters, size: 40)
    case "W": return .single(ByteSet.wordCharacters.inverted, size: 40)
    case "s": return .single(.space, size: 40)
    case "S": return .single(ByteSet.space.inverted, size: 40)
    case "b", "B", "A", "z", "Z": return .assertion()
    case "t": return .single(ByteSet(0x09))
    case "1"..."9", "g", "k": throw Flaw(place: start + 1, reason: "a back-reference is not taken")
    case _ where scalar.isASCII && !isLetterOrDigit(UInt8(scalar.value)):
      return .single(ByteSet(UInt8(scalar.value)))
    default: throw Flaw(place: start + 1, reason: "\\\(scalar) is not taken")
    }
  }
}

extension Sequence {
  /// The one element that fulfils a condition; nil when none or several do.
  fileprivate func only(_ condition: (Element) -> Bool) -> Element? {
    var found: Element?
    for element in self where condition(element) {
      if found != nil { return nil }
      found = element
    }
    return found
  }
}
