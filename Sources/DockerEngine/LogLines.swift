/// Joins messages of one container to lines. Each message begins with its time; a line of more than 16 KiB comes in
/// several messages, of which only the last ends in a newline.
package struct LogLines {
  package struct Line: Equatable {
    package let stream: LogLine.Stream
    package let nanoseconds: Int64
    package let text: String

    package init(stream: LogLine.Stream, nanoseconds: Int64, text: String) {
      self.stream = stream
      self.nanoseconds = nanoseconds
      self.text = text
    }
  }

  /// A longer line is cut, so that an output without newlines needs no memory without bound.
  private static let maximumLineBytes = 256 << 10

  private struct Open {
    var nanoseconds: Int64
    var bytes: [UInt8]
  }

  private var open: [LogLine.Stream: Open] = [:]

  package init() {}

  /// The line that ends with this message, if one does.
  package mutating func line(after message: some Collection<UInt8>, on stream: LogLine.Stream) -> Line? {
    guard !message.isEmpty else { return nil }
    let (nanoseconds, text) = Self.timed(message)
    var line = open[stream] ?? Open(nanoseconds: nanoseconds, bytes: [])
    line.bytes += text
    guard line.bytes.last == UInt8(ascii: "\n") || line.bytes.count > Self.maximumLineBytes else {
      open[stream] = line
      return nil
    }
    open[stream] = nil
    return Self.finished(line, stream)
  }

  /// Lines that had no newline when the container ended.
  package mutating func finish() -> [Line] {
    defer { open = [:] }
    return open.sorted { $0.value.nanoseconds < $1.value.nanoseconds }.map { Self.finished($0.value, $0.key) }
  }

  private static func finished(_ line: Open, _ stream: LogLine.Stream) -> Line {
    var bytes = line.bytes[...]
    if bytes.last == UInt8(ascii: "\n") { bytes = bytes.dropLast() }
    if bytes.last == UInt8(ascii: "\r") { bytes = bytes.dropLast() }
    return Line(stream: stream, nanoseconds: line.nanoseconds, text: String(decoding: bytes, as: UTF8.self))
  }

  private static func timed(_ message: some Collection<UInt8>) -> (Int64, [UInt8]) {
    let bytes = Array(message)
    let time = bytes.prefix(40).prefix { $0 != UInt8(ascii: " ") }
    guard let nanoseconds = Timestamp.nanoseconds(String(decoding: time, as: UTF8.self)) else {
      return (0, bytes)
    }
    return (nanoseconds, Array(bytes.dropFirst(time.count + 1)))
  }
}
