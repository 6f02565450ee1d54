/// Reads a regular expression once, from left to right.
struct RegularExpressionReader {
  let scalars: [Unicode.Scalar]
  var place = 0
  private var depth = 0
  private var ignoresCase = false

  private static let maximumDepth = 20
  private static let maximumCount = 1_000

  typealias Flaw = RegularExpression.Flaw
  typealias Part = RegularExpressionPart

  init(_ text: String) { scalars = Array(text.unicodeScalars) }

  mutating func readWhole() throws(Flaw) -> Part {
    if skip("(?i)") { ignoresCase = true }
    let part = try readAlternatives()
    if place < scalars.count { throw flaw("this ) closes nothing") }
    return part
  }

  // MARK: Alternatives and sequences

  private mutating func readAlternatives() throws(Flaw) -> Part {
    var alternatives = [try readSequence()]
    while skip("|") { alternatives.append(try readSequence()) }
    return Self.join(alternatives)
  }

  private static func join(_ alternatives: [Part]) -> Part {
    guard alternatives.count > 1 else { return alternatives[0] }
    // One text can go as many ways as there are alternatives that begin alike.
    let alike = (0...255).map { byte in
      alternatives.count { $0.canBeEmpty || $0.first.contains(UInt8(byte)) }
    }.max()
    return Part(
      first: alternatives.reduce(ByteSet()) { $0.union($1.first) },
      canBeEmpty: alternatives.contains(where: \.canBeEmpty),
      open: alternatives.lazy.compactMap(\.open).first,
      ways: limited((alike ?? 1) * (alternatives.map(\.ways).max() ?? 1)),
      size: alternatives.reduce(8) { limited($0 + $1.size + 6) },
      unbounded: alternatives.lazy.compactMap(\.unbounded).first,
      isAnchored: alternatives.allSatisfy(\.isAnchored))
  }

  /// One part with how often it stands there.
  private struct Item {
    var part: Part
    var count = 1...1
    var isUnbounded = false
    /// Of what is repeated.
    var place: Int

    /// `^`, or what PCRE takes for it: a `.*` at the beginning.
    var isAnchor: Bool {
      count == 1...1
        ? part.isAnchored
        : isUnbounded && count.lowerBound == 0 && part.isSingle && part.first == RegularExpressionReader.any
    }
  }

  private mutating func readSequence() throws(Flaw) -> Part {
    var items: [Item] = []
    while let next = peek, next != "|", next != ")" { items.append(try readItem()) }
    return try summary(of: items)
  }

  private func summary(of items: [Item]) throws(Flaw) -> Part {
    var whole = Part(first: ByteSet(), canBeEmpty: true, size: 2)
    // From the end: what follows decides whether a repeat leaves a choice.
    for index in items.indices.reversed() {
      let item = items[index]
      let part = try repeated(item, before: whole, isFree: isFree(item, before: items[(index + 1)...], whole))
      if let open = whole.open, part.open != nil {
        throw Flaw(
          place: open + 1,
          reason:
            "with the repeat at character \(item.place + 1) matching could take for ever; say what may not "
            + "stand there, as in [^/]*/, or join several conditions by &&")
      }
      whole.first = part.canBeEmpty ? part.first.union(whole.first) : part.first
      whole.canBeEmpty = whole.canBeEmpty && part.canBeEmpty
      whole.open = part.open ?? whole.open
      whole.ways = limited(whole.ways * part.ways)
      whole.size = limited(whole.size + part.size)
      whole.unbounded = part.unbounded ?? whole.unbounded
    }
    whole.isAnchored = items.first?.isAnchor ?? false
    return whole
  }

  /// Whether nothing is won by repeating an item less often.
  private func isFree(_ item: Item, before rest: ArraySlice<Item>, _ following: Part) -> Bool {
    guard item.part.isSingle else { return false }
    // Outside of groups: what ends the expression matches as it stands, and so does `.*$`.
    let isLast =
      rest.isEmpty || rest.count == 1 && rest.allSatisfy(\.part.isEnd) && item.part.first == Self.any
    if depth == 0, isLast { return true }
    return !following.canBeEmpty && !item.part.first.intersects(following.first)
  }

  private func repeated(_ item: Item, before following: Part, isFree: Bool) throws(Flaw) -> Part {
    var part = item.part
    guard item.count != 1...1 else { return part }
    let most = item.count.upperBound
    if item.part.isAssertion {
      throw Flaw(place: item.place + 1, reason: "this takes nothing that could be repeated")
    }
    if most > 1, let inner = part.open ?? (item.isUnbounded ? part.unbounded : nil) {
      throw Flaw(place: inner + 1, reason: "a repeat within what is repeated: matching could take for ever")
    }
    if most > 1, part.ways > 1 || part.canBeEmpty {
      throw Flaw(
        place: item.place + 1,
        reason: "what is repeated can match in several ways; its alternatives should begin differently")
    }
    part.size = limited((part.size + 6) * most)
    if item.count.lowerBound == 0 { part.canBeEmpty = true }
    if item.isUnbounded { part.unbounded = item.place }
    if item.count.count > 1, !isFree {
      if most > 1 { part.open = item.place } else { part.ways = limited(part.ways * 2) }
    }
    return part
  }

  // MARK: Items

  private mutating func readItem() throws(Flaw) -> Item {
    let start = place
    var item = Item(part: try readPart(), place: start)
    guard try readQuantifier(&item) else { return item }
    // `+?` takes as little as it can, which changes nothing here.
    _ = skip("?")
    if peek == "+" { throw flaw("a possessive repeat is not taken") }
    if let next = peek, "*{".unicodeScalars.contains(next) { throw flaw("this repeats a repeat") }
    return item
  }

  private mutating func readQuantifier(_ item: inout Item) throws(Flaw) -> Bool {
    if skip("?") {
      item.count = 0...1
    } else if skip("*") {
      (item.count, item.isUnbounded) = (0...2, true)
    } else if skip("+") {
      (item.count, item.isUnbounded) = (1...2, true)
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
    guard let most else {
      (item.count, item.isUnbounded) = (least...least + 2, true)
      return
    }
    if least > most { throw Flaw(place: start + 1, reason: "the numbers of repeats are the wrong way round") }
    item.count = least...most
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
      : Part(first: next(is: "*+?{") ? .all : first, size: 4 * bytes.count, isSingle: true)
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
    }
    depth += 1
    if depth > Self.maximumDepth {
      throw Flaw(place: start + 1, reason: "groups stand too deep in each other")
    }
    var part = try readAlternatives()
    depth -= 1
    guard skip(")") else { throw Flaw(place: start + 1, reason: "this ( is not closed") }
    part.size = limited(part.size + 12)
    // What is repeated is no single character, even if the group holds one.
    part.isSingle = false
    part.isAssertion = isLook
    part.isEnd = false
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

/// Sizes and ways grow by products: beyond this they are too many in any case.
private func limited(_ number: Int) -> Int { min(number, 1 << 20) }
