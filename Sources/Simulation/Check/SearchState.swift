import Raft

/// A whole cluster at a moment of a search: which nodes and messages there are, by their numbers in `LocalSteps`,
/// and what history must not be forgotten. Small, as millions of them wait at the same time.
struct SearchState: Sendable {
  /// The nodes' numbers, then those of the messages on their way, ascending. A message that is sent again while it
  /// is on its way counts once.
  var numbers: [UInt32]
  var budget: SearchBudget
  /// Who led in each term: the slot and one.
  var leaders = Nibbles()
  /// Whom each node voted for in each term: the slot and one, first all of term 1.
  var votes = Nibbles()
  /// The term of each committed entry, and the term in which it was committed, by index.
  var committed = Nibbles()
  var commitTerms = Nibbles()
  /// What was committed when each read was asked for, by token; the tokens in use.
  var reads = Nibbles()
  var readsAsked = 0

  func fingerprint(_ nodes: Int) -> Fingerprint {
    var fingerprint = Fingerprint()
    fingerprint.add(budget.bits)
    fingerprint.add(leaders.bits)
    fingerprint.add(votes.bits)
    fingerprint.add(committed.bits)
    fingerprint.add(commitTerms.bits)
    fingerprint.add(reads.bits)
    var place = 0
    // Two numbers at a time.
    while place + 1 < numbers.count {
      fingerprint.add(UInt64(numbers[place]) << 32 | UInt64(numbers[place + 1]))
      place += 2
    }
    if place < numbers.count { fingerprint.add(UInt64(numbers[place]) << 32 | 0xffff_ffff) }
    return fingerprint
  }

  /// The end of what is committed.
  var committedIndex: Int {
    var index = 0
    while index < 15, committed[index + 1] != 0 { index += 1 }
    return index
  }

  mutating func take(_ message: UInt32, after nodes: Int) {
    guard let place = numbers[nodes...].firstIndex(of: message) else { return }
    numbers.remove(at: place)
  }

  mutating func add(_ message: UInt32, after nodes: Int) {
    var place = numbers.count
    while place > nodes, numbers[place - 1] > message { place -= 1 }
    if place > nodes, numbers[place - 1] == message { return }
    numbers.insert(message, at: place)
  }
}

/// One choice of a search, packed: millions of them are kept to tell the way to a broken promise.
struct SearchAction: Hashable, Sendable {
  enum Kind: UInt32 {
    case electionTimer, heartbeat, solitude, propose, read, sync, crash
    case deliver, deliverAfterSilence, duplicate, breakLink
  }

  private let bits: UInt32

  init(_ kind: Kind, node: Int, argument: UInt32 = 0, isLate: Bool = false) {
    precondition(argument < 1 << 24, "more than sixteen million different messages")
    bits = argument << 8 | UInt32(node) << 5 | kind.rawValue << 1 | (isLate ? 1 : 0)
  }

  var kind: Kind {
    guard let kind = Kind(rawValue: bits >> 1 & 15) else { preconditionFailure("no such kind of choice") }
    return kind
  }
  var node: Int { Int(bits >> 5 & 7) }
  /// The message that is delivered, the writes that survive, or the other end of the link.
  var argument: UInt32 { bits >> 8 }
  /// Whether the disk leaves what the step writes waiting.
  var isLate: Bool { bits & 1 == 1 }
}
