package import Raft

/// A state machine whose state tells everything that was ever applied: a chain of hashes.
package struct ChainMachine: Equatable {
  package var index: Index = 0
  package var digest: UInt64 = 0

  package mutating func apply(_ entry: Entry) {
    index = entry.index
    digest = ChainMachine.chained(digest, entry)
  }

  /// The state as bytes; a few more than needed, so that snapshots have several chunks.
  package var bytes: [UInt8] {
    [index, digest].flatMap { value in (0..<8).map { UInt8(truncatingIfNeeded: value >> (UInt64($0) * 8)) } }
  }

  package init() {}

  package init(_ bytes: [UInt8]) {
    index = ChainMachine.number(bytes.prefix(8))
    digest = ChainMachine.number(bytes.dropFirst(8).prefix(8))
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    var value: UInt64 = 0
    for byte in bytes.reversed() { value = value << 8 | UInt64(byte) }
    return value
  }

  package static func chained(_ digest: UInt64, _ entry: Entry) -> UInt64 {
    var hash = digest &* 0x100_0000_01b3 ^ entry.term
    hash = hash &* 0x100_0000_01b3 ^ entry.index
    return hash &* 0x100_0000_01b3 ^ fingerprint(entry.payload)
  }

  package static func fingerprint(_ payload: Payload) -> UInt64 {
    switch payload {
    case .empty: 1
    case .command(let bytes): bytes.reduce(2) { $0 &* 0x100_0000_01b3 ^ UInt64($1) }
    case .membership(let membership):
      (membership.voters + [NodeID(0)] + membership.outgoing + [NodeID(0)] + membership.learners)
        .reduce(3) { $0 &* 0x100_0000_01b3 ^ $1.rawValue }
    }
  }
}
