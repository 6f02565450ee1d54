import Foundation
import NIOCore
import NIOFoundationCompat

/// How documents are written and read, alike in all servers and in the client.
public enum JSON {
  /// One line; keys are sorted, so that equal documents are equal bytes.
  public static func text(_ document: some Encodable) -> String {
    String(decoding: data(document), as: UTF8.self)
  }

  /// With line breaks, for people.
  public static func prettyText(_ document: some Encodable) -> String {
    let encoder = encoder()
    encoder.outputFormatting.insert(.prettyPrinted)
    return String(decoding: encoded(document, by: encoder), as: UTF8.self)
  }

  static func data(_ document: some Encodable) -> Data { encoded(document, by: encoder()) }

  static func decode<Document: Decodable>(_ type: Document.Type, from data: Data) throws -> Document {
    try JSONDecoder().decode(type, from: data)
  }

  static func decode<Document: Decodable>(_ type: Document.Type, from bytes: ByteBuffer) throws -> Document {
    try JSONDecoder().decode(type, from: bytes)
  }

  private static func encoder() -> JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return encoder
  }

  private static func encoded(_ document: some Encodable, by encoder: JSONEncoder) -> Data {
    do {
      return try encoder.encode(document)
    } catch {
      // Documents hold strings, whole numbers, and lists of them: nothing that JSON lacks.
      preconditionFailure("a document could not be encoded: \(error)")
    }
  }
}
