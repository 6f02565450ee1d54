/// Reads a record's fields one after the other. It never traps on foreign bytes: whatever does not fit is a
/// `WireError`.
///
///     while let field = try reader.next() {
///       switch field {
///       case 1: name = try reader.string()
///       case 2: replicas = try reader.int()
///       default: throw reader.unknown(field)
///       }
///     }
public struct WireReader: Sendable {
  private let bytes: ArraySlice<UInt8>
  private var position: Int
  private var pending: (number: Int, type: WireType)?

  public init(_ bytes: [UInt8]) {
    self.init(bytes[...])
  }

  public init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    self.position = bytes.startIndex
  }

  /// Whether all bytes are read.
  public var isAtEnd: Bool { position == bytes.endIndex }

  /// The number of the next field, or nil at the record's end. The field's value must be read next.
  public mutating func next() throws(WireError) -> Int? {
    guard !isAtEnd else { return nil }
    let tag = try varint()
    guard let type = WireType(rawValue: UInt8(tag & 7)), tag >> 3 > 0, tag >> 3 < 1 << 29 else {
      throw .malformed("tag \(tag)")
    }
    pending = (Int(tag >> 3), type)
    return Int(tag >> 3)
  }

  public mutating func uint() throws(WireError) -> UInt64 {
    try expect(.varint)
    return try varint()
  }

  public mutating func int64() throws(WireError) -> Int64 {
    let raw = try uint()
    return Int64(bitPattern: (raw >> 1) ^ (~(raw & 1) &+ 1))
  }

  public mutating func int() throws(WireError) -> Int {
    let value = try int64()
    guard let value = Int(exactly: value) else { throw .malformed("number \(value) is out of range") }
    return value
  }

  public mutating func bool() throws(WireError) -> Bool {
    switch try uint() {
    case 0: return false
    case 1: return true
    case let other: throw .malformed("truth value \(other)")
    }
  }

  public mutating func data() throws(WireError) -> [UInt8] {
    Array(try delimited())
  }

  public mutating func string() throws(WireError) -> String {
    let raw = try delimited()
    guard let text = String(validating: raw, as: UTF8.self) else { throw .malformed("text is not UTF-8") }
    return text
  }

  @inlinable
  public mutating func record<Value: WireDecodable>(
    _ type: Value.Type = Value.self
  ) throws(WireError) -> Value {
    var inner = WireReader(try delimited())
    return try Value(from: &inner)
  }

  /// The fields of a record inside this one, to be read in place.
  public mutating func nested() throws(WireError) -> WireReader {
    WireReader(try delimited())
  }

  public mutating func packed() throws(WireError) -> [UInt64] {
    var inner = WireReader(try delimited())
    var values: [UInt64] = []
    while !inner.isAtEnd { values.append(try inner.varint()) }
    return values
  }

  /// One of a plain enumeration's cases, by its raw value.
  @inlinable
  public mutating func enumeration<Value: RawRepresentable<UInt64>>(
    _ type: Value.Type = Value.self
  ) throws(WireError) -> Value {
    let raw = try uint()
    guard let value = Value(rawValue: raw) else { throw .unknownKind(raw) }
    return value
  }

  /// Texts that `WireWriter.optional` wrote.
  public mutating func texts() throws(WireError) -> [String] {
    var inner = try nested()
    var values: [String] = []
    while let field = try inner.next() {
      switch field {
      case 1: values.append(try inner.string())
      default: throw inner.unknown(field)
      }
    }
    return values
  }

  /// Passes over a field that this program does not know, where that does no harm: in what is not kept.
  public mutating func skip() throws(WireError) {
    switch pending?.type {
    case .varint: _ = try uint()
    case .delimited: _ = try delimited()
    case nil: throw .malformed("value without a tag")
    }
  }

  /// The error for a field that this program does not know.
  public func unknown(_ number: Int) -> WireError { .unknownField(number) }

  /// A bare varint, without a tag.
  public mutating func varint() throws(WireError) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while position < bytes.endIndex {
      let byte = bytes[position]
      position += 1
      guard shift < 63 || (shift == 63 && byte <= 1) else { throw .malformed("varint over 64 bits") }
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    throw .truncated
  }

  private mutating func expect(_ type: WireType) throws(WireError) {
    guard let field = pending else { throw .malformed("value without a tag") }
    guard field.type == type else { throw .malformed("field \(field.number) has another type") }
    pending = nil
  }

  @usableFromInline
  mutating func delimited() throws(WireError) -> ArraySlice<UInt8> {
    try expect(.delimited)
    let count = try varint()
    guard count <= UInt64(bytes.endIndex - position) else { throw .truncated }
    defer { position += Int(count) }
    return bytes[position..<position + Int(count)]
  }
}

// MARK: Enumerations whose cases carry something

/// Such an enumeration is a record with one field: its number is the case, its value what the case carries.
///
///     switch try reader.kind(of: "a service's mode") {
///     case 1: self = .replicated(try reader.int())
///     case 2: self = try reader.bare(.global)
///     case let other: throw reader.unknownKind(other)
///     }
///     try reader.end()
extension WireReader {
  /// The number of the record's one field.
  public mutating func kind(of what: StaticString) throws(WireError) -> Int {
    guard let kind = try next() else { throw .malformed("\(what) is missing") }
    return kind
  }

  /// A case that carries nothing: its field is an empty record.
  @inlinable
  public mutating func bare<Value>(_ value: Value) throws(WireError) -> Value {
    var inner = try nested()
    if let field = try inner.next() { throw .unknownField(field) }
    return value
  }

  /// The error for a case that this program does not know.
  public func unknownKind(_ number: Int) -> WireError { .unknownKind(UInt64(number)) }

  /// Makes sure that nothing follows.
  public func end() throws(WireError) {
    guard isAtEnd else { throw .malformed("two kinds where one belongs") }
  }
}

/// Why bytes could not be read.
public enum WireError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The bytes end inside a field.
  case truncated
  /// The bytes break the format's rules.
  case malformed(String)
  /// A field that this program's version does not know: the writer is newer.
  case unknownField(Int)
  /// A kind (of an intent, a message, an enumeration) that this program's version does not know.
  case unknownKind(UInt64)
  /// A format version that this program does not know: the writer is newer.
  case unsupportedVersion(UInt64)

  public var description: String {
    switch self {
    case .truncated: "the record is cut off"
    case .malformed(let what): "the record is malformed: \(what)"
    case .unknownField(let number):
      "the record has a field \(number) that this version does not know; upgrade this manager"
    case .unknownKind(let kind):
      "the record has a kind \(kind) that this version does not know; upgrade this manager"
    case .unsupportedVersion(let version):
      "the record has the format version \(version), which this version cannot read; upgrade this manager"
    }
  }
}
