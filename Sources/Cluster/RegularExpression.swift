/// The regular expressions that bans may hold: a part of PCRE that every Varnish takes, and is done with soon whatever
/// it is tried on.
///
/// A ban that Varnish refuses would be an acknowledged purge that no cache carries out. One that it takes is tried on
/// addresses that any visitor can make up. Varnish 7.1 tries bans without PCRE's compiler and without the limits that
/// its parameters set, and panics, with all its pages, once a match takes more than PCRE's own 10,000,000 steps from one
/// character on: `^/.*a.*a=` is enough on an address of 4,500 bytes. So the steps are counted that an expression can
/// take on the longest address, from all its characters together: see `RegularExpressionWork`.
struct RegularExpression {
  /// What is wrong with an expression, and where.
  struct Flaw: Error, Hashable, CustomStringConvertible {
    /// Of the character, from 1.
    var place: Int
    var reason: String

    var description: String { "its regular expression, at character \(place): \(reason)" }
  }

  /// Bytes that PCRE may need for it; it gives up at 65,536.
  private static let maximumSize = 30_000
  /// PCRE remembers each with every step that it may have to take back.
  private static let maximumCaptures = 30

  static func check(_ text: String) throws(Flaw) {
    var reader = RegularExpressionReader(text)
    let whole = try reader.readWhole()
    if whole.size > maximumSize { throw Flaw(place: 1, reason: "it is too large with all that it repeats") }
    if reader.captures > maximumCaptures {
      throw Flaw(place: 1, reason: "more than \(maximumCaptures) groups are not taken; (?: ) does not count")
    }
    try RegularExpressionWork.check(whole)
  }
}

/// What is known of a part of an expression.
struct RegularExpressionPart {
  /// What it can begin with; everything, where it can take nothing at the end of a text.
  var first: ByteSet
  var canBeEmpty = false
  /// Bytes that PCRE needs for it, or more.
  var size: Int
  /// It is tried at the beginning of a text alone.
  var isAnchored = false
  /// It is one byte.
  var isSingle = false
  /// It looks and takes nothing: `^`, `$`, `\b`, `(?=…)` and the like.
  var isAssertion = false
  /// It is `$`.
  var isEnd = false
  /// Of a group.
  var alternatives: [[RegularExpressionItem]] = []

  static func assertion(isEnd: Bool = false, isAnchored: Bool = false) -> RegularExpressionPart {
    RegularExpressionPart(
      first: .all, canBeEmpty: true, size: 4, isAnchored: isAnchored, isAssertion: true, isEnd: isEnd)
  }

  static func single(_ set: ByteSet, size: Int = 4) -> RegularExpressionPart {
    RegularExpressionPart(first: set, size: size, isSingle: true)
  }
}

/// One part with how often it stands there.
struct RegularExpressionItem {
  var part: RegularExpressionPart
  var least = 1
  /// Nil without a bound.
  var most: Int? = 1
  /// As `+?`: it takes as little as it can.
  var isLazy = false
  /// Of what is repeated, from 0.
  var place: Int

  var isRepeat: Bool { least != 1 || most != 1 }
  var canBeEmpty: Bool { part.canBeEmpty || least == 0 }

  /// `^`, or what PCRE takes for it: a `.*` at the beginning.
  var isAnchor: Bool {
    isRepeat
      ? most == nil && least == 0 && part.isSingle && part.first == RegularExpressionReader.any
      : part.isAnchored
  }

  /// PCRE writes out what is repeated.
  var size: Int { isRepeat ? limited((part.size + 6) * (most ?? least + 2)) : part.size }
}

/// Sizes grow by products: beyond this they are too large in any case.
func limited(_ number: Int) -> Int { min(number, 1 << 20) }
