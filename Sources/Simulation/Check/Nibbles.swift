/// Sixteen numbers below sixteen in one word: small histories that are copied with every state of a search.
struct Nibbles: Hashable, Sendable {
  private(set) var bits: UInt64 = 0

  subscript(place: Int) -> UInt64 {
    get { bits >> UInt64(4 * place) & 15 }
    set {
      let shift = UInt64(4 * place)
      bits = bits & ~(15 << shift) | newValue << shift
    }
  }
}
