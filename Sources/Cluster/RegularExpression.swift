/// The regular expressions that bans may hold: a part of PCRE that every Varnish takes, and is done with soon whatever
/// it is tried on.
///
/// A ban that Varnish refuses would be an acknowledged purge that no cache carries out. One that it takes is tried on
/// addresses that any visitor can make up, and Varnish 7.1 panics, with all its pages, once a match takes more than
/// `pcre2_match_limit` steps (10,000): `^/.*a.*=1` is enough on an address of some kilobytes. So where an expression
/// leaves a choice, it may leave one that grows with the text, and few others beside it. A repeat leaves none when
/// what follows cannot begin with what is repeated, as in `[^/]*/`.
struct RegularExpression {
  /// What is wrong with an expression, and where.
  struct Flaw: Error, Hashable, CustomStringConvertible {
    /// Of the character, from 1.
    var place: Int
    var reason: String

    var description: String { "its regular expression, at character \(place): \(reason)" }
  }

  /// Ways through an expression that are tried at most, beside the one choice that grows with the text.
  private static let maximumWays = 16
  /// Likewise where there is no such choice.
  private static let maximumFixedWays = 4_096
  /// Bytes that PCRE may need for it; it gives up at 65,536.
  private static let maximumSize = 30_000

  static func check(_ text: String) throws(Flaw) {
    var reader = RegularExpressionReader(text)
    let whole = try reader.readWhole()
    if whole.size > maximumSize { throw Flaw(place: 1, reason: "it is too large with all that it repeats") }
    if let open = whole.open, !whole.isAnchored {
      // From every character on it would be tried, with every length of the repeat.
      throw Flaw(
        place: open + 1,
        reason: "with this repeat it has to begin with ^, or be two conditions joined by &&")
    }
    if whole.ways > (whole.open == nil ? maximumFixedWays : maximumWays) {
      throw Flaw(place: 1, reason: "there are too many ways to match it; use fewer | and ?, or several bans")
    }
  }
}

/// What is known of a part of an expression.
struct RegularExpressionPart {
  /// What it can begin with.
  var first: ByteSet
  var canBeEmpty = false
  /// Where a repeat begins that leaves a choice which grows with the text.
  var open: Int?
  /// The most ways that one text can match it in, beside that repeat's.
  var ways = 1
  /// Bytes that PCRE needs for it, or more.
  var size: Int
  /// Where an unbounded repeat begins, whether it leaves a choice or not.
  var unbounded: Int?
  /// It is tried at the beginning of a text alone.
  var isAnchored = false
  /// It is one character or class.
  var isSingle = false
  /// It looks and takes nothing: `^`, `$`, `\b` and the like.
  var isAssertion = false
  /// It is `$`.
  var isEnd = false

  static func assertion(isEnd: Bool = false, isAnchored: Bool = false) -> RegularExpressionPart {
    RegularExpressionPart(
      first: .all, canBeEmpty: true, size: 4, isAnchored: isAnchored, isAssertion: true, isEnd: isEnd)
  }

  static func single(_ set: ByteSet, size: Int = 4) -> RegularExpressionPart {
    RegularExpressionPart(first: set, size: size, isSingle: true)
  }
}
