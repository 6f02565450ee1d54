/// Some of the 256 bytes.
struct ByteSet: Hashable, Sendable {
  private var words: SIMD4<UInt64> = .zero

  init() {}

  init(_ byte: UInt8) { insert(byte) }

  init(_ bytes: some Sequence<UInt8>) {
    for byte in bytes { insert(byte) }
  }

  static let all = ByteSet(0...255)
  static let digits = ByteSet(UInt8(ascii: "0")...UInt8(ascii: "9"))
  static let lowercase = ByteSet(UInt8(ascii: "a")...UInt8(ascii: "z"))
  static let uppercase = ByteSet(UInt8(ascii: "A")...UInt8(ascii: "Z"))
  static let wordCharacters = digits.union(lowercase).union(uppercase).union(ByteSet(UInt8(ascii: "_")))
  static let space = ByteSet([0x20] + (0x09...0x0D))

  mutating func insert(_ byte: UInt8) { words[Int(byte >> 6)] |= 1 << UInt64(byte & 63) }

  func contains(_ byte: UInt8) -> Bool { words[Int(byte >> 6)] & 1 << UInt64(byte & 63) != 0 }

  func union(_ other: ByteSet) -> ByteSet {
    var result = self
    result.words |= other.words
    return result
  }

  func intersects(_ other: ByteSet) -> Bool { words & other.words != .zero }

  var inverted: ByteSet {
    var result = self
    result.words = ~words
    return result
  }

  /// With both cases of every letter in it.
  var ignoringCase: ByteSet {
    var result = self
    for byte in UInt8(ascii: "a")...UInt8(ascii: "z") where contains(byte) || contains(byte - 32) {
      result.insert(byte)
      result.insert(byte - 32)
    }
    return result
  }
}
