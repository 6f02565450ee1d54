package import NIOCore

/// A `PURGE` over HTTP/1.1, as its few headers and no body.
struct PurgeText: LineRequest {
  var method: StaticString = "PURGE "
  var path: String
  var headers: [(name: String, value: String)]

  /// What `tercet.vcl` answers in this way, in all its versions, where it takes purges, and hardly anything else does.
  static let question = PurgeText(method: "GET ", path: "/", headers: [("Host", "tercet")])
  static let answerToQuestion = 403

  /// The caller has made sure that neither path nor values hold anything that ends a line: Varnish caches addresses
  /// that a strict check would refuse, such as unescaped UTF-8.
  func write(into bytes: inout ByteBuffer) {
    bytes.writeStaticString(method)
    bytes.writeString(path)
    bytes.writeStaticString(" HTTP/1.1\r\n")
    for (name, value) in headers {
      bytes.writeString(name)
      bytes.writeStaticString(": ")
      bytes.writeString(value)
      bytes.writeStaticString("\r\n")
    }
    bytes.writeStaticString("\r\n")
  }
}

/// Cuts the status out of each answer to a `PURGE` (RFC 9112, section 4), and passes over its headers and body.
///
/// Varnish says how long every answer of its own rules is (`Content-Length`). What does not, or is no HTTP, is not a
/// Varnish that takes purges.
package struct PurgeReplyDecoder: NIOSingleStepByteToMessageDecoder {
  package typealias InboundOut = Int

  package struct Malformed: Error, CustomStringConvertible {
    package var description: String { "it does not answer a PURGE as Varnish does" }
  }

  /// More than any Varnish has room for (`http_resp_size`); a stranger's stream must not fill our memory.
  private static let longestHead = 128 << 10

  /// What is left of the body of the answer before.
  private var rest = 0

  package init() {}

  package mutating func decode(buffer: inout ByteBuffer) throws -> Int? {
    skipBody(&buffer)
    guard rest == 0 else { return nil }
    guard let length = lengthOfHead(buffer.readableBytesView) else {
      guard buffer.readableBytes <= Self.longestHead else { throw Malformed() }
      return nil
    }
    let head = buffer.readSlice(length: length)!.readableBytesView
    guard let status = Self.status(head) else { throw Malformed() }
    // Said before a final answer, or without any body.
    guard status >= 200 else { return try decode(buffer: &buffer) }
    if status != 204, status != 304 {
      // To what it cannot read at all Varnish says no more than that, and hangs up: all that follows is its body.
      guard let body = Self.lengthOfBody(head) ?? (status >= 400 ? .max : nil) else { throw Malformed() }
      rest = body
    }
    skipBody(&buffer)
    return status
  }

  package mutating func decodeLast(buffer: inout ByteBuffer, seenEOF: Bool) throws -> Int? {
    try decode(buffer: &buffer)
  }

  private mutating func skipBody(_ buffer: inout ByteBuffer) {
    let skipped = min(rest, buffer.readableBytes)
    buffer.moveReaderIndex(forwardBy: skipped)
    rest -= skipped
  }

  /// Through the empty line at its end; nil while that has not come.
  private func lengthOfHead(_ bytes: ByteBufferView) -> Int? {
    var place = bytes.startIndex
    while let feed = bytes[place...].firstIndex(of: UInt8(ascii: "\n")) {
      let end = feed > place && bytes[feed - 1] == UInt8(ascii: "\r") ? feed - 1 : feed
      if end == place, place > bytes.startIndex { return feed + 1 - bytes.startIndex }
      place = feed + 1
    }
    return nil
  }

  /// Of a status line such as `HTTP/1.1 200 Purged`.
  private static func status(_ head: ByteBufferView) -> Int? {
    let line = head.prefix(13)
    guard line.count == 13, line.starts(with: "HTTP/1.".utf8) else { return nil }
    let digits = line.dropFirst(9).prefix(3)
    guard line[line.startIndex + 8] == UInt8(ascii: " "), digits.allSatisfy(isDigit) else { return nil }
    return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
  }

  private static func lengthOfBody(_ head: ByteBufferView) -> Int? {
    var line = head
    while let feed = line.firstIndex(of: UInt8(ascii: "\n")) {
      line = line[(feed + 1)...]
      guard starts(line, with: "content-length:") else { continue }
      let value = line.prefix { $0 != UInt8(ascii: "\n") }.dropFirst("content-length:".utf8.count)
      let digits = value.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\r") }
      guard (1...9).contains(digits.count), digits.allSatisfy(isDigit) else { return nil }
      return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }
    return nil
  }

  /// Whatever the case of its letters.
  private static func starts(_ line: ByteBufferView, with name: StaticString) -> Bool {
    guard line.count >= name.utf8CodeUnitCount else { return false }
    return name.withUTF8Buffer { name in
      zip(line, name).allSatisfy { $0 | 0x20 == $1 | 0x20 }
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}
