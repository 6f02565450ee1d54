/// Reads a regular expression once, from left to right.
struct RegularExpressionReader {
  let scalars: [Unicode.Scalar]
  var place = 0
  /// Groups that PCRE keeps the text of.
  private(set) var captures = 0
  /// Signs `|` read so far.
  private var alternatives = 0
  private var depth = 0
  private var ignoresCase = false

  private static let maximumDepth = 20
  /// PCRE finds out what a repeat need not try again by comparing it with what follows, about 1,000 times at most.
  private static let maximumAlternatives = 200
  private static let maximumCount = 1_000

  typealias Flaw = RegularExpression.Flaw
  typealias Part = RegularExpressionPart
  typealias Item = RegularExpressionItem

  init(_ text: String) { scalars = Array(text.unicodeScalars) }

  mutating func readWhole() throws(Flaw) -> Part {
    if skip("(?i)") { ignoresCase = true }
    let part = try readAlternatives()
    if place < scalars.count { throw flaw("this ) closes nothing") }
    return part
  }

  // MARK: Alternatives and sequences

  private mutating func readAlternatives() throws(Flaw) -> Part {
    var sequences = [try readSequence()]
    while skip("|") {
      alternatives += 1
      if alternatives > Self.maximumAlternatives {
        place -= 1
        throw flaw("more than \(Self.maximumAlternatives) alternatives are not taken; divide it")
      }
      sequences.append(try readSequence())
    }
    return Self.join(sequences.map(Self.summary), of: sequences)
  }

  private static func join(_ alternatives: [Part], of sequences: [[Item]]) -> Part {
    Part(
      first: alternatives.reduce(ByteSet()) { $0.union($1.first) },
      canBeEmpty: alternatives.contains(where: \.canBeEmpty),
      size: alternatives.count == 1
        ? alternatives[0].size : alternatives.reduce(8) { limited($0 + $1.size + 6) },
      isAnchored: alternatives.allSatisfy(\.isAnchored), alternatives: sequences)
  }

  private mutating func readSequence() throws(Flaw) -> [Item] {
    var items: [Item] = []
    while let next = peek, next != "|", next != ")" { items.append(try readItem()) }
    return items
  }

  private static func summary(of items: [Item]) -> Part {
    var whole = Part(first: ByteSet(), canBeEmpty: true, size: 2)
    for item in items.reversed() {
      whole.first = item.canBeEmpty ? item.part.first.union(whole.first) : item.part.first
      whole.canBeEmpty = whole.canBeEmpty && item.canBeEmpty
      whole.size = limited(whole.size + item.size)
    }
    whole.isAnchored = items.first?.isAnchor ?? false
    return whole
  }

  // MARK: Items

  private mutating func readItem() throws(Flaw) -> Item {
    let start = place
    var item = Item(part: try readPart(), place: start)
    guard try readQuantifier(&item) else { return item }
    if item.part.isAssertion {
      throw Flaw(place: start + 1, reason: "this takes nothing that could be repeated")
    }
    item.isLazy = skip("?")
    if peek == "+" { throw flaw("a possessive repeat is not taken") }
    if let next = peek, "*{".unicodeScalars.contains(next) { throw flaw("this repeats a repeat") }
    return item
  }

  private mutating func readQuantifier(_ item: inout Item) throws(Flaw) -> Bool {
    if skip("?") {
      item.least = 0
    } else if skip("*") {
      (item.least, item.most) = (0, nil)
    } else if skip("+") {
      item.most = nil
    } else if skip("{") {
      try readCounts(&item)
    } else {
      return false
    }
    return true
  }

  private mutating func readCounts(_ item: inout Item) throws(Flaw) {
    let start = place - 1
    let least = readNumber()
    let hasComma = skip(",")
    let most = hasComma ? readNumber() : least
    guard let least, skip("}") else {
      throw Flaw(
        place: start + 1, reason: "{ begins a number of repeats such as {2} or {1,3}; as itself it is \\{")
    }
    if least > Self.maximumCount || most ?? 0 > Self.maximumCount {
      throw Flaw(place: start + 1, reason: "more than \(Self.maximumCount) repeats are not taken")
    }
    if most == 0 {
      throw Flaw(place: start + 1, reason: "what is repeated no time at all says nothing; leave it out")
    }
    if let most, least > most {
      throw Flaw(place: start + 1, reason: "the numbers of repeats are the wrong way round")
    }
    (item.least, item.most) = (least, most)
  }

  /// At most five digits.
  private mutating func readNumber() -> Int? {
    var digits = ""
    while let next = peek, ("0"..."9").contains(next), digits.utf8.count < 5 {
      digits.unicodeScalars.append(next)
      place += 1
    }
    return Int(digits)
  }

  private mutating func readPart() throws(Flaw) -> Part {
    switch peek {
    case "(": return try readGroup()
    case "[": return .single(try readClass(), size: 40)
    case "\\": return try readEscape()
    case "*", "+", "?", "{": throw flaw("this repeats nothing")
    case ".":
      place += 1
      return .single(Self.any)
    case "^":
      place += 1
      return .assertion(isAnchored: true)
    case "$":
      place += 1
      return .assertion(isEnd: true)
    default: return readCharacter()
    }
  }

  /// Of a character that is no ASCII the bytes are matched one by one, and only the last can be repeated.
  private mutating func readCharacter() -> Part {
    let bytes = Array(String(scalars[place]).utf8)
    place += 1
    let first = folded(ByteSet(bytes[0]))
    return bytes.count == 1
      ? .single(first)
      : next(is: "*+?{")
        ? .single(.all, size: 4 * bytes.count) : Part(first: first, size: 4 * bytes.count)
  }

  private mutating func readGroup() throws(Flaw) -> Part {
    let start = place
    place += 1
    if peek == "*" { throw flaw("a group that begins with (* is not taken") }
    var isLook = false
    if skip("?") {
      isLook = peek == "=" || peek == "!"
      guard isLook || peek == ":" else {
        throw Flaw(
          place: start + 1, reason: "of the groups with (? only (?:, (?=, (?! and (?i) at the start are taken"
        )
      }
      place += 1
    } else {
      captures += 1
    }
    depth += 1
    if depth > Self.maximumDepth {
      throw Flaw(place: start + 1, reason: "groups stand too deep in each other")
    }
    var part = try readAlternatives()
    depth -= 1
    guard skip(")") else { throw Flaw(place: start + 1, reason: "this ( is not closed") }
    part.size = limited(part.size + 12)
    part.isAssertion = isLook
    if isLook { (part.first, part.canBeEmpty, part.isAnchored) = (.all, true, false) }
    return part
  }
}

extension RegularExpressionReader {
  // MARK: Characters

  var peek: Unicode.Scalar? { place < scalars.count ? scalars[place] : nil }

  func next(is anyOf: String) -> Bool { peek.map(anyOf.unicodeScalars.contains) ?? false }

  mutating func skip(_ text: String) -> Bool {
    guard scalars[place...].starts(with: text.unicodeScalars) else { return false }
    place += text.unicodeScalars.count
    return true
  }

  func flaw(_ reason: String) -> Flaw { Flaw(place: place + 1, reason: reason) }

  func folded(_ set: ByteSet) -> ByteSet { ignoresCase ? set.ignoringCase : set }
}
