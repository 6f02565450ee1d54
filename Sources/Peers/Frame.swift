package import NIOCore

/// One unit on the wire: a length (32 bits, network order) that counts what follows it, a kind (one byte),
/// and the payload.
package struct Frame: Equatable, Sendable {
  /// What a frame is to the link. What a payload means is the caller's.
  package enum Kind: UInt8, Sendable {
    /// Who speaks; first in each direction, and only there.
    case hello = 1
    /// Why the sender is about to close the connection, as text.
    case refusal = 2
    /// The caller's bytes.
    case payload = 3
  }

  package var kind: Kind
  package var payload: [UInt8]

  package init(kind: Kind, payload: [UInt8]) {
    self.kind = kind
    self.payload = payload
  }

  /// The bytes in front of the payload.
  package static let headerBytes = 5

  /// Appends a frame's bytes to a buffer.
  package static func write(_ kind: Kind, _ payload: [UInt8], into buffer: inout ByteBuffer) {
    buffer.writeInteger(UInt32(payload.count + 1))
    buffer.writeInteger(kind.rawValue)
    buffer.writeBytes(payload)
  }

  /// The frame's bytes.
  package func encoded() -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.reserveCapacity(Frame.headerBytes + payload.count)
    Frame.write(kind, payload, into: &buffer)
    return buffer
  }
}

/// Cuts a stream of bytes into frames. It holds no more than what has arrived: a length that is claimed
/// costs nothing, and one above the limit ends the stream.
package struct FrameDecoder: Sendable {
  /// The longest payload that is accepted, in bytes.
  package var maximumPayloadBytes: Int
  private var buffer = ByteBuffer()

  package init(maximumPayloadBytes: Int) {
    self.maximumPayloadBytes = maximumPayloadBytes
  }

  /// Adds what was read from the stream.
  package mutating func append(_ bytes: ByteBuffer) {
    if buffer.readableBytes == 0 {
      buffer = bytes
    } else {
      // Without this the buffer would grow with the stream while each read ends inside a frame.
      buffer.discardReadBytes()
      buffer.writeImmutableBuffer(bytes)
    }
  }

  /// The next whole frame, or nil when more bytes are needed. After an error the stream is lost.
  ///
  /// - Throws: `LinkFailure.oversizedFrame`, `.malformedFrame`.
  package mutating func next() throws(LinkFailure) -> Frame? {
    guard let length = buffer.getInteger(at: buffer.readerIndex, as: UInt32.self) else { return nil }
    guard length > 0 else { throw .malformedFrame("a frame without a kind") }
    guard length - 1 <= UInt32(clamping: maximumPayloadBytes) else {
      throw .oversizedFrame(bytes: Int(length) - 1, limit: maximumPayloadBytes)
    }
    guard let rawKind = buffer.getInteger(at: buffer.readerIndex + 4, as: UInt8.self) else { return nil }
    guard let kind = Frame.Kind(rawValue: rawKind) else { throw .malformedFrame("kind \(rawKind)") }
    guard
      let payload = buffer.getBytes(
        at: buffer.readerIndex + Frame.headerBytes, length: Int(length) - 1)
    else { return nil }
    buffer.moveReaderIndex(forwardBy: Frame.headerBytes + payload.count)
    return Frame(kind: kind, payload: payload)
  }
}
