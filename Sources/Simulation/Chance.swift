/// Randomness by identity: each question has its own answer, drawn from the seed and what is asked about, not from one
/// stream that all share. Removing an event from a world then leaves the rest as it was, and that is what makes
/// shrinking work.
///
/// The mixing is SplitMix64's (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014), written
/// out here because the standard library's generators may change between versions.
public struct Chance: Hashable, Sendable {
  public let seed: UInt64

  public init(_ seed: UInt64) { self.seed = seed }

  /// What is drawn. The numbers are part of every seed's meaning: append, never reorder.
  public enum Purpose: UInt64, Sendable {
    case nonce = 1
    case delay, loss, duplication, reordering
    case write, tear
    case action, observation
    case client, wallClock
    case scenario, incident, setting
    case lateFetch
  }

  /// 64 bits for a question: what about, and which one.
  public func draw(_ purpose: Purpose, _ first: UInt64 = 0, _ second: UInt64 = 0) -> UInt64 {
    var bits = Chance.mix(seed &+ purpose.rawValue &* 0x9e37_79b9_7f4a_7c15)
    bits = Chance.mix(bits ^ (first &* 0xd6e8_feb8_6659_fd93))
    return Chance.mix(bits &+ second &* 0xa076_1d64_78bd_642f)
  }

  /// From 0 to below the bound.
  public func below(_ bound: UInt64, _ purpose: Purpose, _ first: UInt64 = 0, _ second: UInt64 = 0) -> UInt64
  {
    draw(purpose, first, second).multipliedFullWidth(by: bound).high
  }

  /// Whether something befalls that befalls so many of a million.
  func befalls(_ perMillion: UInt64, _ purpose: Purpose, _ first: UInt64, _ second: UInt64) -> Bool {
    perMillion > 0 && below(1_000_000, purpose, first, second) < perMillion
  }

  static func mix(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9e37_79b9_7f4a_7c15
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
