import NIOCore
package import Raft

/// The first frame in each direction of a connection: who speaks, and which versions of the protocol.
///
/// Its payload, numbers in network order: the magic, the lowest and the highest protocol version (16 bits
/// each), the node (64 bits), the incarnation (16 bytes), the cluster and the software's version (each a
/// length byte and ASCII). Bytes after that are ignored: a later version may append to a hello, and an older
/// manager must still be able to read it.
package struct Hello: Hashable, Sendable {
  /// The protocol versions that the sender speaks.
  package var versions: ClosedRange<UInt16>
  package var node: NodeID
  package var incarnation: Incarnation
  package var cluster: String
  package var software: String

  /// The versions that this program speaks.
  package static let spokenVersions: ClosedRange<UInt16> = 1...1

  private static let magic = Array("tercet/p".utf8)

  /// The highest version that both speak, or nil.
  package static func common(_ left: ClosedRange<UInt16>, _ right: ClosedRange<UInt16>) -> UInt16? {
    let highest = min(left.upperBound, right.upperBound)
    return highest >= max(left.lowerBound, right.lowerBound) ? highest : nil
  }

  /// The frame's payload.
  package func encoded() -> [UInt8] {
    var buffer = ByteBuffer(bytes: Self.magic)
    buffer.writeInteger(versions.lowerBound)
    buffer.writeInteger(versions.upperBound)
    buffer.writeInteger(node.rawValue)
    buffer.writeBytes(incarnation.bytes)
    for text in [cluster, software] {
      let ascii = Array(Self.printable(text, limit: Int(UInt8.max)).utf8)
      buffer.writeInteger(UInt8(ascii.count))
      buffer.writeBytes(ascii)
    }
    return Array(buffer.readableBytesView)
  }

  /// Reads a payload.
  ///
  /// - Throws: `LinkFailure.malformedHello`; `.noCommonVersion` before anything behind the versions is looked
  ///   at, because another version may lay it out in another way.
  package init(decoding payload: [UInt8]) throws(LinkFailure) {
    var buffer = ByteBuffer(bytes: payload)
    guard buffer.readBytes(length: Self.magic.count) == Self.magic else {
      throw .malformedHello("it does not begin with Tercet's magic")
    }
    guard let lowest = buffer.readInteger(as: UInt16.self),
      let highest = buffer.readInteger(as: UInt16.self), lowest <= highest
    else { throw .malformedHello("its range of versions") }
    guard Self.common(lowest...highest, Self.spokenVersions) != nil else {
      throw .noCommonVersion(theirs: lowest...highest, ours: Self.spokenVersions)
    }
    versions = lowest...highest
    guard let node = buffer.readInteger(as: UInt64.self) else { throw .malformedHello("its node") }
    self.node = NodeID(node)
    guard let bytes = buffer.readBytes(length: Incarnation.byteCount),
      let incarnation = Incarnation(bytes: bytes)
    else { throw .malformedHello("its incarnation") }
    self.incarnation = incarnation
    cluster = try Self.readText(from: &buffer, what: "its cluster")
    software = try Self.readText(from: &buffer, what: "its software version")
  }

  package init(
    versions: ClosedRange<UInt16> = spokenVersions, node: NodeID, incarnation: Incarnation, cluster: String,
    software: String
  ) {
    self.versions = versions
    self.node = node
    self.incarnation = incarnation
    self.cluster = cluster
    self.software = software
  }

  private static func readText(
    from buffer: inout ByteBuffer, what: String
  ) throws(LinkFailure) -> String {
    guard let count = buffer.readInteger(as: UInt8.self), let text = buffer.readString(length: Int(count)),
      printable(text, limit: Int(UInt8.max)) == text
    else { throw .malformedHello(what) }
    return text
  }

  /// Text from afar ends in logs: only printable ASCII, so that it cannot forge a line.
  package static func printable(_ text: String, limit: Int) -> String {
    String(
      decoding: text.utf8.lazy.prefix(limit).map { (0x20...0x7e).contains($0) ? $0 : UInt8(ascii: "?") },
      as: UTF8.self)
  }
}
