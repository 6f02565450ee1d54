/// Cuts a stream of chunks into lines; chunks and lines do not align.
package struct LineSplitter {
  private var rest: [UInt8] = []

  package init() {}

  /// Every line that ends in this chunk, without its newline.
  package mutating func lines(in chunk: some Collection<UInt8>) -> [[UInt8]] {
    var lines: [[UInt8]] = []
    for byte in chunk {
      if byte == UInt8(ascii: "\n") {
        lines.append(rest)
        rest = []
      } else {
        rest.append(byte)
      }
    }
    return lines
  }

  /// What came after the last newline.
  package mutating func finish() -> [UInt8] {
    defer { rest = [] }
    return rest
  }
}
