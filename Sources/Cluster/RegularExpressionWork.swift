/// Counts the steps that PCRE can take at most for an expression, on whatever text.
///
/// It goes through the expression from left to right and keeps how many ways can come to each place of it: a way begins
/// at a character of the text, goes through the expression so far, and ends at a character. What a part costs is what it
/// costs one way, times the ways that come to it. PCRE has no better idea than to try them all, one after the other, and
/// leaves out many; so the count is an upper bound.
///
/// What keeps most expressions small: a repeat whose byte in front it cannot take, as in `/[^/]+`, begins anew behind
/// each such byte, so that its runs do not overlap, and together are no longer than the text.
struct RegularExpressionWork {
  /// Bytes of the longest text: what `deploy/varnish/tercet.vcl` keeps of an address.
  static let longest = Double(Purge.maximumPathBytes)
  /// Steps from all characters of a text together: less than PCRE allows from one, and a third of a second's.
  static let maximum = 8_000_000.0
  /// To compare a byte is no step to PCRE, and costs about a thirtieth.
  private static let compared = 1.0 / 32

  private typealias Flaw = RegularExpression.Flaw
  private typealias Part = RegularExpressionPart
  private typealias Item = RegularExpressionItem

  /// The ways that come to a place in the expression.
  private struct Ways {
    /// All of them.
    var count: Double
    /// The most of them that end at the same byte of the text.
    var atOneByte: Double
    /// What the byte before can be; nil when nothing is known of it.
    var behind: ByteSet?
  }

  /// What comes behind a part.
  private enum Following {
    /// The match is found.
    case nothing
    /// `$`, and the match is found.
    case end
    /// It cannot go on with another byte than these.
    case bytes(ByteSet)

    var first: ByteSet {
      guard case .bytes(let bytes) = self else { return .all }
      return bytes
    }
  }

  private let isAnchored: Bool
  private var steps = 0.0
  /// Where the first repeat stands that multiplies ways.
  private var open: Int?

  private init(isAnchored: Bool) { self.isAnchored = isAnchored }

  static func check(_ whole: RegularExpressionPart) throws(RegularExpression.Flaw) {
    var work = RegularExpressionWork(isAnchored: whole.isAnchored)
    let start = Ways(count: whole.isAnchored ? 1 : longest, atOneByte: 1)
    _ = try work.goThrough(whole.alternatives, Item(part: whole, place: 0), from: start, before: .nothing)
  }

  // MARK: Sequences and alternatives

  private mutating func goThrough(
    _ alternatives: [[Item]], _ item: Item, from start: Ways, before following: Following
  ) throws(Flaw) -> Ways {
    try take(start.count * Double(alternatives.count), at: item)
    var ends: [Ways] = []
    for sequence in alternatives { ends.append(try goThrough(sequence, from: start, before: following)) }
    var through = Self.join(ends)
    // A single way that each leaves a single one goes through those only that begin with what it has before it. Of
    // several ways each may go through another one.
    if start.count == 1, ends.allSatisfy({ $0.count <= 1 }) {
      through.count = min(through.count, Double(Self.alike(alternatives)))
      through.atOneByte = min(through.atOneByte, through.count)
    }
    return through
  }

  private mutating func goThrough(
    _ sequence: [Item], from start: Ways, before following: Following
  ) throws(Flaw) -> Ways {
    var followings: [Following] = [following]
    for item in sequence.reversed() { followings.append(Self.following(item, then: followings.last!)) }
    var ways = start
    for (item, next) in zip(sequence, followings.dropLast().reversed()) {
      ways = try goThrough(item, from: ways, before: next)
    }
    return ways
  }

  /// What a part sees behind it that stands before an item.
  private static func following(_ item: Item, then next: Following) -> Following {
    if item.part.isEnd, case .nothing = next { return .end }
    return .bytes(item.canBeEmpty ? item.part.first.union(next.first) : item.part.first)
  }

  /// Behind alternatives any of their ways may lie. That they begin differently makes them no fewer: what is counted are
  /// the ways of all starts, and each may go another one.
  private static func join(_ ends: [Ways]) -> Ways {
    let count = ends.reduce(0) { $0 + $1.count }
    let known = ends.compactMap(\.behind)
    return Ways(
      count: count, atOneByte: min(count, ends.reduce(0) { $0 + $1.atOneByte }),
      behind: known.count == ends.count ? known.reduce(ByteSet()) { $0.union($1) } : nil)
  }

  /// How many of them begin alike at most.
  private static func alike(_ alternatives: [[Item]]) -> Int {
    let firsts = alternatives.map { following(of: $0) }
    return (0...255).map { byte in firsts.count { $0.contains(UInt8(byte)) } }.max() ?? 1
  }

  private static func following(of sequence: [Item]) -> ByteSet {
    sequence.reversed().reduce(Following.nothing) { following($1, then: $0) }.first
  }

  // MARK: Items

  private mutating func goThrough(
    _ item: Item, from ways: Ways, before next: Following
  ) throws(Flaw) -> Ways {
    let part = item.part
    if part.isSingle {
      return item.isRepeat
        ? try goThroughRepeat(item, from: ways, before: next) : try goThroughByte(item, from: ways)
    }
    if part.isAssertion {
      // What it has looked at it forgets: one way leads out of it for each that comes.
      _ = try goThrough(part.alternatives, item, from: ways, before: .bytes(.all))
      try take(ways.count, at: item)
      return ways
    }
    if item.most != 1 { return try goThroughRepeatedGroup(item, from: ways) }
    guard !part.alternatives.isEmpty else {
      try take(ways.count, at: item)
      return Ways(count: ways.count, atOneByte: ways.atOneByte)
    }
    let through = try goThrough(part.alternatives, item, from: ways, before: next)
    return item.least == 1 ? through : Self.join([ways, through])
  }

  private mutating func goThroughByte(_ item: Item, from ways: Ways) throws(Flaw) -> Ways {
    try take(ways.count * Self.compared, at: item)
    var ways = ways
    ways.behind = item.part.first
    return ways
  }

  /// A repeat of one byte.
  private mutating func goThroughRepeat(
    _ item: Item, from ways: Ways, before next: Following
  ) throws(Flaw) -> Ways {
    let set = item.part.first
    let most = min(Double(item.most ?? .max), Self.longest)
    let lengths = item.most.map { Double($0 - item.least) + 1 } ?? Self.longest + 1
    // Each run that ends at a byte began behind the last one before it that the repeat cannot take.
    let isApart = ways.behind.map { !$0.intersects(set) } ?? false
    let inAll = isApart ? ways.atOneByte * (Self.longest + 1) : .infinity
    try take(min(ways.count * most, inAll) * Self.compared + ways.count, at: item)

    var after = ways
    if item.least == 0 {
      after.behind = ways.behind.map { $0.union(set) }
    } else {
      after.behind = set
    }
    if isFound(item, before: next) {
      // The first that comes here ends the search.
      try take(Self.longest, at: item)
      return after
    }
    if !isApart { after.atOneByte = min(ways.count, ways.atOneByte * lengths) }
    if lengths == 1 { return after }
    // What follows cannot begin with what a shorter run leaves. PCRE sees that and tries none, unless it is to begin
    // with the shortest.
    let isFree = !set.intersects(next.first)
    if isFree, !item.isLazy { return after }
    let tried = min(ways.count * lengths, inAll)
    try take(tried, at: item)
    if isFree { return after }
    after.count = tried
    if lengths > 2, after.count > ways.count { open = open ?? item.place }
    return after
  }

  /// Whether the match is found as soon as the least is there. No header holds a line feed, so `.*$` is.
  private func isFound(_ item: Item, before next: Following) -> Bool {
    switch next {
    case .nothing: true
    case .end: item.most == nil && item.part.first == RegularExpressionReader.any
    case .bytes: false
    }
  }

  private mutating func goThroughRepeatedGroup(_ item: Item, from ways: Ways) throws(Flaw) -> Ways {
    if item.most == nil, let inner = Self.unbounded(in: item.part) { throw Self.repeatInRepeat(inner) }
    var once = RegularExpressionWork(isAnchored: true)
    let through = try once.goThrough(
      item.part.alternatives, item, from: Ways(count: 1, atOneByte: 1), before: .bytes(.all))
    if let inner = once.open { throw Self.repeatInRepeat(inner) }
    if through.count > 1 || item.part.canBeEmpty {
      throw Flaw(
        place: item.place + 1,
        reason: "what is repeated can match in several ways; its alternatives should begin differently")
    }
    let times = Double(item.most ?? Int(Self.longest))
    let lengths = times - (item.most == nil ? 0 : Double(item.least)) + 1
    try take(ways.count * times * (once.steps + 3), at: item)
    let count = ways.count * lengths
    if lengths > 1 { open = open ?? item.place }
    try take(count, at: item)
    return Ways(count: count, atOneByte: ways.count)
  }

  private static func unbounded(in part: Part) -> Int? {
    for item in part.alternatives.joined() {
      if item.most == nil { return item.place }
      if let inner = unbounded(in: item.part) { return inner }
    }
    return nil
  }

  // MARK: Too many

  private mutating func take(_ more: Double, at item: Item) throws(Flaw) {
    steps += more
    if steps > Self.maximum { throw Flaw(place: item.place + 1, reason: tooMany(at: item)) }
  }

  private func tooMany(at item: Item) -> String {
    guard item.most == nil else {
      return "there are too many ways to match it up to here; use fewer | and ?, or several bans"
    }
    if let open, open != item.place {
      return "with the repeat at character \(open + 1) matching could take for ever; say what may not stand "
        + "there, as in [^/]*/, or join several conditions by &&"
    }
    return isAnchored
      ? "matching this repeat could take for ever; say what may not stand there, as in [^/]*/"
      : "with this repeat it has to begin with ^, have in front of it what it cannot take, as in /[^/]+, or be two "
        + "conditions joined by &&"
  }

  private static func repeatInRepeat(_ place: Int) -> Flaw {
    Flaw(place: place + 1, reason: "a repeat within what is repeated: matching could take for ever")
  }
}
