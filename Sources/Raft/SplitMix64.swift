/// A small generator of random numbers (Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators", 2014). Each node has its own, seeded: equal inputs give equal outputs.
struct SplitMix64: Hashable, Sendable {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  /// A duration of the range.
  mutating func duration(in range: ClosedRange<Duration>) -> Duration {
    let width = UInt64(range.upperBound.nanoseconds - range.lowerBound.nanoseconds) + 1
    let offset = next().multipliedFullWidth(by: width).high
    return range.lowerBound + Duration(nanoseconds: Int64(offset))
  }
}
