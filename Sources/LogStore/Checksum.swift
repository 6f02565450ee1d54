/// CRC-32C (Castagnoli; RFC 3720, appendix B.4), eight bytes a step ("slicing by 8"): every error of up to
/// 32 neighbouring bits is found, any other but one in four thousand million.
package struct Checksum {
  private var register: UInt32 = .max

  /// The checksum of all that was added.
  package var value: UInt32 { ~register }

  package init() {}

  /// Adds a number as eight bytes, least significant first.
  package mutating func add(_ number: UInt64) {
    step(number)
  }

  /// Adds the bytes, and their count first: so two fields cannot run into each other.
  package mutating func add(_ bytes: [UInt8]) {
    step(UInt64(bytes.count))
    addRaw(bytes)
  }

  /// Adds the text's UTF-8, and its length first.
  package mutating func add(_ text: String) {
    add(Array(text.utf8))
  }

  /// Adds the bytes alone.
  package mutating func addRaw(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { buffer in
      let whole = buffer.count & ~7
      for offset in stride(from: 0, to: whole, by: 8) {
        step(UInt64(littleEndian: buffer.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
      }
      for byte in buffer[whole...] {
        register = register >> 8 ^ Checksum.tables[Int(UInt8(truncatingIfNeeded: register) ^ byte)]
      }
    }
  }

  private mutating func step(_ word: UInt64) {
    let mixed = word ^ UInt64(register)
    register = Checksum.tables.withUnsafeBufferPointer { tables in
      var next: UInt32 = 0
      for byte in 0..<8 {
        next ^= tables[(7 - byte) * 256 + Int(mixed >> (8 * UInt64(byte)) & 0xff)]
      }
      return next
    }
  }

  /// Table `n` holds, for each byte, the effect of that byte followed by `n` zero bytes.
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      tables[byte] = (0..<8).reduce(UInt32(byte)) { rest, _ in
        rest & 1 == 1 ? rest >> 1 ^ 0x82f6_3b78 : rest >> 1
      }
    }
    for place in 256..<8 * 256 {
      let shorter = tables[place - 256]
      tables[place] = shorter >> 8 ^ tables[Int(shorter & 0xff)]
    }
    return tables
  }()
}
