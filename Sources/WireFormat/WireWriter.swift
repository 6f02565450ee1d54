/// WireFormat: the one encoding of everything that outlives a process or leaves it — log entries,
/// snapshots, messages between managers.
///
/// The bytes follow the rules of protobuf's wire format
/// (<https://protobuf.dev/programming-guides/encoding/>): a record is a sequence of fields, each a tag
/// (`number << 3 | type`) and a value that is a varint or length-delimited. A field that has its default
/// value (0, false, empty) is not written. So a record grows by new field numbers, any protobuf tool can
/// look into it, and equal values give equal bytes. Only two wire types are used: 0 (varint) and
/// 2 (length-delimited).
///
/// It is hand-written because the pure core may import nothing but the standard library, and
/// swift-protobuf imports Foundation.
public struct WireWriter: Sendable {
  /// What has been written so far.
  public private(set) var bytes: [UInt8] = []

  public init(reserving capacity: Int = 0) {
    bytes.reserveCapacity(capacity)
  }

  /// A bare varint, without a tag: 1 to 10 bytes, least significant group first.
  public mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  /// An unsigned number; 0 is not written.
  public mutating func field(_ number: Int, _ value: UInt64) {
    guard value != 0 else { return }
    tag(number, .varint)
    varint(value)
  }

  /// A signed number in zigzag form; 0 is not written.
  public mutating func field(_ number: Int, _ value: Int64) {
    field(number, UInt64(bitPattern: (value << 1) ^ (value >> 63)))
  }

  /// A signed number in zigzag form; 0 is not written.
  public mutating func field(_ number: Int, _ value: Int) {
    field(number, Int64(value))
  }

  /// A truth value; `false` is not written.
  public mutating func field(_ number: Int, _ value: Bool) {
    field(number, value ? 1 as UInt64 : 0)
  }

  /// A text in UTF-8; the empty text is not written.
  public mutating func field(_ number: Int, _ value: String) {
    if !value.isEmpty { present(number, value) }
  }

  /// Bytes; none are not written.
  public mutating func field(_ number: Int, _ value: [UInt8]) {
    guard !value.isEmpty else { return }
    tag(number, .delimited)
    varint(UInt64(value.count))
    bytes.append(contentsOf: value)
  }

  /// One of a plain enumeration's cases, by its raw value; 0 is not written.
  @inlinable
  public mutating func field(_ number: Int, _ value: some RawRepresentable<UInt64>) {
    field(number, value.rawValue)
  }

  /// A record inside this one. It is written even when all its fields have their defaults, so that
  /// presence can be told from absence.
  @inlinable
  public mutating func field(_ number: Int, _ value: some WireEncodable) {
    record(number) { value.encode(into: &$0) }
  }

  /// A record that may be absent.
  @inlinable
  public mutating func field(_ number: Int, _ value: (some WireEncodable)?) {
    if let value { field(number, value) }
  }

  /// A record written in place: `body` writes its fields, and nothing but fields.
  ///
  /// The length stands before the fields but is known only after them: one byte is kept free for it, and
  /// longer records are moved to make room. So no record needs a buffer of its own.
  @inlinable
  public mutating func record(_ number: Int, _ body: (inout WireWriter) -> Void) {
    let start = beginRecord(number)
    body(&self)
    setLength(ofRecordAt: start)
  }

  /// Records, one field each, in order.
  @inlinable
  public mutating func repeated(_ number: Int, _ values: some Sequence<some WireEncodable>) {
    for value in values { field(number, value) }
  }

  /// Texts, one field each, in order; empty texts are kept.
  @inlinable
  public mutating func repeated(_ number: Int, _ values: some Sequence<String>) {
    for value in values { present(number, value) }
  }

  /// Numbers, packed into one field; an empty list is not written.
  @inlinable
  public mutating func packed(_ number: Int, _ values: some Collection<UInt64>) {
    guard !values.isEmpty else { return }
    record(number) { inner in
      for value in values { inner.varint(value) }
    }
  }

  /// Returns where the record's fields begin.
  @usableFromInline
  mutating func beginRecord(_ number: Int) -> Int {
    tag(number, .delimited)
    bytes.append(0)
    return bytes.count
  }

  @usableFromInline
  mutating func setLength(ofRecordAt start: Int) {
    var length = UInt64(bytes.count - start)
    let width = max(1, (UInt64.bitWidth - length.leadingZeroBitCount + 6) / 7)
    if width > 1 { bytes.insert(contentsOf: repeatElement(0x80, count: width - 1), at: start) }
    for position in start - 1..<start + width - 2 {
      bytes[position] = UInt8(truncatingIfNeeded: length) | 0x80
      length >>= 7
    }
    bytes[start + width - 2] = UInt8(truncatingIfNeeded: length)
  }

  private mutating func tag(_ number: Int, _ type: WireType) {
    precondition(number > 0, "a field's number is positive")
    varint(UInt64(number) << 3 | UInt64(type.rawValue))
  }
}

// MARK: Fields whose presence says something

extension WireWriter {
  /// A number that is written even when it is 0.
  public mutating func present(_ number: Int, _ value: UInt64) {
    tag(number, .varint)
    varint(value)
  }

  /// A signed number in zigzag form that is written even when it is 0.
  public mutating func present(_ number: Int, _ value: Int64) {
    present(number, UInt64(bitPattern: (value << 1) ^ (value >> 63)))
  }

  /// A signed number in zigzag form that is written even when it is 0.
  public mutating func present(_ number: Int, _ value: Int) {
    present(number, Int64(value))
  }

  /// A text that is written even when it is empty.
  public mutating func present(_ number: Int, _ value: String) {
    tag(number, .delimited)
    varint(UInt64(value.utf8.count))
    bytes.append(contentsOf: value.utf8)
  }

  /// An empty record: a case of an enumeration that carries nothing (yet).
  public mutating func bare(_ number: Int) {
    tag(number, .delimited)
    varint(0)
  }

  /// A number that may be absent: nil is not written, 0 is.
  public mutating func optional(_ number: Int, _ value: UInt64?) {
    if let value { present(number, value) }
  }

  /// A signed number that may be absent: nil is not written, 0 is.
  public mutating func optional(_ number: Int, _ value: Int64?) {
    if let value { present(number, value) }
  }

  /// A truth value that may be absent: nil is not written, `false` is.
  public mutating func optional(_ number: Int, _ value: Bool?) {
    if let value { present(number, value ? 1 as UInt64 : 0) }
  }

  /// A text that may be absent: nil is not written, the empty text is.
  public mutating func optional(_ number: Int, _ value: String?) {
    if let value { present(number, value) }
  }

  /// Texts that may be absent: nil is not written, an empty list is. Read with `WireReader.texts()`.
  public mutating func optional(_ number: Int, _ values: [String]?) {
    if let values { record(number) { $0.repeated(1, values) } }
  }
}

/// How a field's value is laid out.
enum WireType: UInt8 {
  case varint = 0
  case delimited = 2
}

/// A value that writes itself as a record's fields.
public protocol WireEncodable {
  func encode(into writer: inout WireWriter)
}

/// A value that reads itself from a record's fields.
public protocol WireDecodable {
  /// Reads all fields of `reader`; throws on a field it does not know, so that an old program refuses
  /// what it cannot understand rather than guess. What is not kept, such as a report, may pass over it (`skip`).
  init(from reader: inout WireReader) throws(WireError)
}

public typealias WireCodable = WireEncodable & WireDecodable

extension WireEncodable {
  /// The value as the bytes of one record.
  @inlinable
  public func encoded() -> [UInt8] {
    var writer = WireWriter()
    encode(into: &writer)
    return writer.bytes
  }
}

extension WireDecodable {
  /// Reads a value from the bytes of one record.
  @inlinable
  public init(decoding bytes: [UInt8]) throws(WireError) {
    var reader = WireReader(bytes)
    try self.init(from: &reader)
  }
}
