/// Takes apart the stream in which the engine sends a container's two outputs: frames of an 8-byte header (1 or 2 for
/// the output, three zeros, the length in big-endian order) and the bytes (Engine API, "Attach to a container").
package struct LogFrames {
  package struct Frame: Equatable {
    package let stream: LogLine.Stream
    package let bytes: [UInt8]

    package init(stream: LogLine.Stream, bytes: [UInt8]) {
      self.stream = stream
      self.bytes = bytes
    }
  }

  package struct Malformed: Error {}

  /// The engine cuts longer messages at 16 KiB; more than this is no frame.
  private static let maximumLength = 1 << 24
  private var buffer: [UInt8] = []

  package init() {}

  /// All frames that are complete with this chunk.
  package mutating func frames(in chunk: some Collection<UInt8>) throws(Malformed) -> [Frame] {
    buffer += chunk
    var frames: [Frame] = []
    var start = 0
    while buffer.count - start >= 8 {
      guard let stream = LogLine.Stream(code: buffer[start]) else { throw Malformed() }
      let length = buffer[(start + 4)..<(start + 8)].reduce(0) { $0 << 8 | Int($1) }
      guard length <= Self.maximumLength else { throw Malformed() }
      guard buffer.count - start - 8 >= length else { break }
      frames.append(Frame(stream: stream, bytes: Array(buffer[(start + 8)..<(start + 8 + length)])))
      start += 8 + length
    }
    buffer.removeFirst(start)
    return frames
  }
}

extension LogLine.Stream {
  fileprivate init?(code: UInt8) {
    switch code {
    // 0 is standard input, which the engine never sends for logs.
    case 1: self = .output
    case 2: self = .error
    default: return nil
    }
  }
}
